from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from nervcodec.entropy.fitting import cheapest_priors, code_lengths, coded_bits, count_symbols
from nervcodec.entropy.priors import Prior, frequencies

RNG = np.random.default_rng(1)
SAMPLES = 50_000


def entropy_bits(symbols: np.ndarray[tuple[int], np.dtype[np.int32]]) -> float:
    _, counts = np.unique(symbols, return_counts=True)
    return float(-(counts * np.log2(counts / counts.sum())).sum())


@pytest.mark.parametrize(
    "values",
    [
        RNG.normal(0, 25, SAMPLES),
        RNG.laplace(0, 4, SAMPLES),
        RNG.normal(0, 30, SAMPLES) * (RNG.random(SAMPLES) > 0.3),
        RNG.laplace(0, 0.4, SAMPLES),
    ],
    ids=["gaussian", "laplace", "pruned", "narrow"],
)
def test_within_one_percent_of_the_empirical_entropy(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    symbols = np.round(values).astype(np.int32)
    counts = count_symbols(symbols, np.zeros_like(symbols), 1)
    assert coded_bits(counts, cheapest_priors(counts)) < 1.01 * entropy_bits(symbols)


def test_parts_are_fitted_one_by_one() -> None:
    narrow, wide = (np.round(RNG.normal(0, s, 5000)).astype(np.int32) for s in (1, 30))
    symbols, classes = np.concatenate([narrow, wide]), np.repeat([0, 1], 5000)
    counts = count_symbols(symbols, classes, 3)
    assert counts.sum(axis=1).tolist() == [5000, 5000, 0]
    priors = cheapest_priors(counts)
    assert coded_bits(counts, priors) < 1.01 * (entropy_bits(narrow) + entropy_bits(wide))
    best = min(coded_bits(counts[:1], [replace(priors[0], scale=s)]) for s in range(10, 40))
    assert coded_bits(counts[:1], priors[:1]) == pytest.approx(best)


def test_corner_cases() -> None:
    assert cheapest_priors(np.array([[10]])) == [Prior(0)]
    assert coded_bits(np.eye(1, 81, 40, dtype=int) * 10, cheapest_priors(np.eye(1, 81, 40, dtype=int) * 10)) < 0.01
    for values in ([5], [0, 0, 0, 9], [-32768]):
        counts = count_symbols(np.array(values, np.int32), np.zeros(len(values), int), 1)
        assert np.isfinite(coded_bits(counts, cheapest_priors(counts)))


def test_code_lengths_are_those_of_the_coders_tables() -> None:
    steps = product((0, 1), (5, 40, 70), (0, 3, 200))
    priors = tuple(Prior(60, family, scale, spike) for family, scale, spike in steps)
    for prior, lengths in zip(priors, code_lengths(priors), strict=True):
        law = frequencies(prior)
        exact = np.log2(law.sum()) - np.log2(law)
        assert lengths.tolist() == pytest.approx(exact[60:].tolist(), abs=2e-3)
        share = law / law.sum()
        assert share[60:] @ lengths == pytest.approx(share[60:] @ exact[60:], rel=1e-5)
