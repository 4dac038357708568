"""Missing pixels of a picture from those around them, smoothly: where nothing is known, each is the mean of its four.

Coarse pictures are filled first (as in pull-push, Gortler et al., SIGGRAPH 1996), and what they say is relaxed at each
scale towards the solution of Laplace's equation.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.samples import depth_of, nearest

RELAXATIONS = 10
"""At each scale; docs/experiments.md."""


def fill(frames: Tensor, masks: Tensor) -> Tensor:
    """Samples `[B, C, H, W]` with new ones where masks, bool, like these or of one channel, cover a part of a frame."""
    known = (~masks).float()
    filled = _filled(frames * known, known)
    return torch.where(masks, nearest(filled, depth_of(frames)), frames)


def _filled(sums: Tensor, weights: Tensor) -> Tensor:
    """Pictures from sums of known samples and how many they are, `[B, C, H, W]` and `[B, 1 or C, H, W]`."""
    known = weights > 0
    if known.all():
        return sums / weights
    coarse = _filled(F.avg_pool2d(sums, 2, ceil_mode=True), F.avg_pool2d(weights, 2, ceil_mode=True))
    guess = F.interpolate(coarse, sums.shape[2:], mode="bilinear", align_corners=False)
    picture = torch.where(known, sums / weights.clamp(min=torch.finfo().tiny), guess)
    for _ in range(RELAXATIONS):
        picture = torch.where(known, picture, _mean_of_four(picture))
    return picture


def _mean_of_four(picture: Tensor) -> Tensor:
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    beside = padded[:, :, 1:-1, :-2] + padded[:, :, 1:-1, 2:]
    return (beside + padded[:, :, :-2, 1:-1] + padded[:, :, 2:, 1:-1]) / 4
