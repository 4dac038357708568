"""Footage: frames of a video in memory, with masks of their missing pixels."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor

from nervcodec.codec.device import READING_THREADS, using_threads
from nervcodec.errors import VideoError
from nervcodec.events import FramesDone, Observer, ignore
from nervcodec.fill import fill
from nervcodec.interpolation import SceneFeatures
from nervcodec.memory import check_memory
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Clock
from nervcodec.video.domains import rgb_of
from nervcodec.video.index import Index
from nervcodec.video.masks import load_masks
from nervcodec.video.reader import Video, read_frames
from nervcodec.video.view import View

LOG = logging.getLogger(__name__)
FILLED_FRAMES = 4
"""Number of frames whose missing pixels are filled at a time."""
FIRST_FRAMES, MOST_FIRST_FRAMES = 64, 1024
"""Number of frames for which memory is taken at first: if the length is unknown, and at most; then it doubles."""
COPIES = 2
"""Copies of a clip in memory while its frames are gathered."""


@dataclass(frozen=True)
class Footage:
    """Frames of a video in memory, and masks of their missing samples."""

    video: VideoFormat
    clip: Tensor
    """All frames, samples `[T, C, H, W]` in the domain of the video, channels last in memory."""
    masks: Tensor | None
    """Bool, in the shape of the clip or with one channel: samples that are missing."""
    clock: Clock | None = None
    """Times at which frames are shown; None means evenly at the frame rate of the video."""
    known_cuts: tuple[int, ...] | None = None
    """What `cuts` are where they are known; None means that they are looked for."""

    def at(self, positions: Sequence[int]) -> "Footage":
        """Footage of the frames at some positions, in order."""
        if len(positions) == len(self.clip):
            return self
        masks = None if self.masks is None else self.masks[list(positions)]
        return Footage(self.video, self.clip[list(positions)], masks)

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        """Numbers of the frames with which scenes begin, apart from the first."""
        if self.known_cuts is not None:
            return self.known_cuts
        seen = (SceneFeatures.of(rgb_of(picture, self.video)) for picture in self.clip)
        return tuple(number for number, (before, after) in enumerate(pairwise(seen), 1) if before.is_cut(after))

    def seen(self) -> Tensor:
        """The clip with missing pixels filled from the pixels around them."""
        if self.masks is None:
            return self.clip
        filled = self.clip.clone()
        for frames, masks in zip(*(torch.split(x, FILLED_FRAMES) for x in (filled, self.masks)), strict=True):
            frames.copy_(fill(frames, masks))
        return filled


def load_footage(
    source: str, view: View, mask: str | None = None, observe: Observer = ignore, index: Index | None = None
) -> Footage:
    """Footage of a view of a video (see `read_frames`), with the masks of a rule (see `load_masks`).

    Raises the errors of both, VideoError if there is no frame, ResourceError if the memory does not hold the frames.
    """
    with using_threads(READING_THREADS), read_frames(source, view, index=index) as video:
        clip = _gather(video, observe)
    if not len(clip):
        raise VideoError(f"{source}: no frame lies in the chosen range")
    rate, clock = video.index().timing(view.first, view.first + len(clip))
    width, height = video.format.width, video.format.height
    LOG.info("%s: %d frames of %dx%d, %.6g frames/s", source, len(clip), width, height, float(rate))
    masks = None if mask is None else load_masks(mask, video, len(clip), view)
    return Footage(replace(video.seen(), frame_rate=rate), clip.permute(0, 3, 1, 2), masks, clock)


def _gather(video: Video, observe: Observer) -> Tensor:
    """All frames of a video, `[T, H, W, C]`, in one block of memory.

    Memory that is freed between many small blocks could not be used again.

    Raises ResourceError if the memory does not hold the frames.
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
    """The format and the clip of a view of a video, without masks."""
    footage = load_footage(source, view)
    return footage.video, footage.clip
