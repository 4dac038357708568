"""Motion, frames between and the temporal filter by a second, plain implementation in NumPy, with pixel coordinates
written out; motion is in integers."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nervcodec import motion as rules

Map = NDArray[np.int64]
HALF = Fraction(1, 2)


def motion_between(before: Map, after: Map, fraction: Fraction, bits: int = 8) -> NDArray[np.float64]:
    """Motion `[2, H, W]`, x and y in pixels, of two pictures of luma `[H, W]`, found at its time."""
    side = side_of(before)
    return in_pixels(estimate(before, after, fraction, bits, rules.FIRST_RULES), side, before.shape)


def motion_at(before: Map, after: Map, fraction: Fraction, bits: int = 8) -> NDArray[np.float64]:
    """Motion `[2, H, W]`, x and y in pixels, of two pictures of luma `[H, W]`, found half-way."""
    halfway = estimate(before, after, HALF, bits, rules.RULES)
    motion = halfway
    for _ in range(2 if fraction != HALF else 0):
        motion = np.stack([sampled(m, share(motion, HALF - fraction)) for m in halfway])
    return in_pixels(motion, side_of(before), before.shape)


def side_of(luma: Map) -> int:
    return next(side for pixels, side in rules.REDUCTIONS if luma.size <= pixels)


def in_pixels(motion: Map, side: int, size: tuple[int, ...]) -> NDArray[np.float64]:
    return np.stack([enlarged(m, side, size) for m in motion]) / (4 * side * rules.UNIT)


def estimate(before: Map, after: Map, fraction: Fraction, bits: int, chosen: rules.Rules) -> Map:
    """Motion `[2, h, w]` of reduced luma."""
    side = side_of(before)
    pairs = list(zip(*(pyramid(reduced(luma, side, bits)) for luma in (before, after)), strict=True))
    motion = np.zeros((2, *pairs[-1][0].shape), np.int64)
    for scale, (a, b) in reversed(list(enumerate(pairs))):
        if motion.shape[1:] != a.shape:
            motion = np.stack([(enlarged(m, 2, a.shape) + 4) // 8 for m in motion])
        for _ in range(rules.ITERATIONS if scale else rules.FINEST_ITERATIONS):
            moved = motion + step(a, b, motion, fraction, chosen)
            motion = np.stack([mean(m, rules.SMOOTHING) for m in moved])
        motion = np.stack([mean(m, rules.EDGES) for m in best(a, b, motion, fraction, chosen)])
    return motion


def plane_between(
    before: Map,
    after: Map,
    motion: NDArray[np.float64],
    fraction: Fraction,
    correction: NDArray[np.float64] | float = 0.0,
) -> Map:
    """The plane `[H, W]` of 8 bits between two, along their motion `[2, H, W]`, with a correction."""
    past = bicubic(before, -float(fraction) * motion)
    mixed = (1 - float(fraction)) * past + float(fraction) * bicubic(after, float(1 - fraction) * motion)
    plane: Map = np.floor(mixed + correction + 33 / 64).clip(0, 255).astype(np.int64)
    return plane


def filtered(
    planes: tuple[Map, ...], beside: Sequence[tuple[tuple[Map, ...], NDArray[np.float64]]], strength: int
) -> tuple[Map, ...]:
    """Planes Y, U, V of 8 bits, averaged with planes beside them, each with the motion `[2, H, W]` to it."""
    totals, weights = [plane.astype(float) for plane in planes], np.ones(planes[1].shape)
    for others, motion in beside:
        seen = [bicubic(others[0], motion), *(bicubic(plane, halved(motion)) for plane in others[1:])]
        weight = np.exp(mean_squares(seen[0] - planes[0]) / (-2 * (strength / 512 * 255) ** 2))
        totals = [total + of_plane(weight, total.shape) * plane for total, plane in zip(totals, seen, strict=True)]
        weights = weights + weight
    made = [total / of_plane(weights, total.shape) for total in totals]
    return tuple(np.rint(plane).clip(0, 255).astype(np.int64) for plane in made)


def mean_squares(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of squares over 2 x 2 pixels, then over 3 x 3 of these; borders are repeated."""
    height, width = difference.shape
    whole = np.pad(difference**2, ((0, height % 2), (0, width % 2)), mode="edge")
    cells = whole.reshape(whole.shape[0] // 2, 2, whole.shape[1] // 2, 2).mean(axis=(1, 3))
    near, (height, width) = np.pad(cells, 1, mode="edge"), cells.shape
    around = [near[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    means: NDArray[np.float64] = np.mean(around, axis=0)
    return means


def of_plane(weight: NDArray[np.float64], size: tuple[int, ...]) -> NDArray[np.float64]:
    """Weights of cells of 2 x 2 pixels as those of a plane: of chroma, or of luma."""
    return weight if weight.shape == size else weight.repeat(2, axis=0).repeat(2, axis=1)[: size[0], : size[1]]


def halved(motion: NDArray[np.float64]) -> NDArray[np.float64]:
    """The motion of chroma: means over 2 x 2 pixels, or those that are there, halved."""
    count, height, width = np.ones(motion.shape[1:]), *motion.shape[1:]
    padding = ((0, height % 2), (0, width % 2))
    sums = [
        np.pad(x, padding).reshape(-(-height // 2), 2, -(-width // 2), 2).sum(axis=(1, 3)) for x in (*motion, count)
    ]
    halves: NDArray[np.float64] = np.stack(sums[:2]) / sums[2] / 2
    return halves


def bicubic(plane: Map, shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """A plane seen from other places, by cubic convolution with a = -0.75; outside of it counts its border."""
    height, width = plane.shape
    x, y = np.arange(width) + shift[0], np.arange(height)[:, None] + shift[1]
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    total = np.zeros(plane.shape)
    for i in range(-1, 3):
        for j in range(-1, 3):
            value = plane[np.clip(top + i, 0, height - 1), np.clip(left + j, 0, width - 1)]
            total += cubic(y - top - i) * cubic(x - left - j) * value
    return total


def cubic(distance: NDArray[np.float64], a: float = -0.75) -> NDArray[np.float64]:
    d = abs(distance)
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    weights: NDArray[np.float64] = np.where(d <= 1, near, np.where(d < 2, a * (d**3 - 5 * d**2 + 8 * d - 4), 0))
    return weights


def reduced(luma: Map, side: int, bits: int) -> Map:
    height, width = luma.shape
    whole = np.pad(luma, ((0, -height % side), (0, -width % side)), mode="edge")
    cells = whole.reshape(whole.shape[0] // side, side, whole.shape[1] // side, side)
    means: Map = cells.sum(axis=(1, 3)) * 2 ** (rules.LUMA_BITS - bits) // side**2
    return means


def pyramid(picture: Map) -> list[Map]:
    scales = [picture]
    while min(scales[-1].shape) >= 2 * rules.COARSEST_SIDE:
        height, width = (length // 2 for length in scales[-1].shape)
        near = np.pad(scales[-1], 2, mode="edge")
        total = np.zeros((height, width), np.int64)
        for y, rows in enumerate((1, 5, 10, 10, 5, 1)):  # 1, 4, 6, 4, 1 and the same a pixel further, added
            for x, columns in enumerate((1, 5, 10, 10, 5, 1)):
                total += rows * columns * near[y : y + 2 * height : 2, x : x + 2 * width : 2]
        scales.append((total + 512) // 1024)
    return scales


def enlarged(values: Map, factor: int, size: tuple[int, ...]) -> Map:
    """Values, in units of 1 / (4 factor) of those given, at the centres of pixels, as parts of cells are bilinearly."""
    for axis, length in enumerate(size):
        last = values.shape[axis] - 1
        places = np.maximum(2 * np.arange(length) + 1 - factor, 0)
        first = np.minimum(places // (2 * factor), last)
        share = np.expand_dims(places - 2 * factor * first, 1 - axis)
        one, other = values.take(first, axis), values.take(np.minimum(first + 1, last), axis)
        values = one * (2 * factor - share) + other * share
    return values


def mean(values: Map, reaches: tuple[int, ...]) -> Map:
    for reach in reaches:
        side, (height, width) = 2 * reach + 1, values.shape
        near = np.pad(values, reach, mode="edge")
        total = np.zeros_like(values)
        for y in range(side):
            for x in range(side):
                total += near[y : y + height, x : x + width]
        values = (total + side**2 // 2) // side**2
    return values


def seen(a: Map, b: Map, motion: Map, fraction: Fraction) -> tuple[Map, Map]:
    past = share(motion, fraction)
    return sampled(a, -past), sampled(b, motion - past)


def share(motion: Map, fraction: Fraction) -> Map:
    return (2 * motion * fraction.numerator + fraction.denominator) // (2 * fraction.denominator)


def sampled(picture: Map, shift: Map) -> Map:
    unit, (height, width) = rules.UNIT, picture.shape
    x = np.clip(unit * np.arange(width) + shift[0], 0, unit * (width - 1))
    y = np.clip(unit * np.arange(height)[:, None] + shift[1], 0, unit * (height - 1))
    left, top = x // unit, y // unit
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    x, y = x - unit * left, y - unit * top
    above = picture[top, left] * (unit - x) + picture[top, right] * x
    below = picture[bottom, left] * (unit - x) + picture[bottom, right] * x
    rounded: Map = (above * (unit - y) + below * y + unit**2 // 2) // unit**2
    return rounded


def step(a: Map, b: Map, motion: Map, fraction: Fraction, chosen: rules.Rules) -> Map:
    seen_a, seen_b = seen(a, b, motion, fraction)
    share, whole = fraction.numerator, fraction.denominator
    between = np.pad(((whole - share) * seen_a + share * seen_b) // whole, 1, mode="edge")
    x, y = between[1:-1, 2:] - between[1:-1, :-2], between[2:, 1:-1] - between[:-2, 1:-1]
    apart = seen_b - seen_a
    weight = rules.WEIGHT * chosen.disagreement // (abs(apart) + chosen.disagreement)
    products = (x * x, x * y, y * y, 2 * x * apart, 2 * y * apart)
    xx, xy, yy, xr, yr = (mean(weight * p // (4 * rules.WEIGHT), chosen.window) for p in products)
    xx, yy = xx + chosen.damping, yy + chosen.damping
    determinant = xx * yy - xy * xy
    steps = [
        (2 * rules.UNIT * numerator + determinant) // (2 * determinant)
        for numerator in (xy * yr - yy * xr, xy * xr - xx * yr)
    ]
    limited: Map = np.clip(np.stack(steps), -rules.UNIT, rules.UNIT)
    return limited


def best(a: Map, b: Map, motion: Map, fraction: Fraction, chosen: rules.Rules) -> Map:
    reach, (height, width) = rules.NEARBY, a.shape
    near = np.pad(motion, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    found, least = motion, disagreement(a, b, motion, fraction)
    places = ((0, reach), (0, -reach), (reach, 0), (-reach, 0))
    others = [near[:, reach + y : reach + y + height, reach + x : reach + x + width] for y, x in places]
    for choice in (np.zeros_like(motion), *others):
        apart = disagreement(a, b, choice, fraction) + chosen.gain
        found, least = np.where(apart < least, choice, found), np.minimum(apart, least)
    return found


def disagreement(a: Map, b: Map, motion: Map, fraction: Fraction) -> Map:
    seen_a, seen_b = seen(a, b, motion, fraction)
    return mean(abs(seen_a - seen_b), rules.AGREEMENT)
