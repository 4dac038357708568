from dataclasses import fields
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from nervcodec.entropy.laplace import SCALES
from nervcodec.entropy.mixing import ACTIVITY_OF_ONE, BEFORE, LARGEST_ACTIVITY, PASSES
from nervcodec.entropy.networks import LARGEST, LOG_OF, MOST_HIDDEN, SHARES, UNIT, Network, Numbers, networks
from tests import plain_mixing
from tests.plain_mixing import limit, log

EXACT = 1 << 24
"""Whole numbers below this are exact in float32, and so are sums of them whose terms add up to less."""
MOST_TOLD = np.array([UNIT, UNIT, *[max(ACTIVITY_OF_ONE, LARGEST_ACTIVITY - ACTIVITY_OF_ONE)] * 3])
ALL = [(index, number) for index in range(len(networks())) for number in range(len(PASSES))]


def test_networks_are_those_of_the_format() -> None:
    data = files("nervcodec.entropy").joinpath("networks.json").read_bytes()
    assert sha256(data).hexdigest() in (Path(__file__).parents[2] / "docs" / "bitstream.md").read_text()


def weights(*shape: int, bound: int, rng: np.random.Generator) -> Numbers:
    """Random whole weights, of which those of an output have magnitudes with a sum of at most a bound."""
    spread = rng.normal(size=shape)
    return np.asarray(np.trunc(spread / np.abs(spread).sum(-1, keepdims=True) * bound), np.float32)


def at_the_limit(rng: np.random.Generator, cells: int, hidden: int) -> Network:
    """A network whose sums come as near to 2^24 as can be."""
    bound = EXACT // 2
    return Network(
        sums=weights(cells, bound=EXACT // LARGEST - 1, rng=rng),
        inner=weights(hidden, cells, bound=bound // int(LOG_OF.max()), rng=rng),
        told=weights(hidden, 5, bound=bound // 2 // int(MOST_TOLD.max()), rng=rng),
        inner_bias=rng.integers(-bound // 2, bound // 2, hidden).astype(np.float32),
        outer=weights(3, hidden, bound=bound // MOST_HIDDEN, rng=rng),
        outer_bias=rng.integers(-bound, bound, 3).astype(np.float32),
    )


def check_sums(network: Network) -> None:
    """No sum of a network, nor any part of one, is too large for float32, whatever the network sees."""
    size = {field.name: np.abs(getattr(network, field.name).astype(np.float64)) for field in fields(network)}
    inner = size["inner"].sum(1) * LOG_OF.max() + size["told"] @ MOST_TOLD + size["inner_bias"]
    outer = size["outer"].sum(1) * MOST_HIDDEN + size["outer_bias"]
    for sums in (inner, outer, size["sums"].sum() * LARGEST):
        assert np.max(sums) < EXACT


def check_laws(network: Network, rng: np.random.Generator) -> None:
    """Laws in float32 are those in integers of any size."""
    rows, count = 3, 40
    spread = 2 ** rng.uniform(-2, 9, (1, rows, count))
    cells = np.clip(np.round(rng.normal(0, spread, (len(network.sums), rows, count))), -LARGEST, LARGEST)
    cells[:, 0, 0], cells[:, 0, 1] = LARGEST, np.where(network.sums < 0, -LARGEST, LARGEST)
    told = np.array(
        [[0, UNIT, UNIT], [0, 0, UNIT], *rng.integers(-ACTIVITY_OF_ONE, LARGEST_ACTIVITY - ACTIVITY_OF_ONE + 1, (3, 3))]
    )
    laws = network.laws(cells.astype(np.float32), told.astype(np.float32))
    whole = {field.name: getattr(network, field.name).astype(int).tolist() for field in fields(network)}
    for t, n in np.ndindex(rows, count):
        seen = cells[:, t, n].astype(int).tolist()
        scale, before_scale, share = plain_mixing.outputs(whole, seen, told[:, t].tolist())
        assert laws.centre[t, n] == plain_mixing.dot(whole["sums"], seen) + 4 >> 3
        assert laws.scale[t, n] == limit(scale + 2 >> 2, 0, SCALES - 1)
        assert laws.before[t, n] == seen[0]
        assert laws.before_scale[t, n] == limit(before_scale + 2 >> 2, 0, SCALES - 1)
        assert laws.before_share[t, n] == limit(share, 0, SHARES)


def test_logarithms() -> None:
    assert LOG_OF.tolist() == [log(v) for v in range(LARGEST + 1)] == [log(-v) for v in range(LARGEST + 1)]
    assert LOG_OF.max() == 8 * UNIT
    exact = UNIT * np.log2(1 + np.arange(LARGEST + 1))
    assert np.abs(LOG_OF - exact).max() < 0.09 * UNIT + 1
    assert [LOG_OF[2**n - 1] for n in range(9)] == [UNIT * n for n in range(9)]


@pytest.mark.parametrize(("index", "number"), ALL)
def test_networks_of_the_format_are_whole_numbers_and_float32_has_all_sums(index: int, number: int) -> None:
    network, (_, places) = networks()[index][number], PASSES[number]
    cells, hidden = len(BEFORE) + 1 + len(places), len(network.inner_bias)
    shapes = {field.name: getattr(network, field.name).shape for field in fields(network)}
    inner = {"inner": (hidden, cells), "told": (hidden, 5), "inner_bias": (hidden,)}
    assert shapes == inner | {"sums": (cells,), "outer": (3, hidden), "outer_bias": (3,)}
    for field in fields(network):
        numbers = getattr(network, field.name)
        np.testing.assert_array_equal(numbers, np.round(numbers))
    check_sums(network)


@pytest.mark.parametrize(("index", "number"), ALL)
def test_networks_of_the_format_make_the_same_in_integers(index: int, number: int) -> None:
    check_laws(networks()[index][number], np.random.default_rng(number))


@pytest.mark.parametrize("seed", range(10))
def test_networks_with_the_largest_weights_make_the_same_in_integers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = at_the_limit(rng, cells=22, hidden=1 + 7 * seed)
    check_sums(network)
    check_laws(network, rng)
