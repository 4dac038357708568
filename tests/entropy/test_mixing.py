import os
import subprocess
import sys
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest

from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder, Symbols
from nervcodec.entropy.forms import CONTEXTS, FORMS, MIXED, cheapest_form
from nervcodec.entropy.mixing import (
    PASSES,
    Mixing,
    activities,
    all_laws,
    cheapest_mixing,
    decode_cells,
    encode_cells,
    frequencies,
    lengths,
    lengths_around,
    of_pass,
)
from nervcodec.entropy.networks import LARGEST, Laws, networks
from tests.plain_mixing import Cell, order

ENCODE = """import numpy as np
from nervcodec.entropy.coder import SymbolEncoder
from nervcodec.entropy.mixing import cheapest_mixing, encode_cells
symbols = np.random.default_rng(0).laplace(0, 3, (6, 2, 64, 96)).cumsum(3).clip(-99, 99).astype(np.int32)
encode_cells(encoder := SymbolEncoder(), symbols, cheapest_mixing(symbols)[0])
print(encoder.getvalue().hex())"""


def drifting(shape: Cell, size: float = 5, noise: float = 0.4) -> Symbols:
    """A smooth field that moves from row to row, with some noise."""
    rng = np.random.default_rng(0)
    t, c, y, x = np.indices(shape)
    waves = np.sin((x + 0.7 * t) / 2.3 + c) + np.sin((y - 0.4 * t) / 3.1 + x / 5)
    return np.asarray(np.round(size * waves + rng.laplace(0, noise, shape)), np.int32)


def mixing_of(symbols: Symbols) -> Mixing:
    found = cheapest_mixing(symbols)
    assert found
    return found[0]


def encoded(symbols: Symbols, mixing: Mixing) -> bytes:
    encoder = SymbolEncoder()
    encode_cells(encoder, symbols, mixing)
    return encoder.getvalue()


def exact_bits(laws: Laws, symbols: Symbols, mixing: Mixing) -> float:
    """The cross-entropy of symbols under the frequencies that they are coded with."""
    bits = 0.0
    for row in range(len(symbols)):
        numbers = frequencies(laws.of_row(row), mixing)
        own = np.take_along_axis(numbers, (symbols[row] - mixing.low)[:, None], axis=1)[:, 0]
        bits -= np.log2(own / numbers.sum(axis=1)).sum()
    return bits


@pytest.mark.usefixtures("each_library")
@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 1), (2, 3, 1, 8), (3, 1, 9, 1), (1, 2, 2, 2), (4, 2, 7, 5), (3, 2, 16, 10)]
)
@pytest.mark.parametrize("size", [0.0, 0.3, 5.0, 100.0])
def test_cells_come_back(shape: Cell, size: float) -> None:
    symbols = drifting(shape, size)
    mixing = mixing_of(symbols)
    for other in (mixing, replace(mixing, low=-LARGEST, high=LARGEST), replace(mixing, activities=(255, 0, 96))):
        decoder = SymbolDecoder(encoded(symbols, other))
        np.testing.assert_array_equal(decode_cells(decoder, shape, other), symbols)
        decoder.finish()


def test_how_many_cells_are_coded_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    symbols = drifting((7, 2, 9, 12))
    mixing = mixing_of(symbols)
    data = encoded(symbols, mixing)
    for laws_at_once, frequencies_at_once in ((1, 1), (120, 200), (10**6, 10**6)):
        monkeypatch.setattr("nervcodec.entropy.mixing.CELLS_AT_ONCE", laws_at_once)
        monkeypatch.setattr("nervcodec.entropy.mixing.FREQUENCIES_AT_ONCE", frequencies_at_once)
        assert encoded(symbols, mixing) == data
        np.testing.assert_array_equal(decode_cells(SymbolDecoder(data), symbols.shape, mixing), symbols)


def test_passes_have_every_cell_once_in_the_order_of_the_document() -> None:
    shape = (2, 3, 7, 4)
    numbers = np.arange(np.prod(shape)).reshape(shape)
    passes = [of_pass(numbers, lattices) for lattices, _ in PASSES]
    ours = np.concatenate([cells[row] for row in range(2) for cells in passes])
    assert ours.tolist() == [numbers[cell] for _, cell in order(shape)]


