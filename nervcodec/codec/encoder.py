"""From a video to a `.nerv` file, measured through the decoder: segment by segment, each taken up where it was left."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import torch

from nervcodec.bitstream.container import Stream, layer_ends, write_stream
from nervcodec.codec.assembly import plan_header
from nervcodec.codec.clip import Footage, load_footage
from nervcodec.codec.device import choose_device, describe_device
from nervcodec.codec.forecast import check_disk, plan_segments
from nervcodec.codec.job import SPOOLED, Job, begin_job, identify, open_folder, resume_job
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.part import fit_part
from nervcodec.codec.report import EncodeReport, joined
from nervcodec.codec.segments import Segment, join
from nervcodec.codec.survey import survey
from nervcodec.codec.targets import check_room, miss, reached
from nervcodec.codec.work import Work
from nervcodec.errors import RequestError, TargetMissed, VideoError
from nervcodec.events import Observer, Resumed, SegmentStarted, ignore
from nervcodec.files import check_target, replacing
from nervcodec.video.attachments import read_attachments
from nervcodec.video.spool import spool
from nervcodec.video.view import View

LOG = logging.getLogger(__name__)


def encode(
    source: str,
    output: str,
    options: EncodeOptions = EncodeOptions(),  # noqa: B008
    *,
    overwrite: bool = False,
    fresh: bool = False,
    observe: Observer = ignore,
) -> EncodeReport:
    """Fit networks to the video at `source` (see `read_frames`) and write the file `output`.

    What is known on the way is kept in a folder beside the output, `output` with `.job` after it. The same call goes
    on from there after an interruption, and gives the same bytes on a CPU; with `fresh` it starts over.

    Raises RequestError, VideoError, ResourceError, FitError or OutputError; `output` is then as it was. Raises
    TargetMissed when the file is written, but not as it was asked for.
    """
    started = monotonic()
    if Path(source).exists() and Path(output).resolve() == Path(source).resolve():
        raise RequestError(f"{output} would be written over the video itself")
    check_target(Path(output), overwrite=overwrite)
    device = choose_device(options.device)
    LOG.info("fits on %s", describe_device(device))
    with open_folder(output, fresh=fresh) as folder:
        file, digest = (source, None) if source != "-" else _spooled(folder, options.view)
        job = _job(folder, file, identify(source, options, digest), options, device, observe)
        run = _Run(job, file, options, device, observe)
        for index in range(len(job.segments)):
            run.fit(index)
        data, report = run.finish()
        with replacing(Path(output)) as path:
            path.write_bytes(data)
    if options.target and abs(miss(options.target, report)) > 1:
        kind, value = options.target.kind, reached(options.target, report)
        raise TargetMissed(f"{output} is written, but with {kind} {value:.6g}, not {options.target.value:.6g}")
    return replace(report, seconds=monotonic() - started)


def _spooled(folder: Path, view: View) -> tuple[str, str]:
    """A file of what comes on standard input, which is read more than once, and its digest."""
    path = folder / SPOOLED
    return str(path), spool(path, view.stop)


def _job(
    folder: Path,
    source: str,
    identity: Mapping[str, Any],
    options: EncodeOptions,
    device: torch.device,
    observe: Observer,
) -> Job:
    """What was begun before, or a new one."""
    job = resume_job(folder, identity)
    if job is not None:
        return job
    found = survey(source, options.view, observe)
    plan_header(found.video, found.frames, clock=found.clock)
    segments = plan_segments(found, options, device)
    attached = b""
    if options.audio == "copy":
        first = options.view.first
        attached = read_attachments(source, found.index, first, first + found.frames)
    check_room(options.target, len(attached))
    check_disk(str(folder), found, segments, options, len(attached))
    return begin_job(folder, identity, found, segments, attached)


class _Run:
    """A job that is worked on."""

    def __init__(self, job: Job, source: str, options: EncodeOptions, device: torch.device, observe: Observer) -> None:
        self.job, self.source, self.options = job, source, options
        self.device, self.observe = device, observe
        done = [segment.frames for index, segment in enumerate(job.segments) if job.load_part(index)]
        if done:
            observe(Resumed(len(done), len(job.segments), sum(done), job.survey.frames))

    def fit(self, index: int) -> None:
        """Make the part of a segment, unless it is there."""
        job, segment = self.job, self.job.segments[index]
        if job.load_part(index):
            return
        self.observe(SegmentStarted(index + 1, len(job.segments), segment.start, segment.frames, job.survey.frames))
        started, limit, share = monotonic(), self.options.time_limit, segment.frames / job.survey.frames
        work = Work(
            self._footage(segment),
            self._options(segment),
            self.device,
            self.observe,
            None if limit is None else started + limit * share,
            self._chain(index),
            job.scratch(index),
        )
        job.save_part(index, *fit_part(work))

    def finish(self) -> tuple[bytes, EncodeReport]:
        """The file, and its report."""
        parts = [part for index in range(len(self.job.segments)) if (part := self.job.load_part(index))]
        joint, found, attachments = join([part.stream for part in parts]), self.job.survey, self.job.attachments()
        header = replace(joint.header, video=found.video, clock=found.clock)
        data = write_stream(replace(joint, header=header, attachments=attachments))
        pixels = found.video.width * found.video.height
        return data, joined([part.report for part in parts], layer_ends(data), sum(map(len, attachments)), pixels)

    def _footage(self, segment: Segment) -> Footage:
        found = self.job.survey
        view = replace(_part_of(self.options.view, segment), depth=found.video.depth)
        footage = load_footage(self.source, view, self.options.mask, self.observe, found.index)
        if len(footage.clip) != segment.frames:
            raise VideoError(f"{self.source}: frames {view.first} to {view.stop} are gone")
        clock = found.clock and found.clock.part(segment.start, segment.stop)
        return replace(footage, video=found.video, clock=clock)

    def _options(self, segment: Segment) -> EncodeOptions:
        """Those of a segment, whose size is its share of the file's."""
        target, options = self.options.target, self.options
        if target and target.kind == "bytes":
            share = segment.frames / self.job.survey.frames
            room = target.value - sum(map(len, self.job.attachments()))
            return replace(options, target=replace(target, value=room * share))
        return options

    def _chain(self, index: int) -> tuple[Stream, ...]:
        """The segments before that a segment is decoded with."""
        chain: list[Stream] = []
        while self.job.segments[index].follows:
            index -= 1
            part = self.job.load_part(index)
            assert part is not None
            chain.insert(0, part.stream)
            if not any(chunk.follows for layer in part.stream.layers for chunk in layer.chunks):
                break
        return tuple(chain)


def _part_of(view: View, segment: Segment) -> View:
    """The view of a segment of what a view shows."""
    return replace(view, first=view.first + segment.start, stop=view.first + segment.stop)
