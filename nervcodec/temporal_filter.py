"""Temporal filter: each decoded frame becomes a mean of itself and of the frames beside it, seen along the motion.

Errors of a network in two frames are partly independent, so a mean has less of them; where the frames do not agree, the
motion is wrong, or something has changed, and a frame beside has little weight (docs/experiments.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.interpolation import LUMA, warp_picture
from nervcodec.picture import VideoFormat
from nervcodec.planes import LUMA as LUMA_CHANNELS
from nervcodec.planes import repeat_border
from nervcodec.samples import depth_of, nearest, peak_of

MOST_STRENGTH = 255
STRENGTHS = 512
"""Strength at which frames that are the whole range of samples apart count as in noise of that deviation."""
NOISE = 1.4
"""Deviation of the differences that the filter takes for noise, as a multiple of that of the errors of luma; for
independent errors in two frames it would be the square root of 2 (ours, docs/experiments.md)."""


@dataclass(frozen=True)
class Evidence:
    """What a frame beside another one says about its samples `[B, C, h, w]`."""

    weighted: Tensor
    """Its samples along the motion, each times its weight, `[B, C, h, w]`."""
    weights: Tensor
    """Weight of each sample from 0 to 1, `[B, 1, h, w]`."""

    @classmethod
    def of(cls, frame: Tensor, beside: Tensor, motion: Tensor, strength: int, video: VideoFormat) -> "Evidence":
        """Evidence about a frame from the frame beside it, both samples `[B, C, h, w]` in the domain of a video.

        motion: `[B, 2, H, W]`, in pixels; what is at x in the frame is at x + motion in the frame beside it.
        strength: from 1 to MOST_STRENGTH.
        """
        seen = warp_picture(beside, motion, video)
        deviation = strength / STRENGTHS * peak_of(depth_of(frame))
        whole = frame if video.domain == "rgb" else repeat_border(frame, video.height, video.width)
        squares = F.pad(_luma_squares(seen - whole, video), (1, 1, 1, 1), mode="replicate")
        weights = torch.exp(F.avg_pool2d(squares, 3, stride=1) / (-2 * deviation**2))
        if video.domain == "rgb":
            height, width = frame.shape[2:]
            weights = F.interpolate(weights, scale_factor=2, mode="nearest")[:, :, :height, :width]
        return cls(weights * seen, weights)

    def row(self, number: int) -> "Evidence":
        """The evidence about one frame of the batch."""
        return Evidence(self.weighted[number : number + 1], self.weights[number : number + 1])


def filtered(frame: Tensor, evidence: Iterable[Evidence]) -> Tensor:
    """The mean of a frame, samples `[B, C, h, w]`, and of the evidence about it, rounded."""
    found = list(evidence)
    total = torch.stack([frame.float(), *(about.weighted for about in found)]).sum(dim=0)
    weights = 1 + torch.stack([about.weights for about in found]).sum(dim=0)
    return nearest(total / weights, depth_of(frame))


def strength_of(error: float) -> int:
    """The strength for frames whose luma has a mean squared error, where the whole range of samples is 1."""
    return min(round(STRENGTHS * NOISE * sqrt(error)), MOST_STRENGTH)


def _luma_squares(difference: Tensor, video: VideoFormat) -> Tensor:
    """Squares of a difference of luma, means over squares of 2x2 pixels `[B, 1, H/2, W/2]`, rounded up."""
    if video.domain != "rgb":
        return difference[:, :LUMA_CHANNELS].square().mean(dim=1, keepdim=True)
    luma = (difference * (difference.new_tensor(LUMA)[:, None, None] / 256)).sum(dim=1, keepdim=True)
    return F.avg_pool2d(luma.square(), 2, ceil_mode=True, count_include_pad=False)
