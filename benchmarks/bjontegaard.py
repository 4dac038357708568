"""BD-rate: how many more bits one codec needs than another at equal PSNR."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
SAMPLES = 1000


def bd_rate(anchor: list[dict[str, Any]], test: list[dict[str, Any]]) -> float | None:
    """Percent of bits that `test` needs more (less, if negative) than `anchor`, over the range of PSNR they share.

    Points have `psnr_db` and `bits_per_pixel`; None where the curves share less than half a decibel.
    """
    curves = [sorted((p["psnr_db"], np.log(p["bits_per_pixel"])) for p in points) for points in (anchor, test)]
    low = max(curve[0][0] for curve in curves)
    high = min(curve[-1][0] for curve in curves)
    if high - low < 0.5:
        return None
    at = np.linspace(low, high, SAMPLES)
    logs = [monotone_cubic(np.array(curve)[:, 0], np.array(curve)[:, 1], at) for curve in curves]
    return float(100 * np.expm1((logs[1] - logs[0]).mean()))


def monotone_cubic(x: Values, y: Values, at: Values) -> Values:
    """The piecewise cubic Hermite interpolation of Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5, 1984)."""
    h, slope = np.diff(x), np.diff(y) / np.diff(x)
    tangent = np.empty_like(y)
    tangent[1:-1] = _inner_tangents(h, slope)
    tangent[0] = _end_tangent(h[0], h[min(1, len(h) - 1)], slope[0], slope[min(1, len(h) - 1)])
    tangent[-1] = _end_tangent(h[-1], h[max(len(h) - 2, 0)], slope[-1], slope[max(len(h) - 2, 0)])
    i = np.clip(np.searchsorted(x, at) - 1, 0, len(h) - 1)
    t = (at - x[i]) / h[i]
    value: Values = (
        (1 + 2 * t) * (1 - t) ** 2 * y[i]
        + t * (1 - t) ** 2 * h[i] * tangent[i]
        + t**2 * (3 - 2 * t) * y[i + 1]
        + t**2 * (t - 1) * h[i] * tangent[i + 1]
    )
    return value


def _inner_tangents(h: Values, slope: Values) -> Values:
    left, right = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    agree = slope[1:] * slope[:-1] > 0
    safe = np.where(agree, slope[1:] * slope[:-1], 1)
    harmonic: Values = np.where(agree, (left + right) * safe / (left * slope[1:] + right * slope[:-1] + ~agree), 0.0)
    return harmonic


def _end_tangent(h: float, following: float, slope: float, next_slope: float) -> float:
    tangent = ((2 * h + following) * slope - h * next_slope) / (h + following)
    if tangent * slope <= 0:
        return 0.0
    return 3 * slope if slope * next_slope <= 0 and abs(tangent) > 3 * abs(slope) else tangent