def test_nothing_unknown_is_looked_at() -> None:
    """Laws of a pass stay, whatever its own cells and those of all later passes are."""
    rng, symbols = np.random.default_rng(1), drifting((4, 2, 9, 8))
    mixing = replace(mixing_of(symbols), low=-20, high=20)
    before, other = list(all_laws(symbols, mixing)), symbols.copy()
    cells = groupby(order((4, 2, 9, 8)), key=lambda at: (at[1][0], at[0]))
    for (row, number), group in reversed([(key, list(cells)) for key, cells in cells]):
        for _, cell in group:
            other[cell] = rng.integers(-20, 21)
        after = list(all_laws(other, mixing))
        for own, same in zip(before[number][0], after[number][0], strict=True):
            np.testing.assert_array_equal(own[row], same[row])
        if (row, number) != (3, 2):
            assert any((a.centre != b.centre).any() for (a, _), (b, _) in zip(before, after, strict=True))


@pytest.mark.parametrize("size", [0.2, 2, 12])
def test_bytes_are_the_cross_entropy(size: float) -> None:
    symbols = drifting((10, 2, 30, 40), size)
    mixing = mixing_of(symbols)
    bits = sum(exact_bits(laws, own, mixing) for laws, own in all_laws(symbols, mixing))
    assert len(encoded(symbols, mixing)) == pytest.approx(bits / 8, rel=0.005, abs=8)


@pytest.mark.parametrize("size", [0.2, 2, 12])
def test_lengths_are_nearly_those_of_the_code(size: float) -> None:
    symbols = drifting((10, 2, 30, 40), size)
    mixing = mixing_of(symbols)
    for laws, own in all_laws(symbols, mixing):
        assert lengths(laws, own, mixing).sum() == pytest.approx(exact_bits(laws, own, mixing), rel=0.04)
    wider = replace(mixing, low=mixing.low - 40, high=mixing.high + 40)
    for laws, own in all_laws(symbols, wider):
        assert lengths(laws, own, wider).sum() == pytest.approx(exact_bits(laws, own, wider), rel=0.005)


def test_lengths_around_are_those_of_other_symbols_in_the_same_places() -> None:
    symbols = drifting((3, 2, 7, 6))
    mixing = mixing_of(symbols)
    around, wider = lengths_around(symbols, mixing), replace(mixing, low=mixing.low - 1, high=mixing.high + 1)
    for (lattices, _), (laws, own) in zip(PASSES, all_laws(symbols, mixing), strict=True):
        for step in (-1, 0, 1):
            expected = lengths(laws, own + np.int32(step), wider)
            np.testing.assert_array_equal(of_pass(around[step + 1], lattices), expected)


def test_the_set_of_networks_is_the_cheapest() -> None:
    symbols = drifting((5, 2, 12, 20))
    found = cheapest_mixing(symbols)
    assert found
    sizes = [len(encoded(symbols, replace(found[0], networks=index))) for index in range(len(networks()))]
    assert sizes[found[0].networks] <= min(sizes) + 8
    assert found[1] / 8 == pytest.approx(sizes[found[0].networks], rel=0.05)


def test_magnitudes_that_have_no_laws() -> None:
    for value in (-LARGEST, LARGEST):
        symbols = drifting((2, 1, 4, 4))
        symbols[1, 0, 3, 3] = value
        assert mixing_of(symbols).count > LARGEST
        symbols[1, 0, 3, 3] += np.sign(value)
        assert cheapest_mixing(symbols) is None
        assert cheapest_form(symbols, True).flags in FORMS[:-1]


def test_activities_are_logarithms_of_what_goes_on() -> None:
    assert activities(np.zeros((3, 1, 4, 4), np.int32)) == (0, 0, 0)
    assert activities(np.ones((1, 1, 1, 1), np.int32)) == (96, 96, 96)
    stripes = np.zeros((4, 2, 6, 8), np.int32)
    stripes[..., ::2] = 8
    assert activities(stripes) == (96 + 32, 0, 96 + 48)
    assert activities(stripes.transpose(3, 1, 2, 0)) == (96 + 32, 96 + 48, 0)
    alternating = np.where(np.arange(64).reshape(8, 1, 1, 8) % 2, LARGEST, -LARGEST).astype(np.int32)
    assert max(activities(alternating)) <= 255


def test_a_smooth_field_that_drifts_is_cheaper_than_with_contexts() -> None:
    symbols = drifting((12, 2, 20, 30))
    form = cheapest_form(symbols, True)
    assert form.flags == MIXED
    assert form.bits < 0.8 * cheapest_form(symbols, True, [CONTEXTS]).bits


def test_threads_do_not_change_the_bytes() -> None:
    streams = []
    for threads in "12":
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        streams.append(subprocess.run([sys.executable, "-c", ENCODE], env=environment, capture_output=True, check=True))
    assert len(streams[0].stdout) > 10_000
    assert streams[0].stdout == streams[1].stdout
