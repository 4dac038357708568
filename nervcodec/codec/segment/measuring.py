"""Measures decoded frames of a file against the video that it was made from."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.format import Header
from nervcodec.codec.choices import DeviceName
from nervcodec.codec.decoding.between import corrected_frames, frames_at
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.decoding.groups import Correct
from nervcodec.codec.segment.footage import Footage
from nervcodec.codec.segment.scratch import Notes
from nervcodec.events import FramesDone, Observer, ignore
from nervcodec.metrics.quality import QualityMeter
from nervcodec.timeline import Playback


def measure_at(
    stream: Stream, footage: Footage, positions: Sequence[int], device: DeviceName, observe: Observer = ignore
) -> QualityMeter:
    """Compare frames at some positions of a stream's last segment with its footage, except for missing pixels.

    footage: all frames of the video in that segment.
    """
    meter = QualityMeter(footage.video)
    for _, frame, original in _compared(stream, footage, positions, device, observe):
        meter.add(frame, original.clip, original.masks)
    return meter


def measure_shown(
    stream: Stream,
    footage: Footage,
    held: Collection[int],
    device: DeviceName,
    observe: Observer = ignore,
    correct: Correct | None = None,
) -> tuple[QualityMeter, QualityMeter]:
    """Compare all frames of a stream's last segment with its footage, except for missing pixels: those at the positions
    that the file holds, and the others, which are corrected as the stream or `correct` says.
    """
    meters = QualityMeter(footage.video), QualityMeter(footage.video)
    for position, frame, original in _compared(stream, footage, range(len(footage.clip)), device, observe, correct):
        meters[position not in held].add(frame, original.clip, original.masks)
    return meters


def _compared(
    stream: Stream,
    footage: Footage,
    positions: Sequence[int],
    device: DeviceName,
    observe: Observer,
    correct: Correct | None = None,
) -> Iterator[tuple[int, Tensor, Footage]]:
    """Positions in footage, frames `[1, C, H, W]` of a stream's last segment there, and the footage of each."""
    header = _timed(stream.header, footage)
    schedule = Playback(all_times=True).schedule(header.times, header.video.frame_rate, header.clock)
    moments = schedule.moments[-len(footage.clip) :]
    timed, shown = replace(stream, header=header), [moments[position] for position in positions]
    frames = (
        corrected_frames(timed, shown, correct, device=device) if correct else frames_at(timed, shown, device=device)
    )
    for done, (position, frame) in enumerate(zip(positions, frames, strict=True), 1):
        yield position, frame[None], footage.at([position])
        observe(FramesDone(stage="measure", frames=done, total=len(positions)))


def _timed(header: Header, footage: Footage) -> Header:
    """A header with the clock of the footage of its last segment; frames before are a tick apart."""
    if footage.clock is None:
        return header
    before = header.times.length - len(footage.clip)
    return replace(header, clock=replace(footage.clock, ticks=(*range(-before, 0), *footage.clock.ticks)))


def measure(
    stream: Stream,
    footage: Footage,
    device: DeviceName,
    observe: Observer = ignore,
    notes: Notes | None = None,
    decoded: Tensor | None = None,
) -> QualityMeter:
    """Decode a stream's last segment and compare it with its footage, except for missing pixels.

    With `notes`, measuring continues after the frames that are noted there. If `decoded`, a tensor like the clip, is
    given, all frames are decoded into it.
    """
    clip, masks = footage.clip, footage.masks
    known = notes.load() if notes and decoded is None else {}
    meter, done, end = QualityMeter.from_json(footage.video, known), known.get("frames", 0), stream.header.frames
    for batch in decode_frames(stream, range(end - len(clip) + done, end), device=device):
        rows = slice(done, done + len(batch))
        meter.add(batch, clip[rows], None if masks is None else masks[rows])
        if decoded is not None:
            decoded[rows] = batch
        done += len(batch)
        if notes:
            notes.save(partial(_record, meter, done), now=done == len(clip))
        observe(FramesDone(stage="measure", frames=done, total=len(clip)))
    return meter


def _record(meter: QualityMeter, done: int) -> dict[str, Any]:
    """The record for notes after a number of frames were measured."""
    return {"frames": done, **meter.to_json()}
