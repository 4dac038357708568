"""Decoding of a `.nerv` file to a video, at the times of its own frames or at others."""

import logging
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from nervcodec.bitstream.container import Stream, open_stream
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.decoding.options import DecodeOptions
from nervcodec.codec.device import choose_device, describe_device
from nervcodec.codec.stream.file import stream_file
from nervcodec.errors import RequestError
from nervcodec.events import FramesDone, Observer, ignore
from nervcodec.timeline import Clock, Playback
from nervcodec.video.attachments import cut_attachments, kinds_of
from nervcodec.video.background import in_background
from nervcodec.video.muxing import Sink
from nervcodec.video.tracks import KINDS
from nervcodec.video.writer import check_output, holds_attachments, write_frames

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class DecodeReport:
    """Report on a video that `decode` wrote."""

    frames: int
    seconds: float
    conformant: bool
    """Whether the decode conforms to docs/bitstream.md; a `fast` one never does."""
    filter_skipped: bool
    """Whether the file asks for the temporal filter, and frames were written without it."""


def decode(
    path: str,
    target: str,
    options: DecodeOptions = DecodeOptions(),  # noqa: B008
    *,
    overwrite: bool = False,
    observe: Observer = ignore,
) -> DecodeReport:
    """Write the frames of the `.nerv` file at `path` to `target` (see `write_frames`).

    Raises VideoError for an unreadable file, BitstreamError for a damaged one, OutputError and RequestError for a
    target that cannot be written, RequestError for more layers than the file has, and the errors of
    `Playback.numbers` and `Composite.fill`.
    """
    started = monotonic()
    if options.composite and Path(options.composite.source).resolve() == Path(target).resolve():
        raise RequestError(f"{target} would be written over the video itself")
    check_output(target, overwrite=overwrite)
    device = choose_device(options.device)
    with stream_file(path) as data:
        stream = open_stream(data, options.layers)
        header = stream.header
        playback = options.playback.of_file(header.playback)
        schedule = playback.schedule(header.times, header.video.frame_rate, header.clock)
        numbers = playback.numbers(schedule)
        LOG.info("%s: version %d, layers: %d, segments: %s", path, stream.version, len(stream.layers), header.segments)
        place, count = describe_device(device), len(schedule.moments)
        LOG.info("frames %d to %d of %d on %s", numbers.start, numbers.stop - 1, count, place)
        video, total = replace(header.video, frame_rate=schedule.frame_rate), len(numbers)
        frames = frames_at(stream, schedule.moments, options.between, numbers, device=options.device, fast=options.fast)
        if options.composite:
            all_times = Playback(all_times=True).schedule(header.times, header.video.frame_rate, header.clock)
            if schedule.moments != all_times.moments:
                raise RequestError("pixels are filled at the times of the video that was encoded only")
            frames = options.composite.fill(frames, numbers, header)
        kinds = kinds_of(audio=options.audio == "copy", subtitles=options.subtitles == "copy")
        attached = _attached(stream, schedule.clock, numbers, kinds) if holds_attachments(target) else b""
        clock = schedule.clock.cut(numbers.start, numbers.stop)
        with write_frames(target, video, clock, attached) as sink, _in_background(sink, target) as take:
            for done, frame in enumerate(frames, 1):
                take(frame.permute(1, 2, 0).numpy())
                observe(FramesDone(stage="decode", frames=done, total=total))
    return DecodeReport(
        frames=total,
        seconds=monotonic() - started,
        conformant=not options.fast,
        filter_skipped=options.fast and any(map(any, header.filters)),
    )


def _in_background(sink: Sink, target: str) -> AbstractContextManager[Sink]:
    """A sink that writes in the background; a pipe is written directly, because its reader may stop reading."""
    return nullcontext(sink) if target == "-" else in_background(sink)


def _attached(stream: Stream, clock: Clock, numbers: range, kinds: Collection[str]) -> bytes:
    """The attachments of some kinds, cut to the time in which a clock shows the frames with some numbers."""
    (data,) = stream.attachments or (b"",)
    if not data or (len(numbers) == len(clock.ticks) and len(kinds) == len(KINDS)):
        return data
    ends = (*clock.ticks, clock.end)
    stop = None if numbers.stop == len(clock.ticks) else ends[numbers.stop] * clock.time_base
    return cut_attachments(data, ends[numbers.start] * clock.time_base, stop, kinds)
