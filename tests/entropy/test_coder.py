import numpy as np
import pytest

from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder, Symbols
from nervcodec.entropy.priors import Prior, frequencies
from nervcodec.errors import CorruptStream

pytestmark = pytest.mark.usefixtures("each_library")
RNG = np.random.default_rng(0)


def encode_symbols(parts: list[tuple[Symbols, Prior]]) -> bytes:
    """The bytes of one stream with the symbols of all runs, each under its prior."""
    encoder = SymbolEncoder()
    for symbols, prior in parts:
        encoder.encode(symbols, prior)
    return encoder.getvalue()


def test_parts_come_back_in_order() -> None:
    parts = [
        (RNG.integers(-127, 128, 500, dtype=np.int32), Prior(127, 1, 60)),
        (np.zeros(9, np.int32), Prior(0)),
        (RNG.integers(-1, 2, 300, dtype=np.int32), Prior(1, 0, 20)),
        (np.array([32768], np.int32), Prior(32768, 0, 127)),
    ]
    decoder = SymbolDecoder(encode_symbols(parts))
    for symbols, prior in parts:
        np.testing.assert_array_equal(symbols, decoder.decode(len(symbols), prior))
    decoder.finish()


def test_bytes_never_change() -> None:
    symbols = np.array([0, 1, -1, 3, 0, 0, -7, 2], np.int32)
    assert encode_symbols([(symbols, Prior(7, 0, 32))]).hex() == "03969593"


def test_all_zeros_cost_nothing() -> None:
    assert encode_symbols([(np.zeros(1000, np.int32), Prior(0))]) == b""


def test_size_is_the_cross_entropy() -> None:
    symbols = np.round(RNG.normal(0, 12, 100_000)).astype(np.int32)
    prior = Prior(int(np.abs(symbols).max()), 1, 53)
    law = frequencies(prior)
    ideal = -np.log2(law[symbols + prior.magnitude] / law.sum()).sum() / 8
    assert len(encode_symbols([(symbols, prior)])) < 1.0005 * ideal + 8


def test_bytes_that_are_no_stream() -> None:
    with pytest.raises(CorruptStream, match="whole number of words"):
        SymbolDecoder(b"123")
    with pytest.raises(CorruptStream, match="contradict their tables"):
        SymbolDecoder(bytes([255] * 8)).decode(1, Prior(1, 0, 20))
    decoder = SymbolDecoder(bytes(range(40)))
    decoder.decode(1, Prior(1, 0, 20))
    with pytest.raises(CorruptStream, match="more symbols"):
        decoder.finish()
