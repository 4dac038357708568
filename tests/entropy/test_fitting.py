import numpy as np
import pytest

from nervcodec.entropy.fitting import cheapest_prior, cost_bits
from nervcodec.entropy.priors import Prior

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
    assert cost_bits(symbols, cheapest_prior(symbols, int(np.abs(symbols).max()))) < 1.01 * entropy_bits(symbols)


def test_corner_cases() -> None:
    zeros = np.zeros(10, np.int32)
    assert cheapest_prior(zeros, 0) == Prior(0)
    assert cost_bits(zeros, cheapest_prior(zeros, 40)) < 0.01
    for symbols in (np.array([5], np.int32), np.array([0, 0, 0, 9], np.int32), np.array([-32768], np.int32)):
        prior = cheapest_prior(symbols, int(np.abs(symbols).max()))
        assert np.isfinite(cost_bits(symbols, prior))
