"""Choosing the priors that code given symbols in the fewest bits. Encoder only, so floating point is welcome."""

from functools import lru_cache
from math import log2

import numpy as np
from numpy.typing import NDArray

from nervcodec.entropy.priors import FAMILIES, LOWEST_SCALE_LOG2, SCALES, SPIKES, Prior, frequencies

Symbols = NDArray[np.int32]
Counts = NDArray[np.int64]
Bits = NDArray[np.float64]

MOST_KEPT = 63
"""Laws of larger magnitudes are rare and long, so they are made anew each time."""
REACH = 8
"""Scales are tried up to an octave away from what the moments of the symbols suggest."""


def count_symbols(symbols: Symbols, parts: NDArray[np.integer], count: int) -> Counts:
    """Histograms `[count, 2 * magnitude + 1]` of the symbols of each part."""
    magnitude = int(np.abs(symbols).max())
    width = 2 * magnitude + 1
    cells = parts.ravel().astype(np.int64) * width + symbols.ravel() + magnitude
    return np.bincount(cells, minlength=count * width).reshape(count, width)


def cheapest_priors(counts: Counts) -> list[Prior]:
    """The best prior of each row of symbol counts, among scales near the ones that its moments suggest."""
    magnitude = counts.shape[1] // 2
    if magnitude == 0:
        return [Prior(0)] * len(counts)
    total = np.maximum(counts.sum(axis=1), 1)
    offsets = np.arange(-magnitude, magnitude + 1, dtype=np.float64)
    start = np.round(8 * (np.log2(np.maximum(counts @ offsets**2 / total, 1e-3)) / 2 - LOWEST_SCALE_LOG2))
    lowest, highest = (int(np.clip(s, 0, SCALES - 1)) for s in (start.min() - REACH, start.max() + REACH))
    find = _kept_candidates if magnitude <= MOST_KEPT else _candidates
    candidates, laws, logarithms = find(magnitude, lowest, highest)
    zeros, own = counts[:, magnitude, None], laws[None, :, magnitude]
    spikes = np.clip(np.round(SPIKES * (zeros / total[:, None] - own) / (1 - own)), 0, SPIKES - 1)
    bare = -counts @ logarithms.T
    kept = 1 - spikes / SPIKES
    spiked = bare - (total[:, None] - zeros) * np.log2(kept) - zeros * np.log2(kept + (1 - kept) / own)
    best = np.where(spiked < bare, spiked, bare).argmin(axis=1)
    return [
        Prior(
            magnitude, candidates[i].family, candidates[i].scale, int(spikes[row, i] * (spiked[row, i] < bare[row, i]))
        )
        for row, i in enumerate(best)
    ]


def _candidates(magnitude: int, lowest: int, highest: int) -> tuple[list[Prior], Bits, Bits]:
    """Priors of all scales from the lowest to the highest, their probabilities, and the logarithms of these."""
    scales = range(lowest, highest + 1)
    candidates = [Prior(magnitude, family, scale) for family in range(len(FAMILIES)) for scale in scales]
    laws = np.stack([frequencies(prior) for prior in candidates])
    laws /= laws.sum(axis=1, keepdims=True)
    return candidates, laws, np.log2(laws)


_kept_candidates = lru_cache(maxsize=256)(_candidates)


@lru_cache(maxsize=256)
def symbol_bits(prior: Prior) -> Bits:
    """Ideal code length of each symbol from -magnitude to magnitude."""
    law = frequencies(prior)
    return log2(law.sum()) - np.log2(law)


def coded_bits(counts: Counts, priors: list[Prior]) -> float:
    """Ideal code length of all counted symbols, row by row, under a prior each."""
    return float(sum(row @ symbol_bits(prior) for row, prior in zip(counts, priors, strict=True)))
