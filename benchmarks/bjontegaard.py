"""BD-rate: how many more bits one codec needs than another at equal PSNR."""

from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator


def bd_rate(anchor: list[dict[str, Any]], test: list[dict[str, Any]]) -> float | None:
    """Percent of bits that `test` needs more (less, if negative) than `anchor`, over the range of PSNR they share.

    Points have `psnr_db` and `bits_per_pixel`; None where the curves share less than half a decibel.
    """
    curves = [sorted((p["psnr_db"], np.log(p["bits_per_pixel"])) for p in points) for points in (anchor, test)]
    low = max(curve[0][0] for curve in curves)
    high = min(curve[-1][0] for curve in curves)
    if high - low < 0.5:
        return None
    areas = [PchipInterpolator(*zip(*curve, strict=True)).integrate(low, high) for curve in curves]
    return float(100 * np.expm1((areas[1] - areas[0]) / (high - low)))
