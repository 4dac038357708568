"""Fits the segments of a job and saves them as parts."""

from dataclasses import replace
from time import monotonic

from nervcodec.bitstream.container import Stream
from nervcodec.codec.device import choose_device, using_threads
from nervcodec.codec.job.cutting import Segment, busiest
from nervcodec.codec.job.folder import Job
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.fit_segment import fit_segment
from nervcodec.codec.segment.footage import Footage, load_footage
from nervcodec.codec.segment.task import SegmentTask
from nervcodec.errors import VideoError
from nervcodec.events import Observer, SegmentStarted
from nervcodec.video.view import View, as_stored


class SegmentFitter:
    """Fits the segments of a job."""

    def __init__(self, job: Job, observe: Observer) -> None:
        self.job, self.observe = job, observe
        self.options, self.device = job.manifest.options, choose_device(job.manifest.options.device)

    def fit(self, index: int) -> None:
        """Fit a segment and save its part, unless the segment is done.

        Raises RequestError, VideoError, ResourceError, FitError or OutputError.
        """
        job, segment = self.job, self.job.segments[index]
        if job.has_part(index):
            return
        self.observe(SegmentStarted(index + 1, len(job.segments), segment.start, segment.frames, job.survey.frames))
        started, limit = monotonic(), self.options.time_limit
        share = segment.frames / busiest(job.chains, self.options.workers)
        task = SegmentTask(
            self._footage(segment),
            self._options(segment),
            self.device,
            self.observe,
            None if limit is None else started + limit * share,
            self._chain(index),
            job.scratch(index),
        )
        assert self.options.threads is not None
        with using_threads(self.options.threads):
            job.save_part(index, *fit_segment(task))

    def _footage(self, segment: Segment) -> Footage:
        source, found = self.job.manifest.source, self.job.survey
        view = as_stored(_view_of(self.options.view, segment), found.video)
        footage = load_footage(source, view, self.options.mask, self.observe, found.index)
        if len(footage.clip) != segment.frames:
            raise VideoError(f"{source}: frames {view.first} to {view.stop} are gone")
        clock = found.clock and found.clock.cut(segment.start, segment.stop)
        cuts = tuple(cut - segment.start for cut in found.cuts if segment.start < cut < segment.stop)
        return replace(footage, video=found.video, clock=clock, known_cuts=cuts)

    def _options(self, segment: Segment) -> EncodeOptions:
        """Options of a segment, whose target in bytes is its share of the file's target."""
        target, options = self.options.target, self.options
        if target and target.kind == "bytes":
            share = segment.frames / self.job.survey.frames
            room = target.value - sum(map(len, self.job.attachments()))
            return replace(options, target=replace(target, value=room * share))
        return options

    def _chain(self, index: int) -> tuple[Stream, ...]:
        """Streams of the segments before a segment that are needed to decode it."""
        chain: list[Stream] = []
        while self.job.segments[index].follows:
            index -= 1
            part = self.job.part(index)
            chain.insert(0, part.stream)
            if not any(chunk.follows for layer in part.stream.layers for chunk in layer.chunks):
                break
        return tuple(chain)


def _view_of(view: View, segment: Segment) -> View:
    """The view of a segment within the view of the whole video."""
    return replace(view, first=view.first + segment.start, stop=view.first + segment.stop)
