"""Choice of the priors that code given symbols in the fewest bits, in the encoder only and so in floating point."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nervcodec.entropy.priors import FAMILIES, LOWEST_SCALE_LOG2, SCALES, SPIKES, TOTAL_BITS, Prior

Symbols = NDArray[np.int32]
Counts = NDArray[np.int64]
Bits = NDArray[np.float64]

REACH = 8
"""Number of scales, an octave, that are tried on each side of what the mean squares of the symbols suggest."""


def count_symbols(symbols: Symbols, classes: NDArray[np.integer], count: int) -> Counts:
    """Histograms `[count, 2 * magnitude + 1]` of the symbols of each class."""
    magnitude = int(np.abs(symbols).max())
    width = 2 * magnitude + 1
    cells = classes.ravel().astype(np.int64) * width + symbols.ravel() + magnitude
    return np.bincount(cells, minlength=count * width).reshape(count, width)


def cheapest_priors(counts: Counts) -> list[Prior]:
    """The prior of fewest bits for each row of symbol counts, with a scale near what mean squares suggest."""
    magnitudes = _of_magnitudes(counts)
    largest = magnitudes.shape[1] - 1
    if largest == 0:
        return [Prior(0)] * len(counts)
    total = np.maximum(magnitudes.sum(axis=1), 1)
    moments = magnitudes @ np.arange(largest + 1, dtype=np.float64) ** 2 / total
    start = np.round(8 * (np.log2(np.maximum(moments, 1e-3)) / 2 - LOWEST_SCALE_LOG2))
    lowest, highest = (min(max(int(s), 0), SCALES - 1) for s in (start.min() - REACH, start.max() + REACH))
    families, scales = (axis.ravel() for axis in np.mgrid[: len(FAMILIES), lowest : highest + 1])
    lengths = _lengths(largest, families, scales, np.zeros_like(scales))
    zeros, own = magnitudes[:, :1], np.exp2(-lengths[:, 0])
    spikes = np.clip(np.round(SPIKES * (zeros / total[:, None] - own) / (1 - own)), 0, SPIKES - 1)
    bare = magnitudes @ lengths.T
    kept = 1 - spikes / SPIKES
    spiked = bare - (total[:, None] - zeros) * np.log2(kept) - zeros * np.log2(kept + (1 - kept) / own)
    best = np.where(spiked < bare, spiked, bare).argmin(axis=1)
    spike = np.take_along_axis(np.where(spiked < bare, spikes, 0), best[:, None], axis=1)[:, 0]
    found = zip(families[best].tolist(), scales[best].tolist(), spike.astype(int).tolist(), strict=True)
    return [Prior(largest, *which) for which in found]


@lru_cache(maxsize=1)  # they are asked for twice, to choose a form and to charge by it
def code_lengths(priors: tuple[Prior, ...]) -> Bits:
    """Bits `[len(priors), magnitude + 1]` of a symbol of each magnitude; all priors have the same largest magnitude."""
    return _lengths(priors[0].magnitude, *np.array([(p.family, p.scale, p.spike) for p in priors]).T)


def _lengths(largest: int, families: Counts, scales: Counts, spikes: Counts) -> Bits:
    """Code lengths by the laws of `nervcodec.entropy.priors`, in floating point: some frequencies are off by one."""
    deviations = np.exp2(scales / 8 + LOWEST_SCALE_LOG2)
    away = np.arange(largest + 1) / deviations[:, None]
    is_laplace = families[:, None] == FAMILIES.index("laplace")
    law = np.exp(-np.where(is_laplace, np.sqrt(2) * away, away**2 / 2))
    shares = np.floor(law / (2 * law.sum(axis=1, keepdims=True) - 1) * 2**TOTAL_BITS)
    side = 1 + np.floor(shares * (1 - spikes[:, None] / SPIKES))
    side[:, 0] += spikes * 2**TOTAL_BITS / SPIKES
    lengths: Bits = np.log2(2 * side.sum(axis=1) - side[:, 0])[:, None] - np.log2(side)
    return lengths


def coded_bits(counts: Counts, priors: Sequence[Prior]) -> float:
    """Ideal code length in bits of all counted symbols, with one prior for each row."""
    return float((_of_magnitudes(counts) * code_lengths(tuple(priors))).sum())


def _of_magnitudes(counts: Counts) -> Counts:
    """Counts `[rows, magnitude + 1]` of symbols by their magnitude."""
    middle = counts.shape[1] // 2
    folded = counts[:, middle:].copy()
    folded[:, 1:] += counts[:, middle - 1 :: -1] if middle else 0
    return folded
