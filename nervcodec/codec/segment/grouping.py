"""Chooses the length of groups of frames by the rate and distortion that it is likely to lead to.

A frame that is fitted costs what is new in it against the fitted frame before, and a share of the whole frame. A frame
that is made of the frames around it costs what it lacks. Both are cosine transforms of differences of luma, in which a
coefficient costs its error, up to a threshold, and its bits. The numbers fit the files of five clips, with groups of 2
to 16 frames (ours, docs/experiments.md).
"""

from collections.abc import Callable
from fractions import Fraction
from itertools import count, pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.codec.segment.correcting import BIT_COST, squared_step
from nervcodec.codec.segment.footage import Footage
from nervcodec.cosine import BLOCK, coefficients
from nervcodec.interpolation import luma_samples, picture_between
from nervcodec.motion import Motion
from nervcodec.picture import in_domain
from nervcodec.planes import split_planes
from nervcodec.samples import depth_of, nearest, to_unit
from nervcodec.timeline import Timeline

HALF = Fraction(1, 2)
LENGTHS = (1, 2, 4, 8, 16)
"""Lengths of groups, frames from one that is fitted to the next; of equal costs the longest counts."""
MOST_WEIGHT = 3.0
"""Weight of the error of a fitted frame in a fit, where groups are very long."""
ALWAYS_NEW = 0.27
"""Share of the cost of a whole frame that is new in each frame that is fitted."""
MADE = 2.5
"""Cost of what a made frame lacks, where that of what is new in a fitted frame is 1."""
THRESHOLD, THRESHOLD_POWER = 0.1887, 0.73
"""Energy of a coefficient up to which a fit loses it, where a bit per pixel weighs as much as an error of 1, and the
power of the weight of a bit with which it grows; the whole range of samples is 1."""
SAMPLES = 8
"""Most frames, or places in a scene, whose cost is found out."""
MOST_PIXELS = 1 << 17
"""Most pixels of the pictures, made smaller, between which motion is looked for."""


def choose_groups(footage: Footage, rate: float) -> Timeline:
    """The positions of the frames to fit, and with them the groups, whose length is that of the least cost in each
    scene; no group lies across a cut.

    rate: weight of a bit per pixel against a squared error of 1.
    """
    positions: list[int] = []
    for begin, end in pairwise([0, *footage.cuts, len(footage.clip)]):
        costs = Scene(footage, range(begin, end), rate).costs()
        length = min(sorted(costs, reverse=True), key=costs.__getitem__)
        positions += (begin + number for number in Timeline.every(length, end - begin).positions)
    return Timeline(tuple(positions), len(footage.clip))


def weight_of_fitted(length: float) -> float:
    """Weight of the error of a fitted frame in a fit, for groups of a mean length; 1 is that of a frame of a clip
    without groups."""
    return MOST_WEIGHT - (MOST_WEIGHT - 1) / length


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


class Scene:
    """Costs of groups of frames in a scene, in squared errors of a sample of luma for each frame."""

    def __init__(self, footage: Footage, frames: range, rate: float) -> None:
        self.footage, self.frames = footage, frames
        self.threshold = squared_step(rate, footage.video.domain)
        self.alone = in_domain(footage.video, "rgb")  # luma alone stands at pixels, as samples of RGB do
        self.side = next(side for side in count(1) if self.alone.pixels <= MOST_PIXELS * side**2)

    def costs(self) -> dict[int, float]:
        """The cost of groups of each length that is less than that of the scene, or 1."""
        made, found = 0.0, {}
        for length in LENGTHS:
            if length < max(len(self.frames), 2):
                made += self._mean(self._lack, length) / length if length > 1 else 0.0
                found[length] = self._mean(self._new, length) / length + MADE * made
        return found

    def _mean(self, cost: Callable[[list[int], list[int]], float], distance: int) -> float:
        """The mean of a cost between frames at a distance, at some places in the scene."""
        begins = self.frames[: max(len(self.frames) - distance, 1)]
        chosen = begins[:: -(-len(begins) // SAMPLES)]
        return cost([*chosen], [min(begin + distance, self.frames[-1]) for begin in chosen])

    def _new(self, begins: list[int], ends: list[int]) -> float:
        """Mean cost of frames that are fitted, as are those at `begins` before them."""
        whole = to_unit(self._luma(ends))
        return self._cost(whole - to_unit(self._luma(begins))) + ALWAYS_NEW * self._cost(whole)

    def _lack(self, begins: list[int], ends: list[int]) -> float:
        """Mean cost of what the frames in the middle of two original ones lack if they are made of them."""
        before, after = self._luma(begins), self._luma(ends)
        made = picture_between(before, after, Motion.between(before, after).at(HALF), HALF, self.alone)
        middle = self._luma([(begin + end) // 2 for begin, end in zip(begins, ends, strict=True)])
        return self._cost(to_unit(middle) - to_unit(made))

    def _cost(self, differences: Tensor) -> float:
        """Mean cost of differences of luma `[B, 1, H, W]`: the energy of each coefficient up to a threshold, and the
        weight of its bits beyond.
        """
        energies = _energies(differences) / self.threshold
        return self.threshold * float((energies.clamp(max=1) + BIT_COST * energies.clamp(min=1).log2()).mean())

    def _luma(self, numbers: list[int]) -> Tensor:
        """Luma of frames, made smaller, `[B, 1, H, W]`."""
        luma = luma_samples(self.footage.clip[numbers], self.footage.video)
        if self.side == 1:
            return luma
        reduced = F.avg_pool2d(luma.float(), self.side, ceil_mode=True, count_include_pad=False)
        return nearest(reduced, depth_of(luma))


def _energies(plane: Tensor) -> Tensor:
    """Squares of the coefficients of the cosine transform of a plane `[B, 1, H, W]`; blocks that it does not fill are
    left out, if it fills others."""
    height, width = (max(side - side % BLOCK, min(side, BLOCK)) for side in plane.shape[2:])
    return coefficients(plane[:, :, :height, :width]).square()
