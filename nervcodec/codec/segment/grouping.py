"""Chooses the length of groups of frames by the rate and distortion that it is likely to lead to.

With groups of N frames, 1 / N of the frames are fitted, better than they would be otherwise, and the others are made
between them. Where all frames are fitted, a frame has an error D and takes R bits, and D is proportional to a power of
1 / R. The cost of groups is the sum of all errors, and of all bits weighted by the slope of that power, with the best
error of fitted frames. The numbers fit the curves of five clips (ours, docs/experiments.md).
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import exp, log, pi, sqrt

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.codec.segment.footage import Footage
from nervcodec.interpolation import luma_samples, picture_between
from nervcodec.motion import Motion
from nervcodec.planes import split_planes
from nervcodec.samples import to_unit

LENGTHS = (1, 2, 4, 8)
"""Lengths of groups to choose from."""
POWER = 0.75
"""Power of the reciprocal of the bits with which errors fall."""
UNSHARED = 0.3
"""Increase in the bits of a fitted frame, at the same error, for each frame between two fitted ones, as a share of the
bits that it would take if all were fitted: the fewer frames, the less they share."""
PASSED_ON = 0.9
"""Share of the error of the fitted frames that the frames between them have."""
MOTION_SHARE = 0.45
"""Share of the error of frames between original frames that frames between decoded ones, which have less detail, have
besides."""
BLOCK = 8
"""Side in pixels of the blocks whose cosine transform tells the error of a fit."""
THRESHOLD, THRESHOLD_POWER, DEFAULT_RATE = 0.018, 0.73, 0.04
"""Energy of a coefficient up to which a fit loses it, at the default weight of a bit, and the power of that weight with
which it grows; the whole range of samples is 1."""
SAMPLES = 8
"""Most frames, and most groups of each length, that are looked at."""


def choose_length(footage: Footage, error: float) -> int:
    """The length of groups for footage whose frames would have a mean squared error if all of them were fitted."""
    chosen, least = 1, cost(1, 0.0)
    for length in LENGTHS[1:]:
        errors = list(_errors_between(footage, length))
        found = cost(length, sum(errors) / len(errors) / error) if errors else least
        if found < least:
            chosen, least = length, found
    return chosen


def weight_of_fitted(length: int) -> float:
    """Weight of the error of a fitted frame in that of all frames, for groups of a length, where that of a frame in a
    clip without groups is 1."""
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
    threshold = THRESHOLD * (rate / DEFAULT_RATE) ** THRESHOLD_POWER
    step = max(1, len(footage.clip) // SAMPLES)
    clip = footage.clip[::step][:SAMPLES]
    video = footage.video
    planes = split_planes(clip, video.height, video.width) if video.domain == "yuv420" else torch.split(clip, 1, dim=1)
    lost = [(_energies(to_unit(plane)).clamp(max=threshold), plane.numel()) for plane in planes]
    return sum(float(energy.mean()) * count for energy, count in lost) / sum(count for _, count in lost)


def _errors_between(footage: Footage, length: int) -> Iterator[float]:
    """Mean squared errors of frames between original frames, for some groups of a length; none lies across a cut."""
    last, video = len(footage.clip) - 1, footage.video
    begins = [
        begin
        for begin in range(0, last - length + 1, length)
        if not any(begin < cut <= begin + length for cut in footage.cuts)
    ]
    for begin in begins[:: max(1, -(-len(begins) // SAMPLES))]:
        before, after = (footage.clip[number][None] for number in (begin, begin + length))
        motion = Motion.between(luma_samples(before, video), luma_samples(after, video))
        places, errors = _places(length), []
        for place in places:
            fraction = Fraction(place, length)
            made = picture_between(before, after, motion.at(fraction), fraction, video)
            errors.append(float(F.mse_loss(to_unit(made), to_unit(footage.clip[begin + place][None]))))
        yield sum(errors) / len(errors)


def _places(length: int) -> Sequence[int]:
    """Places in a group whose errors have about the mean of all."""
    return sorted({length // 4, length // 2, 3 * length // 4} - {0})


def _energies(plane: Tensor) -> Tensor:
    """Squares of the coefficients of the cosine transform of a plane `[B, 1, H, W]`, block by block."""
    height, width = (max(side // BLOCK, 1) * BLOCK for side in plane.shape[2:])
    whole = F.pad(plane, (0, max(width - plane.shape[3], 0), 0, max(height - plane.shape[2], 0)), mode="replicate")
    blocks = whole[:, :, :height, :width].unfold(2, BLOCK, BLOCK).unfold(3, BLOCK, BLOCK)
    numbers = torch.arange(BLOCK, dtype=plane.dtype)
    basis = torch.cos(pi / BLOCK * (numbers + 0.5) * numbers[:, None]) * sqrt(2 / BLOCK)
    basis[0] /= sqrt(2)
    return (basis @ blocks @ basis.T).square()
