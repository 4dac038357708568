import numpy as np
import pytest
from numpy.typing import NDArray

from nervcodec.entropy.laplace import EIGHTHS, SCALES, SHARE_BITS, _powers, laplace_shares
from tests.plain_mixing import powers, share_of

MIDDLE = EIGHTHS // 2


def below(x: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distribution function of a Laplace law around 0."""
    tail = np.exp(-np.abs(x) / scale) / 2
    return np.where(x < 0, tail, 1 - tail)


@pytest.mark.parametrize("reach", [0, 1, 24, 200])
def test_shares_are_those_of_the_law(reach: int) -> None:
    scale = 2 ** (np.arange(SCALES)[:, None, None] / 4 - 4)
    away = np.arange(-reach, reach + 1) - (np.arange(EIGHTHS)[:, None] - MIDDLE) / EIGHTHS
    expected = below(away + 0.5, scale) - below(away - 0.5, scale)
    assert np.abs(laplace_shares(reach) / 2**SHARE_BITS - expected).max() < 2 * 2**-SHARE_BITS


@pytest.mark.parametrize("scale", [0, 1, 20, 46, 47])
def test_shares_are_those_of_integers_of_any_size(scale: int) -> None:
    found = laplace_shares(510)[scale]
    for eighths, row in enumerate(found.tolist()):
        assert row == [share_of(scale, eighths - MIDDLE, k) for k in range(-510, 511)]


def test_powers_are_those_of_integers_of_any_size() -> None:
    count = EIGHTHS * 511
    assert _powers(count).tolist() == [powers(scale)[:count] for scale in range(SCALES)]


def test_a_longer_reach_adds_shares_and_changes_none() -> None:
    np.testing.assert_array_equal(laplace_shares(510)[..., 510 - 9 : 510 + 10], laplace_shares(9))


def test_shares_are_a_law() -> None:
    shares = laplace_shares(510)
    assert shares.min() >= 0
    sums = shares.sum(axis=-1)
    assert sums.max() <= 1 << SHARE_BITS
    assert sums[:32].min() > (1 << SHARE_BITS) - shares.shape[-1]
    assert (np.diff(shares[..., 510:]) <= 0).all()
    np.testing.assert_array_equal(shares[:, MIDDLE + 3], shares[:, MIDDLE - 3, ::-1])
