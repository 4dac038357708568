"""Choosing the prior that codes given symbols in the fewest bits. Encoder only, so floating point is welcome."""

from math import log2

import numpy as np
from numpy.typing import NDArray

from nervcodec.entropy.priors import FAMILIES, LOWEST_SCALE_LOG2, SCALES, SPIKES, Prior, frequencies

Symbols = NDArray[np.int32]


def cheapest_prior(symbols: Symbols, magnitude: int) -> Prior:
    """The best prior of a magnitude near the ones that the moments of the symbols suggest."""
    if magnitude == 0:
        return Prior(0)
    histogram = np.bincount(symbols + magnitude, minlength=2 * magnitude + 1)
    variance = float((symbols.astype(np.float64) ** 2).mean())
    start = round(8 * (log2(max(variance, 1e-3)) / 2 - LOWEST_SCALE_LOG2))
    found = [
        _climb(histogram, family, min(max(start, 0), SCALES - 1), spiked=spiked)
        for family in range(len(FAMILIES))
        for spiked in (False, True)
    ]
    return min(found, key=lambda prior: _histogram_bits(histogram, prior))


def cost_bits(symbols: Symbols, prior: Prior) -> float:
    """Ideal code length of the symbols under a prior."""
    if prior.magnitude == 0:
        return 0.0
    return _histogram_bits(np.bincount(symbols + prior.magnitude, minlength=2 * prior.magnitude + 1), prior)


def _climb(histogram: NDArray[np.int64], family: int, start: int, *, spiked: bool) -> Prior:
    """The prior of a family whose scale no neighbour beats, going from `start`."""

    def prior(scale: int) -> Prior:
        magnitude = len(histogram) // 2
        return Prior(magnitude, family, scale, _spike(histogram, family, scale) if spiked else 0)

    best, cost = prior(start), _histogram_bits(histogram, prior(start))
    for direction in (-1, 1):
        scale = start + direction
        while 0 <= scale < SCALES and _histogram_bits(histogram, prior(scale)) < cost:
            best, cost = prior(scale), _histogram_bits(histogram, prior(scale))
            scale += direction
    return best


def _spike(histogram: NDArray[np.int64], family: int, scale: int) -> int:
    """The spike that makes zeros as probable as they are frequent."""
    magnitude = len(histogram) // 2
    law = frequencies(Prior(magnitude, family, scale))
    own, zeros = float(law[magnitude] / law.sum()), float(histogram[magnitude] / histogram.sum())
    return min(max(round(SPIKES * (zeros - own) / (1 - own)), 0), SPIKES - 1)


def _histogram_bits(histogram: NDArray[np.int64], prior: Prior) -> float:
    law = frequencies(prior)
    return float(histogram.sum() * np.log2(law.sum()) - histogram @ np.log2(law))
