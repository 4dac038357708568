"""Probability tables of symbols, made of integers alone, so that every machine makes the same ones.

A prior is a sampled Laplace or Gaussian law, P(k) proportional to theta^|k| or theta^(k*k), with an extra share of
probability on zero for pruned tensors. Its scale comes from a table of 2^(1/8) steps. All arithmetic below is on
Python's integers in fixed point with 48 fractional bits; docs/bitstream.md is normative.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import isqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FRACTION_BITS = 48
ONE = 1 << FRACTION_BITS
TOTAL_BITS = 24
"""Bits of the sum of all frequencies, about 2^24; every symbol of the support has a frequency of at least 1."""
SCALES = 128
LOWEST_SCALE_LOG2 = -3
"""Logarithm of the first scale to the base 2; scale i is a standard deviation of 2^(i/8 - 3) symbols."""
SPIKES = 256
MAX_MAGNITUDE = 1 << 15

Family = Literal["laplace", "gaussian"]
FAMILIES: tuple[Family, ...] = ("laplace", "gaussian")
"""Families of laws; positions are wire ids, so names may only be appended."""


@dataclass(frozen=True)
class Prior:
    """Probabilities of the symbols in [-magnitude, magnitude]."""

    magnitude: int
    """Largest magnitude of a symbol; with 0 every symbol is zero and costs nothing, and the other fields are 0."""
    family: int = 0
    scale: int = 0
    spike: int = 0
    """Share of probability, in 256ths, that is on zero besides the law's own."""


def frequencies(prior: Prior) -> NDArray[np.float64]:
    """Frequency of each symbol from -magnitude to magnitude: whole numbers, exact in float64."""
    side = 1 + (_shares(prior.magnitude, prior.family, prior.scale) * (SPIKES - prior.spike) >> 8)
    side[0] += prior.spike << TOTAL_BITS - 8
    return np.concatenate([side[:0:-1], side]).astype(np.float64)


@lru_cache(maxsize=4096)
def _shares(magnitude: int, family: int, scale: int) -> NDArray[np.int64]:
    """Share of the law, in 2^-24, of each symbol from 0 to magnitude, rounded down."""
    law, power = [], ONE
    theta = _theta(FAMILIES[family], scale)
    ratio = theta  # P(k + 1) / P(k): theta for Laplace, theta^(2k + 1) for Gauss
    growth = ONE if FAMILIES[family] == "laplace" else theta * theta >> FRACTION_BITS
    for _ in range(magnitude + 1):
        law.append(power)
        power = power * ratio >> FRACTION_BITS
        ratio = ratio * growth >> FRACTION_BITS
    total = 2 * sum(law) - law[0]
    return np.array([(p << TOTAL_BITS) // total for p in law], dtype=np.int64)


def _theta(family: Family, scale: int) -> int:
    """exp(-sqrt(2) / d) for Laplace and exp(-1 / (2 d^2)) for Gauss, d = 2^(scale / 8 - 3), with 48 fractional bits."""
    eighth = 2 << 2 * FRACTION_BITS
    for _ in range(3):
        eighth = isqrt(eighth) << FRACTION_BITS
    eighth >>= FRACTION_BITS  # 2^(1/8)
    d = ONE
    for _ in range(scale % 8):
        d = d * eighth >> FRACTION_BITS
    d = d << scale // 8 >> -LOWEST_SCALE_LOG2
    if family == "laplace":
        return exp_minus(isqrt(2 << 2 * FRACTION_BITS) * ONE // d)
    return exp_minus((ONE << FRACTION_BITS + FRACTION_BITS) // (2 * d * d))


def exp_minus(x: int) -> int:
    """exp(-x) in fixed point: the series at x / 2^16, squared 16 times."""
    x >>= 16
    result = term = ONE
    for n in range(1, 5):
        term = -(term * x >> FRACTION_BITS) // n
        result += term
    for _ in range(16):
        result = result * result >> FRACTION_BITS
    return result
