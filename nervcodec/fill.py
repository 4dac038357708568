"""Smooth filling of the missing pixels of a picture: each one becomes the mean of its four neighbours.

Coarse pictures are filled first (as in pull-push, Gortler et al., SIGGRAPH 1996), and their pixels are relaxed at each
scale towards the solution of Laplace's equation.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.samples import depth_of, nearest

RELAXATIONS = 10
"""Number of relaxation steps at each scale (docs/experiments.md)."""


def fill(frames: Tensor, masks: Tensor) -> Tensor:
    """Samples `[B, C, H, W]`, filled where masks, bool and `[B, C or 1, H, W]`, cover a portion of a frame."""
    known = (~masks).float()
    filled = _filled(frames * known, known)
    return torch.where(masks, nearest(filled, depth_of(frames)), frames)


def _filled(sums: Tensor, weights: Tensor) -> Tensor:
    """Pictures from sums of known samples `[B, C, H, W]` and the weights of these sums `[B, 1 or C, H, W]`."""
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
