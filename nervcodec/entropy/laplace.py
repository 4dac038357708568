"""Shares of a Laplace law in whole numbers, for centres between integers, so that every machine has the same ones.

docs/bitstream.md is normative.
"""

from functools import lru_cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from nervcodec.entropy.priors import FRACTION_BITS, exp_minus

SCALES = 48
"""Number of scales: scale i is a law proportional to exp(-|x| / b), b = 2^(i / 4 - 4) symbols."""
EIGHTHS = 8
"""Positions of the centre from one integer to the next: 4 eighths below an integer to 3 above it."""
POWER_BITS = 31
"""Fractional bits of powers; products of two then have 62 bits."""
SHARE_BITS = 16
"""Bits of the sum of the shares of a law."""


@lru_cache(maxsize=8)
def laplace_shares(reach: int) -> NDArray[np.int32]:
    """Shares, in 2^-16, `[SCALES, EIGHTHS, 2 * reach + 1]` of the integers from -reach to reach around the centre's."""
    powers = _powers(EIGHTHS * (reach + 2))
    beyond = np.stack([_beyond(powers, eighths - EIGHTHS // 2, reach) for eighths in range(EIGHTHS)], axis=1)
    below = np.stack([_beyond(powers, EIGHTHS // 2 - eighths, reach) for eighths in range(EIGHTHS)], axis=1)
    above, under = (tails[..., :-1] - tails[..., 1:] for tails in (beyond, below))
    middle = (1 << POWER_BITS + 1) - beyond[..., :1] - below[..., :1]
    both = np.concatenate([under[..., ::-1], middle, above], axis=-1)
    shares: NDArray[np.int32] = (both >> POWER_BITS + 1 - SHARE_BITS).astype(np.int32)
    return shares


def _beyond(powers: NDArray[np.int64], eighths: int, reach: int) -> NDArray[np.int64]:
    """Twice the probability, in 2^-31, of what lies beyond 1/2, 3/2 ... above the integer next to the centre."""
    return powers[:, EIGHTHS // 2 - eighths :: EIGHTHS][:, : reach + 1]


def _powers(count: int) -> NDArray[np.int64]:
    """Powers 0, 1 ... of exp(-1 / (8 b)), with 31 fractional bits, of each scale."""
    root = isqrt(isqrt(2 << 2 * FRACTION_BITS) << FRACTION_BITS)  # 2^(1/4)
    exponent, thetas = 2 << FRACTION_BITS, []  # 1 / (8 b) = 2^(1 - i / 4)
    for _ in range(SCALES):
        thetas.append(exp_minus(exponent) >> FRACTION_BITS - POWER_BITS)
        exponent = (exponent << FRACTION_BITS) // root
    theta, powers = np.array(thetas, np.int64), [np.full(SCALES, 1 << POWER_BITS, np.int64)]
    for _ in range(count - 1):
        powers.append(powers[-1] * theta >> POWER_BITS)
    return np.stack(powers, axis=1)
