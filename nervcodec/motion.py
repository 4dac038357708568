"""Motion between two pictures, found by the decoder in whole numbers, so that every machine finds the same.

Motion is estimated at the time of a new picture between the two (bilaterally), so each of its pixels has a motion and
no holes need to be filled. The estimate is by least squares over a window (Lucas and Kanade, IJCAI 1981), from coarse
to fine; equations have less weight where the two pictures disagree. Then a pixel takes the motion of a pixel nearby, or
none, where the pictures agree better along it (as in PatchMatch, Barnes et al., SIGGRAPH 2009): edges of moving objects
stay sharp, and still objects before a moving background stay whole. It sees luma alone, reduced: what is finer moves
with it. It is found once, half-way between the two; at another time a pixel has the motion that passes through it.
Windows, iterations and weights are ours; see docs/experiments.md.

Whole numbers are held in float64, which PyTorch samples and adds up faster than integers. They stay below 2**53 in
magnitude, and every quotient is rounded down to a whole number before it is used, so nothing depends on the order of
sums or on a device. Means of luma and of motion are taken in float32, for their sums stay below 2**24: a motion is at
most ITERATIONS pixels more than twice that of the next coarser scale, and there are at most ten scales.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.samples import depth_of
from nervcodec.warp import sample
from nervcodec.windows import divided, window_sum, windowed_mean

UNIT = 16
"""Units of motion in a pixel of the reduced luma."""
LUMA_BITS = 12
"""Bits of reduced luma: the mean over a cell keeps some of its fraction."""
REDUCTIONS = ((1 << 17, 2), (1 << 26, 4))
"""Side of a cell of reduced luma, in pixels, for pictures of at most so many pixels."""
BATCH_CELLS = 1 << 16
"""Most cells of reduced luma of pictures whose motion is refined together: with fewer, orders take longer than sums;
with more, sums leave the cache (docs/performance.md)."""
COARSEST_SIDE = 6
"""Least length in pixels of the shorter side of the coarsest picture of a pyramid."""
ITERATIONS = 5
FINEST_ITERATIONS = 2
"""Steps of Lucas and Kanade at the finest scale; at all others there are ITERATIONS."""
SMOOTHING = (1, 2)
"""Reaches of the square means, one after the other, that smooth motion."""
WEIGHT = 256
NEARBY = 6
"""Distance in pixels to the four pixels whose motion a pixel may take."""
AGREEMENT = (2, 2)
"""Reaches of the square means of the disagreement of two pictures."""
EDGES = (1, 1)
"""Reaches of the square means that smooth the motion after pixels have taken that of others."""
PASSES = 2
"""Number of times that a pixel looks up the motion that passes through it, each time from where the last one led."""
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Rules:
    """Settings of an estimate that differ between versions of the file format."""

    window: tuple[int, ...]
    """Reaches of the square means, one after the other, that sum equations."""
    disagreement: int
    """Difference of luma at which an equation has half its weight."""
    damping: int
    """Number added to the squared gradients, so that flat regions keep the motion they have."""
    gain: int
    """Gain of agreement at which a pixel takes another motion."""


FIRST_RULES = Rules(window=(2, 2, 2), disagreement=82, damping=8000, gain=20)
"""The rules of version 7 of the file format."""
RULES = Rules(window=(2, 2), disagreement=164, damping=500, gain=10)
"""The rules since version 8: 0.04 of the peak for half the weight, 0.0025 for another motion."""


@dataclass(frozen=True)
class Motion:
    """Motion between two pictures `[B, 1, H, W]`, at all times between them."""

    halfway: Tensor
    """Motion half-way, `[B, 2, h, w]`, in units of the reduced luma."""
    side: int
    """Side of a cell of the reduced luma, in pixels."""
    size: tuple[int, int]
    """Height and width of the pictures."""

    @classmethod
    def between(cls, before: Tensor, after: Tensor) -> "Motion":
        """The motion between two pictures of luma, samples `[B, 1, H, W]`."""
        side = cell_side(before[0].numel())
        few = max(1, BATCH_CELLS * side**2 // before[0].numel())
        reduced = [torch.cat([_reduced(some, side) for some in torch.split(luma, few)]) for luma in (before, after)]
        halfway = _estimate(reduced[0], reduced[1], HALF, RULES)
        return cls(halfway, side, (before.shape[2], before.shape[3]))

    @classmethod
    def together(cls, motions: Sequence["Motion"]) -> "Motion":
        """The motions of pictures of one size in one batch."""
        return replace(motions[0], halfway=torch.cat([motion.halfway for motion in motions]))

    def row(self, number: int) -> "Motion":
        """The motion of one pair of pictures of the batch."""
        return replace(self, halfway=self.halfway[number : number + 1])

    def at(self, fraction: Fraction) -> Tensor:
        """The motion at each pixel at a time from 0 to 1, as of `motion_between`."""
        motion, ahead = self.halfway, HALF - fraction
        for _ in range(PASSES if ahead else 0):
            motion = _sampled(self.halfway, _share(motion, ahead))
        return _enlarged(motion.float(), self.side, *self.size) / UNIT


def motion_between(before: Tensor, after: Tensor, fraction: Fraction) -> Tensor:
    """The motion at each pixel at a time between two pictures of luma, samples `[B, 1, H, W]`, estimated at that time,
    as in version 7 of the file format: `[B, 2, H, W]`, x and y in pixels, float32.

    fraction: the time, in (0, 1), from one picture to the next. A point that is at x at that time is at x - fraction *
    motion in the picture before, and at x + (1 - fraction) * motion in the picture after.
    """
    side = cell_side(before[0].numel())
    motion = _estimate(_reduced(before, side), _reduced(after, side), fraction, FIRST_RULES)
    return _enlarged(motion.float(), side, *before.shape[2:]) / UNIT


def cell_side(pixels: int) -> int:
    """Side in pixels of the cells to which luma of pictures of a number of pixels is reduced."""
    return next(side for most, side in REDUCTIONS if pixels <= most)


def _estimate(before: Tensor, after: Tensor, fraction: Fraction, rules: Rules) -> Tensor:
    """Motion `[B, 2, h, w]` in units, of reduced luma `[B, 1, h, w]`."""
    pairs = list(zip(_pyramid(before), _pyramid(after), strict=True))
    motion = before.new_zeros(len(before), 2, *pairs[-1][0].shape[2:])
    for scale, (a, b) in reversed(list(enumerate(pairs))):
        if motion.shape[2:] != a.shape[2:]:
            motion = torch.floor(_enlarged(motion, 2, *a.shape[2:]) + 0.5)
        parts = zip(*(torch.split(x, max(1, BATCH_CELLS // a[0].numel())) for x in (a, b, motion)), strict=True)
        iterations = ITERATIONS if scale else FINEST_ITERATIONS
        motion = torch.cat([_refined(*part, iterations=iterations, fraction=fraction, rules=rules) for part in parts])
    return motion


def _refined(a: Tensor, b: Tensor, motion: Tensor, *, iterations: int, fraction: Fraction, rules: Rules) -> Tensor:
    """Motion at one scale of the pictures, made better by some steps of Lucas and Kanade and by pixels nearby."""
    for _ in range(iterations):
        motion = windowed_mean((motion + _correction(a, b, motion, fraction, rules)).float(), SMOOTHING).double()
    return windowed_mean(_best(a, b, motion, fraction, rules).float(), EDGES).double()


def _correction(a: Tensor, b: Tensor, motion: Tensor, fraction: Fraction, rules: Rules) -> Tensor:
    """The change of the motion by one step of Lucas and Kanade, at most one pixel."""
    seen_a, seen_b = _seen(a, b, motion, fraction)
    share, whole = fraction.numerator, fraction.denominator
    mixed = torch.add((whole - share) * seen_a, seen_b, alpha=share).div_(whole).floor_()
    between = F.pad(mixed, (1, 1, 1, 1), mode="replicate")
    x = between[:, :, 1:-1, 2:] - between[:, :, 1:-1, :-2]  # twice the gradient
    y = between[:, :, 2:, 1:-1] - between[:, :, :-2, 1:-1]
    apart = seen_b - seen_a
    weight = divided(WEIGHT * rules.disagreement, apart.abs().add_(rules.disagreement))
    products = x.new_empty(len(x), 5, *x.shape[2:])
    for number, (left, right) in enumerate(((x, x), (x, y), (y, y), (x, apart.mul_(2)), (y, apart))):
        torch.mul(left, right, out=products[:, number : number + 1])
    xx, xy, yy, xr, yr = windowed_mean(products.mul_(weight).div_(4 * WEIGHT).floor_(), rules.window).unbind(dim=1)
    xx, yy = xx + rules.damping, yy + rules.damping
    determinant = (xx * yy - xy * xy)[:, None]
    step = torch.stack((xy * yr - yy * xr, xy * xr - xx * yr), dim=1)
    return step.mul_(2 * UNIT).add_(determinant).div_(2 * determinant).floor_().clamp_(-UNIT, UNIT)


def _best(a: Tensor, b: Tensor, motion: Tensor, fraction: Fraction, rules: Rules) -> Tensor:
    """The motion of each pixel along which the pictures agree best: its own, none, or that of a pixel nearby."""
    height, width = motion.shape[2:]
    padded = F.pad(motion, (NEARBY, NEARBY, NEARBY, NEARBY), mode="replicate")
    places = ((NEARBY, 2 * NEARBY), (NEARBY, 0), (2 * NEARBY, NEARBY), (0, NEARBY))
    nearby = [padded[:, :, y : y + height, x : x + width] for y, x in places]
    choices = [motion, torch.zeros_like(motion), *nearby]
    found = torch.stack(choices)
    several = (len(choices), 1, 1, 1)
    seen_a, seen_b = _seen(a.repeat(several), b.repeat(several), found.flatten(0, 1), fraction)
    apart = windowed_mean(seen_a.sub_(seen_b).abs_().float(), AGREEMENT).view(len(choices), -1, 1, height, width)
    apart[1:] += rules.gain
    numbers = torch.arange(len(choices), device=apart.device).view(-1, 1, 1, 1, 1)
    chosen = (len(choices) * apart + numbers).amin(dim=0, keepdim=True) % len(choices)  # of equals the first
    return found.gather(0, chosen.long().expand(1, *motion.shape))[0]


def _seen(a: Tensor, b: Tensor, motion: Tensor, fraction: Fraction) -> tuple[Tensor, Tensor]:
    """What pixels at the time of a motion see of the picture before and of the picture after."""
    past = _share(motion, fraction)
    ahead = motion - past
    return _sampled(a, past.neg_()), _sampled(b, ahead)


def _share(motion: Tensor, fraction: Fraction) -> Tensor:
    """A fraction of a motion, rounded; half is rounded up.

    The 0.5 changes no quotient rounded down. On CUDA PyTorch multiplies by the reciprocal of a divisor instead, which
    may lead to a little less than a whole number, as for 49ths; the 0.5 is more than that.
    """
    share, whole = fraction.numerator, fraction.denominator
    return motion.mul(2 * share).add_(whole + 0.5).div_(2 * whole).floor_()


def _sampled(picture: Tensor, shift: Tensor) -> Tensor:
    """A picture between its pixels, bilinearly, rounded; half is rounded up. Outside of it counts its border.

    The sum that is rounded is a whole number of 1 / UNIT ** 2; half of that is added to keep what float64 rounds away
    from any border between two numbers.
    """
    height, width = picture.shape[2:]
    places = shift.new_empty(len(shift), height, width, 2)  # pixels are cells of [-1, 1]
    for axis, (side, at) in enumerate(((width, (-1,)), (height, (-1, 1)))):
        torch.add(_middles(side, shift.device).view(at), shift[:, axis], alpha=2 / (UNIT * side), out=places[..., axis])
    return sample(picture, places, "bilinear").add_(0.5 + 0.5 / UNIT**2).floor_()


@lru_cache(maxsize=64)
def _middles(count: int, device: torch.device) -> Tensor:
    """Middles of a number of cells that divide [-1, 1], float64."""
    return (2 * torch.arange(count, dtype=torch.float64, device=device) + 1) / count - 1


def _reduced(luma: Tensor, side: int) -> Tensor:
    """Means of luma over cells of `side` x `side` pixels, of LUMA_BITS bits; the border is repeated to whole cells."""
    height, width = luma.shape[2:]
    whole = F.pad(luma.double(), (0, -width % side, 0, -height % side), mode="replicate")
    sums = F.avg_pool2d(whole, side, divisor_override=1)
    return divided(sums * (1 << LUMA_BITS - depth_of(luma)), side * side)


def _pyramid(picture: Tensor) -> list[Tensor]:
    """A picture, then the picture at half its size again and again, down to the coarsest."""
    scales = [picture]
    while min(scales[-1].shape[2:]) >= 2 * COARSEST_SIDE:
        blurred = F.pad(scales[-1], (2, 2, 2, 2), mode="replicate")
        for dim in (3, 2):
            for _ in range(4):  # four sums of two are 1, 4, 6, 4, 1
                blurred = window_sum(blurred, 2, dim)
        scales.append(divided(F.avg_pool2d(blurred, 2, divisor_override=1) + 512, 1024))
    return scales


def _enlarged(motion: Tensor, factor: int, height: int, width: int) -> Tensor:
    """Motion at a size `factor` times as large, or a little more or less, bilinearly; exact where `factor` is a power
    of two.
    """
    large = factor * F.interpolate(motion, scale_factor=factor, mode="bilinear", align_corners=False)
    return F.pad(large, (0, width - large.shape[3], 0, height - large.shape[2]), mode="replicate")
