"""Chooses the length of groups of frames by the rate and distortion that it is likely to lead to.

With groups of N frames, 1 / N of the frames are fitted, better than they would be otherwise, and the others are made
between them. Where all frames are fitted, a frame has an error D and takes R bits, and D is proportional to a power of
1 / R. The cost of groups is the sum of all errors, and of all bits weighted by the slope of that power, with the best
error of fitted frames. The numbers fit the curves of five clips (ours, docs/experiments.md).
"""

from fractions import Fraction
from itertools import count
from math import exp, log, pi, sqrt

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.codec.segment.footage import Footage
from nervcodec.interpolation import luma_samples, picture_between
from nervcodec.motion import Motion
from nervcodec.picture import in_domain
from nervcodec.planes import split_planes
from nervcodec.samples import depth_of, nearest, to_unit
from nervcodec.timeline import Timeline

LONGEST_GROUP = 8
"""The longest group, a power of two; groups are as long or half, a quarter or an eighth of it."""
POWER = 0.75
"""Power of the reciprocal of the bits with which errors fall."""
UNSHARED = 0.3
"""Increase in the bits of a fitted frame, at the same error, for each frame between two fitted ones, as a share of the
bits that it would take if all were fitted: the fewer frames, the less they share."""
PASSED_ON = 0.9
"""Share of the error of the fitted frames that the frames between them have."""
MOTION_SHARE = 0.4
"""Share of the error of luma between original frames that frames between decoded ones, which have less detail, have
besides."""
BLOCK = 8
"""Side in pixels of the blocks whose cosine transform tells the error of a fit."""
THRESHOLD, THRESHOLD_POWER = 0.1887, 0.73
"""Energy of a coefficient up to which a fit loses it, where a bit per pixel weighs as much as an error of 1, and the
power of the weight of a bit with which it grows; the whole range of samples is 1."""
LEAST_ERROR = 1e-9
"""Error that stands for none, as a fit of black frames has."""
SAMPLES = 8
"""Most frames whose error is estimated."""
MOST_PIXELS = 1 << 15
"""Most pixels of the pictures, made smaller, between which motion is looked for."""


def choose_groups(footage: Footage, error: float) -> Timeline:
    """The positions of the frames to fit, and with them the groups, of all of which the cost is the least; no group
    lies across a cut.

    error: mean squared error of the frames if all of them were fitted, where the whole range of samples is 1.
    """
    positions, edges = [0], [*footage.cuts, len(footage.clip)]
    groups = _Groups(footage, error)
    for end in edges:
        while positions[-1] < end - 1:
            left = end - 1 - positions[-1]
            length = min(LONGEST_GROUP, 1 << left.bit_length() - 1)
            positions += groups.best(positions[-1], length)[1]
        positions += [end] if end < edges[-1] else []
    return Timeline(tuple(positions), len(footage.clip))


def weight_of_fitted(length: float) -> float:
    """Weight of the error of a fitted frame in that of all frames, for groups of a mean length; 1 is that of a frame of
    a clip without groups."""
    return 1 + (length - 1) * PASSED_ON


def cost(length: int, error: float) -> float:
    """Cost of groups of a length, in the error of a fit of all frames.

    error: mean error of frames between original frames, in the same unit.
    """
    weight, growth = weight_of_fitted(length), 1 + UNSHARED * (length - 1)
    fitted = exp(POWER / (1 + POWER) * log(growth / weight))
    bits = POWER * growth * exp(-log(fitted) / POWER)
    return (weight * fitted + (length - 1) * MOTION_SHARE * error + bits) / length


def expected_error(footage: Footage, rate: float) -> float:
    """The mean squared error that a fit of all frames is likely to have, where the whole range of samples is 1, at a
    weight of a bit per pixel against an error of 1.

    It loses what a coder of blocks would lose that drops energy up to a threshold (reverse water-filling).
    """
    threshold = THRESHOLD * rate**THRESHOLD_POWER
    step = max(1, len(footage.clip) // SAMPLES)
    clip = footage.clip[::step][:SAMPLES]
    video = footage.video
    planes = split_planes(clip, video.height, video.width) if video.domain == "yuv420" else torch.split(clip, 1, dim=1)
    lost = [(_energies(to_unit(plane)).clamp(max=threshold), plane.numel()) for plane in planes]
    return sum(float(energy.mean()) * count for energy, count in lost) / sum(count for _, count in lost)


class _Groups:
    """Costs of groups of frames in footage."""

    def __init__(self, footage: Footage, error: float) -> None:
        self.footage, self.error = footage, max(error, LEAST_ERROR)
        self.alone = in_domain(footage.video, "rgb")  # luma alone stands at pixels, as samples of RGB do
        self.side = next(side for side in count(1) if self.alone.pixels <= MOST_PIXELS * side**2)

    def best(self, begin: int, length: int) -> tuple[float, list[int]]:
        """The cost of the frames after `begin` up to `begin + length`, a power of two, and the last frames of the
        groups that they are best divided into. Of two groups that are divided themselves none is made.
        """
        if length == 1:
            return cost(1, 0.0), [begin + 1]
        (first, ends), (second, others) = (self.best(at, length // 2) for at in (begin, begin + length // 2))
        apart = first + second
        if len(ends) == len(others) == 1:
            together = length * cost(length, self._error_between(begin, length) / self.error)
            if together < apart:
                return together, [begin + length]
        return apart, [*ends, *others]

    def _error_between(self, begin: int, length: int) -> float:
        """Mean squared error of luma of the frames between two original ones."""
        before, after = self._luma(begin), self._luma(begin + length)
        motion, errors = Motion.between(before, after), []
        for place in sorted({length // 4, length // 2, 3 * length // 4} - {0}):  # these have about the mean of all
            fraction = Fraction(place, length)
            made = picture_between(before, after, motion.at(fraction), fraction, self.alone)
            errors.append(float(F.mse_loss(to_unit(made), to_unit(self._luma(begin + place)))))
        return sum(errors) / len(errors)

    def _luma(self, number: int) -> Tensor:
        """Luma of a frame, made smaller, `[1, 1, H, W]`."""
        luma = luma_samples(self.footage.clip[number][None], self.footage.video)
        reduced = F.avg_pool2d(luma.float(), self.side, ceil_mode=True, count_include_pad=False)
        return nearest(reduced, depth_of(luma))


def _energies(plane: Tensor) -> Tensor:
    """Squares of the coefficients of the cosine transform of a plane `[B, 1, H, W]`, block by block."""
    height, width = (max(side // BLOCK, 1) * BLOCK for side in plane.shape[2:])
    whole = F.pad(plane, (0, max(width - plane.shape[3], 0), 0, max(height - plane.shape[2], 0)), mode="replicate")
    blocks = whole[:, :, :height, :width].unfold(2, BLOCK, BLOCK).unfold(3, BLOCK, BLOCK)
    numbers = torch.arange(BLOCK, dtype=plane.dtype)
    basis = torch.cos(pi / BLOCK * (numbers + 0.5) * numbers[:, None]) * sqrt(2 / BLOCK)
    basis[0] /= sqrt(2)
    return (basis @ blocks @ basis.T).square()
