"""Pictures between two pictures, along the motion between them, and detection of cuts."""

from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.motion import motion_between
from nervcodec.picture import VideoFormat
from nervcodec.planes import pack_planes, unpack_planes
from nervcodec.samples import depth_of, nearest, to_unit
from nervcodec.warp import warp

LUMA = (54, 183, 19)
"""Weights of red, green and blue in luma, in 256ths, by BT.709."""
ABOVE_HALF = 1 / 64
"""Number added before rounding, for the mean of two samples is often half a number: rounding errors do not turn it."""
CUT = 0.06
"""Product of the two distances of `is_cut` above which two frames belong to two scenes."""
THUMBNAIL = (18, 32)
LEVEL_BITS = 3
"""Bits of each of the three colours in the histogram of a frame."""


def picture_between(before: Tensor, after: Tensor, fraction: Fraction, video: VideoFormat) -> Tensor:
    """The picture at a time in (0, 1) of the way from one picture to the next; samples `[B, C, h, w]` in the domain of
    a video.
    """
    if video.domain == "rgb":
        return along(motion_between(_luma(before), _luma(after), fraction), before, after, fraction)
    (luma, chroma), (next_luma, next_chroma) = (
        unpack_planes(packed, video.height, video.width) for packed in (before, after)
    )
    motion = motion_between(luma, next_luma, fraction)
    halved = F.avg_pool2d(motion, 2, ceil_mode=True, count_include_pad=False) / 2
    return pack_planes(along(motion, luma, next_luma, fraction), along(halved, chroma, next_chroma, fraction))


def along(motion: Tensor, before: Tensor, after: Tensor, fraction: Fraction) -> Tensor:
    """The picture between two pictures, samples `[B, C, H, W]`, along a motion `[B, 2, H, W]` from `motion_between`."""
    share = float(fraction)
    seen_before = warp(before.float(), -share * motion, "bicubic")
    seen_after = warp(after.float(), (1 - share) * motion, "bicubic")
    return nearest(torch.lerp(seen_before, seen_after, share) + ABOVE_HALF, depth_of(before))


def _luma(picture: Tensor) -> Tensor:
    """Luma `[B, 1, H, W]` of RGB samples, rounded, at their depth."""
    weighted = picture.int() * torch.tensor(LUMA, dtype=torch.int32, device=picture.device)[:, None, None]
    return ((weighted.sum(dim=1, keepdim=True) + 128) >> 8).to(picture.dtype)


def is_cut(before: Tensor, after: Tensor) -> bool:
    """Whether two frames, samples `[3, H, W]`, belong to two scenes.

    Thumbnails and histograms must both differ: motion changes thumbnails, and light changes histograms a little.
    """
    small = [F.adaptive_avg_pool2d(to_unit(frame), THUMBNAIL) for frame in (before, after)]
    counts = [_histogram(frame) for frame in (before, after)]
    moved, mixed = (small[0] - small[1]).abs().mean(), (counts[0] - counts[1]).abs().sum() / 2
    return float(moved * mixed) > CUT


def _histogram(frame: Tensor) -> Tensor:
    """Shares of the pixels of a frame, samples `[3, H, W]`, that have each colour."""
    red, green, blue = (frame >> depth_of(frame) - LEVEL_BITS).int()
    colours = (red << 2 * LEVEL_BITS) + (green << LEVEL_BITS) + blue
    shares: Tensor = torch.bincount(colours.flatten(), minlength=1 << 3 * LEVEL_BITS) / red.numel()
    return shares
