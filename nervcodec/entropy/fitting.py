"""Choosing the prior that codes given symbols in the fewest bits. Encoder only, so floating point is welcome."""

from collections.abc import Iterator
from math import log2

import numpy as np
from numpy.typing import NDArray

from nervcodec.entropy.priors import FAMILIES, LOWEST_SCALE_LOG2, SCALES, SPIKES, Prior, frequencies

Symbols = NDArray[np.int32]


def cheapest_prior(symbols: Symbols) -> Prior:
    """The best prior near the one that the moments of the symbols suggest."""
    magnitude = int(np.abs(symbols).max(initial=0))
    if magnitude == 0:
        return Prior(0)
    histogram = np.bincount(symbols + magnitude, minlength=2 * magnitude + 1)
    priors = list(_candidates(symbols, magnitude))
    costs = [_histogram_bits(histogram, prior) for prior in priors]
    return priors[int(np.argmin(costs))]


def cost_bits(symbols: Symbols, prior: Prior) -> float:
    """Ideal code length of the symbols under a prior."""
    if prior.magnitude == 0:
        return 0.0
    return _histogram_bits(np.bincount(symbols + prior.magnitude, minlength=2 * prior.magnitude + 1), prior)


def _candidates(symbols: Symbols, magnitude: int) -> Iterator[Prior]:
    occupied = symbols[symbols != 0]
    zeros = 1 - len(occupied) / len(symbols)
    for explained in (symbols, occupied):  # without and with a spike that explains the zeros
        values = explained.astype(np.float64)
        spreads = {"laplace": 2**0.5 * np.abs(values).mean(), "gaussian": (values**2).mean() ** 0.5}
        for family, name in enumerate(FAMILIES):
            nearest = round(8 * (log2(max(spreads[name], 1e-3)) - LOWEST_SCALE_LOG2))
            for near in range(nearest - 1, nearest + 2):
                scale = min(max(near, 0), SCALES - 1)
                plain = Prior(magnitude, family, scale)
                yield plain
                law = frequencies(plain)
                own = law[magnitude] / law.sum()
                spike = round(SPIKES * (zeros - own) / (1 - own)) if own < 1 else 0
                if 0 < spike < SPIKES:
                    yield Prior(magnitude, family, scale, spike)


def _histogram_bits(histogram: NDArray[np.int64], prior: Prior) -> float:
    law = frequencies(prior)
    return float(histogram.sum() * np.log2(law.sum()) - histogram @ np.log2(law))
