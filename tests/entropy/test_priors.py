import hashlib
from math import exp

import numpy as np
import pytest

from nervcodec.entropy.priors import FAMILIES, Prior, frequencies

PRIORS = [
    Prior(1, 0, 0),
    Prior(127, 0, 40),
    Prior(127, 1, 47),
    Prior(90, 1, 30, 25),
    Prior(254, 0, 61, 255),
    Prior(2047, 1, 90),
    Prior(32768, 0, 127),
]


def test_tables_never_change() -> None:
    digest = hashlib.sha256()
    for prior in PRIORS:
        digest.update(frequencies(prior).astype("<f8").tobytes())
    assert digest.hexdigest() == "14aa5245e0ac11b5a7b60ed69b45b482a62e42a7349a291a5e8244a6f873734b"


@pytest.mark.parametrize("prior", PRIORS)
def test_tables_are_whole_symmetric_and_leave_nothing_out(prior: Prior) -> None:
    table = frequencies(prior)
    assert len(table) == 2 * prior.magnitude + 1
    assert (table >= 1).all()
    assert (table == np.round(table)).all()
    assert (table == table[::-1]).all()
    assert 2**24 <= table.sum() + prior.magnitude * 2 + 1 <= 2**24 + 4 * prior.magnitude + 2


@pytest.mark.parametrize("scale", [8, 24, 40, 56, 80])
def test_tables_follow_their_laws(scale: int) -> None:
    magnitude = 300
    k = np.arange(-magnitude, magnitude + 1)
    d = 2 ** (scale / 8 - 3)
    laws = {"laplace": exp(-(2**0.5) / d) ** np.abs(k), "gaussian": np.exp(-(k**2) / (2 * d**2))}
    for family, name in enumerate(FAMILIES):
        table = frequencies(Prior(magnitude, family, scale))
        expected = laws[name] / laws[name].sum()
        np.testing.assert_allclose(table / table.sum(), expected, atol=2e-6, rtol=1e-3)


def test_a_spike_adds_its_share_to_zero() -> None:
    plain, spiked = (frequencies(Prior(60, 1, 50, spike)) for spike in (0, 64))
    share = (plain / plain.sum())[60]
    assert (spiked / spiked.sum())[60] == pytest.approx(0.25 + 0.75 * share, rel=1e-4)
