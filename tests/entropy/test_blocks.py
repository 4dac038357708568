"""Coding of extents and coefficients of blocks."""

import numpy as np
import pytest

from nervcodec.cosine import DIAGONAL_OF, ORDER
from nervcodec.entropy.blocks import Symbols, decode_blocks, encode_blocks, priors_of
from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder
from nervcodec.entropy.priors import Prior, frequencies
from nervcodec.errors import CorruptStream, ResourceError
from tests.plain_corrections import in_classes

SHAPES = [(1, 1, 1), (3, 5, 4), (2, 9, 14), (7, 2, 1)]


def blocks(shape: tuple[int, ...], density: float = 0.3) -> tuple[Symbols, Symbols]:
    """Random extents `[T, h, w]`, and coefficients `[N, 64]` that are smaller on further diagonals."""
    rng = np.random.default_rng(sum(shape))
    extents = np.where(rng.random(shape) < density, rng.integers(1, 16, shape), 0).astype(np.int32)
    extents.flat[0] = 15
    own = extents[extents > 0]
    diagonals = np.array(DIAGONAL_OF)
    drawn = np.round(rng.laplace(0, 3 / (1 + diagonals), (len(own), 64)))
    return extents, np.where(diagonals < own[:, None], drawn, 0).astype(np.int32)


def coded(extents: Symbols, symbols: Symbols) -> tuple[bytes, tuple[tuple[Prior, ...], tuple[Prior, ...]]]:
    encoder, priors = SymbolEncoder(), priors_of(extents, symbols)
    encode_blocks(encoder, extents, symbols, *priors)
    return encoder.getvalue(), priors


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
def test_blocks_come_back(shape: tuple[int, int, int], density: float) -> None:
    given = blocks(shape, density)
    data, priors = coded(*given)
    decoder = SymbolDecoder(data)
    for made, expected in zip(decode_blocks(decoder, shape, *priors), given, strict=True):
        np.testing.assert_array_equal(made, expected)
    decoder.finish()


def test_bytes_are_those_of_the_priors() -> None:
    """Against the sum of -log2 of all probabilities, with classes found in another way."""
    extents, symbols = blocks((6, 20, 30))
    data, (of_extents, of_symbols) = coded(extents, symbols)
    whole = np.pad(extents, ((0, 0), (1, 0), (1, 1)))
    cells = [tuple(map(int, cell)) for cell in np.ndindex(*extents.shape)]

    def near(cell: tuple[int, int, int]) -> int:
        t, y, x = cell
        return int(2 * whole[t, y + 1, x] + 2 * whole[t, y, x + 1] + whole[t, y, x] + whole[t, y, x + 2]).bit_length()

    bits = 0.0
    for cell, number in in_classes(cells, near):  # type: ignore[arg-type]
        extent = extents[cell]
        bits += cost(of_extents[number], (extent + 1) // 2 if extent % 2 else -(extent // 2))
    magnitudes, own = np.abs(symbols), extents[extents > 0]
    for block, place in zip(*np.nonzero(np.array(DIAGONAL_OF) < own[:, None]), strict=True):
        bits += cost(of_symbols[coefficient_class(magnitudes[block], own[block], place)], symbols[block, place])
    assert 8 * len(data) == pytest.approx(bits, rel=0.005, abs=64)


def cost(prior: Prior, symbol: int) -> float:
    table = frequencies(prior)
    return float(np.log2(table.sum() / table[symbol + prior.magnitude]))


def coefficient_class(magnitudes: Symbols, extent: int, place: int) -> int:
    square = np.zeros((10, 10), int)
    for (down, across), magnitude in zip(ORDER, magnitudes, strict=True):
        square[2 + down, 2 + across] = magnitude
    y, x = ORDER[place][0] + 2, ORDER[place][1] + 2
    total = 2 * (square[y - 1, x] + square[y, x - 1]) + square[y - 1, x - 1] + square[y - 2, x] + square[y, x - 2]
    reach = min(int(total).bit_length(), 4)
    return int(3 * (2 * reach + (extent == DIAGONAL_OF[place] + 1)) + min(DIAGONAL_OF[place], 2))


def test_neighbours_make_extents_cheaper() -> None:
    """The same extents in one corner of each frame, and anywhere."""
    extents = np.zeros((4, 24, 24), np.int32)
    extents[:, :8, :8] = 1
    symbols = np.eye(1, 64, dtype=np.int32).repeat(4 * 64, axis=0)
    rng = np.random.default_rng(0)
    anywhere = rng.permuted(extents.reshape(4, -1), axis=1).reshape(extents.shape)
    assert len(coded(extents, symbols)[0]) < 0.6 * len(coded(anywhere, symbols)[0])


def test_an_extent_beyond_the_last_diagonal_is_refused() -> None:
    priors = tuple(Prior(8, 0, 40) for _ in range(8))
    encoder = SymbolEncoder()
    encoder.encode(np.array([-8], np.int32), priors[0])
    with pytest.raises(CorruptStream, match="more diagonals than there are"):
        decode_blocks(SymbolDecoder(encoder.getvalue()), (1, 1, 1), priors, (Prior(1),) * 30)


def test_many_coefficients_do_not_exhaust_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    given = blocks((4, 30, 30), 1.0)
    data, priors = coded(*given)
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PHYS_PAGES": 1 << 6, "SC_PAGE_SIZE": 1 << 12}[name])
    with pytest.raises(ResourceError, match="decoding corrections"):
        decode_blocks(SymbolDecoder(data), (4, 30, 30), *priors)
