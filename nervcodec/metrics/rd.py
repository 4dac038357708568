"""Distance between two rate-distortion curves.

Bjontegaard's mean differences (ITU-T SG16 VCEG-M33, 2001): curves are interpolated, integrated over what they share,
and the difference of the areas is divided by its length. As in the practice of JCT-VC and later, the interpolation is
piecewise cubic and monotonic (PCHIP) instead of one cubic through four points.

A curve is a sequence of points (rate, quality) in any order: rate in bits per pixel or second, quality in decibels or
on another scale that grows with quality. Only points that are worth choosing count: a point that costs at least as much
as another and is not better is left out, as are points without a finite logarithm of the rate or a finite quality.
"""

import math
from collections.abc import Sequence

from nervcodec.extras import needing

Point = tuple[float, float]

SHARED_QUALITY = 0.5
"""Decibels of quality that two curves must share for their rates to be compared."""
SHARED_OCTAVES = 0.1
"""Octaves of rate that two curves must share for their qualities to be compared."""
DECIBEL_CAP = 100.0
"""Decibels of an MS-SSIM of 1, and of the PSNR of equal pictures."""


def bd_rate(anchor: Sequence[Point], test: Sequence[Point], *, shared: float = SHARED_QUALITY) -> float | None:
    """Percentage of bits that `test` needs more (less, if negative) than `anchor` at equal quality.

    None where the curves share less than `shared` of quality, or one has fewer than two points that count. Raises
    RequestError without SciPy.
    """
    a, b = ([(quality, math.log(rate)) for rate, quality in envelope(points)] for points in (anchor, test))
    difference = _mean_difference(a, b, shared)
    return None if difference is None else 100 * math.expm1(difference)


def bd_quality(anchor: Sequence[Point], test: Sequence[Point], *, shared: float = SHARED_OCTAVES) -> float | None:
    """Quality that `test` gains (loses, if negative) over `anchor` at equal rate: BD-PSNR in dB, where quality is PSNR.

    None where the curves share less than `shared` octaves of rate, or one has fewer than two points that count. Raises
    RequestError without SciPy.
    """
    a, b = ([(math.log2(rate), quality) for rate, quality in envelope(points)] for points in (anchor, test))
    return _mean_difference(a, b, shared)


def envelope(points: Sequence[Point]) -> list[Point]:
    """The points that count, from the cheapest to the most expensive: both figures rise strictly."""
    kept: list[Point] = []
    usable = (p for p in points if p[0] > 0 and math.isfinite(p[0]) and math.isfinite(p[1]))
    for rate, quality in sorted(usable, key=lambda p: (p[0], -p[1])):
        if not kept or quality > kept[-1][1]:
            kept.append((rate, quality))
    return kept


def ms_ssim_decibels(index: float) -> float:
    """MS-SSIM (at most 1) as -10 log10(1 - x), at most 100, a scale where equal steps look about equally large."""
    return -10 * math.log10(max(1 - index, 10 ** (-DECIBEL_CAP / 10)))


def _mean_difference(anchor: Sequence[Point], test: Sequence[Point], shared: float) -> float | None:
    """Mean of test minus anchor over the shared range of the first coordinate."""
    if min(len(anchor), len(test)) < 2:
        return None
    low, high = max(anchor[0][0], test[0][0]), min(anchor[-1][0], test[-1][0])
    if high - low < shared:
        return None
    with needing("bench"):
        from scipy.interpolate import PchipInterpolator
    areas = [PchipInterpolator(*zip(*curve, strict=True)).integrate(low, high) for curve in (anchor, test)]
    return float((areas[1] - areas[0]) / (high - low))
