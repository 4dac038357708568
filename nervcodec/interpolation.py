"""Pictures between two pictures, along the motion between them, and detection of cuts."""

from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.picture import VideoFormat
from nervcodec.planes import LUMA as LUMA_CHANNELS
from nervcodec.planes import pack_planes, unpack_planes
from nervcodec.samples import depth_of, nearest, peak_of, to_unit
from nervcodec.warp import warp

LUMA = (54, 183, 19)
"""Weights of red, green and blue in luma, in 256ths, by BT.709."""
ABOVE_HALF = 1 / 64
"""Number added before rounding, for the mean of two samples is often half a number: rounding errors do not turn it."""
CUT = 0.06
"""Product of the two distances of features above which two frames belong to two scenes."""
THUMBNAIL = (18, 32)
LEVEL_BITS = 3
"""Bits of each of the three colours in the histogram of a frame."""


def picture_between(before: Tensor, after: Tensor, motion: Tensor, fraction: Fraction, video: VideoFormat) -> Tensor:
    """The picture at a time in (0, 1) of the way from one picture to the next; samples `[B, C, h, w]` in the domain of
    a video.

    motion: the motion at that time, `[B, 2, H, W]`, as of `nervcodec.motion`.
    """
    return nearest(prediction_between(before, after, motion, fraction, video), depth_of(before))


def prediction_between(before: Tensor, after: Tensor, motion: Tensor, fraction: Fraction, video: VideoFormat) -> Tensor:
    """The samples of `picture_between` before they are rounded."""
    share = float(fraction)
    seen_before = warp_picture(before, -share * motion, video)
    seen_after = warp_picture(after, (1 - share) * motion, video)
    return torch.lerp(seen_before, seen_after, share) + ABOVE_HALF


def with_luma(prediction: Tensor, luma: Tensor, depth: int, video: VideoFormat) -> Tensor:
    """A prediction `[B, C, h, w]` in the domain of a video, plus luma `[B, 1, H, W]`, as samples of a depth; each
    channel of RGB has the luma added.

    luma: the whole range of samples is 1.
    """
    added = peak_of(depth) * luma
    if video.domain == "rgb":
        return nearest(prediction + added, depth)
    corrected = pack_planes(added, prediction[:, LUMA_CHANNELS:])
    corrected[:, :LUMA_CHANNELS] += prediction[:, :LUMA_CHANNELS]
    return nearest(corrected, depth)


def warp_picture(picture: Tensor, flows: Tensor, video: VideoFormat) -> Tensor:
    """Samples `[B, C, h, w]` in the domain of a video, sampled bicubically, as floats; flows are `[B, 2, H, W]`, in
    pixels of the picture. Planes of chroma have half the mean flow of their pixels.
    """
    if video.domain == "rgb":
        return warp(picture.float(), flows, "bicubic")
    luma, chroma = unpack_planes(picture, video.height, video.width)
    return pack_planes(warp(luma.float(), flows, "bicubic"), warp(chroma.float(), _halved(flows), "bicubic"))


def _halved(flows: Tensor) -> Tensor:
    """Half the mean flow over squares of 2x2 pixels, or over those of them that there are."""
    if flows.shape[2] % 2 or flows.shape[3] % 2:
        return F.avg_pool2d(flows, 2, ceil_mode=True, count_include_pad=False) / 2
    rows = flows[:, :, ::2] + flows[:, :, 1::2]  # several times as fast as pooling
    return (rows[..., ::2] + rows[..., 1::2]) / 8


def luma_samples(picture: Tensor, video: VideoFormat) -> Tensor:
    """Luma `[B, 1, H, W]` of samples `[B, C, h, w]` in the domain of a video, rounded, at their depth."""
    if video.domain != "rgb":
        return unpack_planes(picture, video.height, video.width)[0]
    weighted = picture.int() * torch.tensor(LUMA, dtype=torch.int32, device=picture.device)[:, None, None]
    return ((weighted.sum(dim=1, keepdim=True) + 128) >> 8).to(picture.dtype)


@dataclass(frozen=True)
class SceneFeatures:
    """What tells whether a frame belongs to the same scene as another one."""

    thumbnail: Tensor
    """Mean colours in [0, 1] of THUMBNAIL rows and columns of cells, `[3, h, w]`."""
    histogram: Tensor
    """Share of the pixels that have each colour, `[colours]`."""

    @classmethod
    def of(cls, frame: Tensor) -> "SceneFeatures":
        """The features of a frame, samples `[3, H, W]`."""
        return cls(F.adaptive_avg_pool2d(to_unit(frame), THUMBNAIL), _histogram(frame))

    def is_cut(self, after: "SceneFeatures") -> bool:
        """Whether a frame with these features and one with others belong to two scenes.

        Thumbnails and histograms must both differ: motion changes thumbnails, and light changes histograms a little.
        """
        moved = (self.thumbnail - after.thumbnail).abs().mean()
        mixed = (self.histogram - after.histogram).abs().sum() / 2
        return float(moved * mixed) > CUT


def is_cut(before: Tensor, after: Tensor) -> bool:
    """Whether two frames, samples `[3, H, W]`, belong to two scenes."""
    return SceneFeatures.of(before).is_cut(SceneFeatures.of(after))


def _histogram(frame: Tensor) -> Tensor:
    """Shares of the pixels of a frame, samples `[3, H, W]`, that have each colour."""
    red, green, blue = (frame >> depth_of(frame) - LEVEL_BITS).int()
    colours = (red << 2 * LEVEL_BITS) + (green << LEVEL_BITS) + blue
    shares: Tensor = torch.bincount(colours.flatten(), minlength=1 << 3 * LEVEL_BITS) / red.numel()
    return shares
