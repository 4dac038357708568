"""A clip in memory: read from a video, and compared with what a file decodes to."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.format import Header
from nervcodec.codec.between import frames_at
from nervcodec.codec.decoder import decode_frames
from nervcodec.codec.device import DeviceName
from nervcodec.codec.scratch import Notes
from nervcodec.errors import VideoError
from nervcodec.events import FramesDone, Observer, ignore
from nervcodec.fill import fill
from nervcodec.memory import check_memory
from nervcodec.metrics.quality import QualityMeter
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Clock, Moment, Playback, Timeline
from nervcodec.video.index import Index
from nervcodec.video.masks import load_masks
from nervcodec.video.reader import Video, read_frames
from nervcodec.video.view import View

LOG = logging.getLogger(__name__)
FILLED_FRAMES = 4
"""Whose pixels are made at a time."""
FIRST_FRAMES, MOST_FIRST_FRAMES = 64, 1024
"""For which there is room at first where their number is not known, and at most; then it doubles."""
COPIES = 2
"""Of a clip in memory while its frames are put together."""


@dataclass(frozen=True)
class Footage:
    """A video in memory, and which of it may be seen."""

    video: VideoFormat
    clip: Tensor
    """All frames, samples `[T, C, H, W]` in the domain of the video, channels last in memory."""
    masks: Tensor | None
    """Bool, like the clip or of one channel: samples that are missing."""
    clock: Clock | None = None
    """When its frames are shown; None means one after the other."""

    def at(self, positions: Sequence[int]) -> "Footage":
        """Some of its frames, in order."""
        if len(positions) == len(self.clip):
            return self
        masks = None if self.masks is None else self.masks[list(positions)]
        return Footage(self.video, self.clip[list(positions)], masks)

    def seen(self) -> Tensor:
        """The clip with missing pixels made of those around them."""
        if self.masks is None:
            return self.clip
        filled = self.clip.clone()
        for frames, masks in zip(*(torch.split(x, FILLED_FRAMES) for x in (filled, self.masks)), strict=True):
            frames.copy_(fill(frames, masks))
        return filled


def load_footage(
    source: str, view: View, mask: str | None = None, observe: Observer = ignore, index: Index | None = None
) -> Footage:
    """What a view shows of a video (see `read_frames`), and the masks of a rule (see `load_masks`).

    Raises what these do, VideoError for no frame, ResourceError when they are more than the memory holds.
    """
    with read_frames(source, view, index=index) as video:
        clip = _gather(video, observe)
    if not len(clip):
        raise VideoError(f"{source}: no frame lies in the chosen range")
    rate, clock = video.index().timing(view.first, view.first + len(clip))
    width, height = video.format.width, video.format.height
    LOG.info("%s: %d frames of %dx%d, %.6g frames/s", source, len(clip), width, height, float(rate))
    masks = None if mask is None else load_masks(mask, video, len(clip), view)
    return Footage(replace(video.format, frame_rate=rate), clip.permute(0, 3, 1, 2), masks, clock)


def _gather(video: Video, observe: Observer) -> Tensor:
    """All frames of a video, `[T, H, W, C]`, in one piece of memory: many small ones would keep what is freed between
    them from being used again.

    Raises ResourceError when they are more than the memory holds.
    """
    clip, count = torch.empty(0, 1, 1, 1), 0
    for frame in map(torch.from_numpy, video.frames):
        if count == len(clip):
            room = 2 * count or min(video.total or FIRST_FRAMES, MOST_FIRST_FRAMES)
            check_memory(COPIES * room * frame.nbytes, f"a clip of {count + 1} frames or more")
            larger = torch.empty(room, *frame.shape, dtype=frame.dtype)
            larger[:count] = clip[:count]
            clip = larger
        clip[count] = frame
        count += 1
        observe(FramesDone(stage="read", frames=count, total=video.total))
    return clip[:count]


def load_clip(source: str, view: View) -> tuple[VideoFormat, Tensor]:
    """What `load_footage` reads where nothing is missing."""
    footage = load_footage(source, view)
    return footage.video, footage.clip


def measure_at(
    stream: Stream, footage: Footage, positions: Sequence[int], device: DeviceName, observe: Observer = ignore
) -> QualityMeter:
    """Make frames at some positions of a stream's last segment, and compare them where pixels are there.

    footage: the video of that segment.
    """
    meter, moments = QualityMeter(footage.video), _moments(stream.header, footage)
    frames = frames_at(stream, [moments[position] for position in positions], device=device)
    for done, (position, frame) in enumerate(zip(positions, frames, strict=True), 1):
        own = footage.at([position])
        meter.add(frame[None], own.clip, own.masks)
        observe(FramesDone(stage="measure", frames=done, total=len(positions)))
    return meter


def _moments(header: Header, footage: Footage) -> list[Moment]:
    """Where all frames of the last segment's video lie between those of a stream."""
    length = len(footage.clip)
    begin = header.times.length - length
    held = Timeline(tuple(position - begin for position in header.times.positions if position >= begin), length)
    schedule = Playback(all_times=True).schedule(held, header.video.frame_rate, footage.clock)
    before = header.frames - len(held.positions)
    return [replace(moment, frame=before + moment.frame) for moment in schedule.moments]


def measure(
    stream: Stream,
    footage: Footage,
    device: DeviceName,
    observe: Observer = ignore,
    notes: Notes | None = None,
    decoded: Tensor | None = None,
) -> QualityMeter:
    """Decode a stream's last segment and compare with the video that it was made from, where pixels are there.

    With `notes` it goes on after the frames that are noted there. Decoded frames go into `decoded`, a tensor like the
    clip, if it is given; then all are decoded.
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
    """What notes say of so many frames."""
    return {"frames": done, **meter.to_json()}
