"""The range coder, which alone uses the library constriction or, where that is not installed, our own stand-in."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nervcodec.entropy.priors import Prior, frequencies
from nervcodec.errors import CorruptStream

try:
    import constriction

    RangeDecoder, RangeEncoder = constriction.stream.queue.RangeDecoder, constriction.stream.queue.RangeEncoder
    Table: Callable[[NDArray[np.float64]], Any] = partial(constriction.stream.model.Categorical, perfect=False)
    EACH: Any = constriction.stream.model.Categorical(perfect=False)
except ModuleNotFoundError:
    from nervcodec.entropy.range_coder import EACH, RangeDecoder, RangeEncoder, Table

Symbols = NDArray[np.int32]
WORD = np.dtype("<u4")


class SymbolEncoder:
    """Puts symbols into one range-coded stream."""

    def __init__(self) -> None:
        self._encoder = RangeEncoder()

    def encode(self, symbols: Symbols, prior: Prior) -> None:
        """Append flat int32 symbols within the prior's magnitude."""
        if prior.magnitude:
            self._encoder.encode(symbols + np.int32(prior.magnitude), _table(prior))

    def encode_each(self, symbols: Symbols, frequencies: NDArray[np.float64]) -> None:
        """Append flat int32 symbols from 0 to n - 1, each with frequencies of its own, whole numbers `[count, n]`."""
        if frequencies.shape[1] > 1:
            self._encoder.encode(symbols, EACH, frequencies)

    def getvalue(self) -> bytes:
        """The bytes of all symbols that were put in so far."""
        data: bytes = self._encoder.get_compressed().astype(WORD).tobytes()
        return data


class SymbolDecoder:
    """Takes symbols out of a range-coded stream, in the order in which they were put in.

    Raises CorruptStream when the bytes are not such a stream. Most damage goes unnoticed here: check a CRC first.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) % WORD.itemsize:
            raise CorruptStream(f"{len(data)} bytes of coded symbols are not a whole number of words")
        self._decoder = RangeDecoder(np.frombuffer(data, WORD).astype(np.uint32))

    def decode(self, count: int, prior: Prior) -> Symbols:
        """The next `count` symbols."""
        if not prior.magnitude:
            return np.zeros(count, np.int32)
        return self._decode(_table(prior), count) - np.int32(prior.magnitude)

    def decode_each(self, frequencies: NDArray[np.float64]) -> Symbols:
        """The next symbols from 0 to n - 1, each with frequencies of its own, whole numbers `[count, n]`."""
        if frequencies.shape[1] == 1:
            return np.zeros(len(frequencies), np.int32)
        return self._decode(EACH, frequencies)

    def finish(self) -> None:
        """Raises CorruptStream when an encoder would have written fewer bytes for the symbols taken out."""
        if not self._decoder.maybe_exhausted():
            raise CorruptStream("more symbols are coded than the network has")

    def _decode(self, table: Any, count: Any) -> Symbols:
        try:
            symbols: Symbols = self._decoder.decode(table, count)
        except (AssertionError, ValueError) as error:
            raise CorruptStream("the coded symbols contradict their tables") from error
        return symbols


@lru_cache(maxsize=256)
def _table(prior: Prior) -> Any:
    return Table(frequencies(prior))
