"""A range coder in Python, for machines that the library constriction has no build for: the same bytes, more slowly.

It has the part of constriction's interface that `nervcodec.entropy.coder` uses. Tables and decoding follow
docs/bitstream.md, section 6, which is normative.
"""

import logging
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from operator import length_hint

import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)
PRECISION = 24
"""Bits of the sum of a table's widths."""
WORD_BITS = 32
LOW_WORD = (1 << WORD_BITS) - 1
WHOLE = (1 << 2 * WORD_BITS) - 1
"""Range before the first symbol; no later range is as large."""


class Table:
    """Widths of the symbols from 0 to n - 1, whole numbers with the sum 2^24, and where each of them begins.

    frequencies: at least two whole numbers, not negative, with a sum above 0 and below 2^53. Each symbol has a width
    of at least 1, and its share of what is left.
    """

    def __init__(self, frequencies: NDArray[np.float64]) -> None:
        _tell()
        count, sums = len(frequencies), np.cumsum(frequencies)
        factor = ((1 << PRECISION) - count) / sums[-1]
        self.left = np.arange(count, dtype=np.int32)
        self.left[1:] += np.floor(factor * sums[:-1]).astype(np.int32)
        self.width = np.diff(self.left, append=np.int32(1 << PRECISION))


class RangeEncoder:
    """Puts symbols into a stream of words.

    The state is an interval of numbers, whose upper words are written as it shrinks. Where it reaches from one upper
    word into the next, the word may turn out too small by 1: the lower end then has 65 bits, and the next word to be
    written has 33, of which `get_compressed` carries the first.
    """

    def __init__(self) -> None:
        self._lower, self._range = 0, WHOLE
        self._words: list[int] = []

    def encode(self, symbols: NDArray[np.int32], table: Table) -> None:
        """Append symbols; raises IndexError, before any of them, for one that the table does not have."""
        places = symbols.astype(np.uint32)  # so that negative symbols are too large
        lower, size, put = self._lower, self._range, self._words.append
        for begin, share in zip(table.left[places].data, table.width[places].data, strict=True):
            scale = size >> PRECISION
            lower += scale * begin
            size = scale * share
            if size <= LOW_WORD:
                put(lower >> WORD_BITS)
                lower = (lower & LOW_WORD) << WORD_BITS
                size <<= WORD_BITS
        self._lower, self._range = lower, size

    def get_compressed(self) -> NDArray[np.uint32]:
        """All words so far, and one or two that stay in the interval whatever follows them; none without a symbol."""
        if self._range == WHOLE:
            return np.zeros(0, np.uint32)
        last = self._lower + LOW_WORD >> WORD_BITS
        words = [*self._words, last]
        if self._lower + self._range >> WORD_BITS == last:
            words.append(0)
        carries, low = np.divmod(np.array(words, np.uint64), np.uint64(1 << WORD_BITS))
        number = _number(low) + (_number(carries) << WORD_BITS)
        return np.frombuffer(number.to_bytes(len(words) * WORD_BITS // 8, "big"), ">u4").astype(np.uint32)


class RangeDecoder:
    """Takes symbols out of a stream of words, as many as it is asked for: after the last word there are zeros."""

    def __init__(self, words: NDArray[np.uint32]) -> None:
        self._words: Iterator[int] = iter(words.tolist())
        self._offset = next(self._words, 0) << WORD_BITS | next(self._words, 0)
        """The number that the words make, less the lower end of the interval; below the range, unless damaged."""
        self._range = WHOLE

    def decode(self, table: Table, count: int) -> NDArray[np.int32]:
        """The next `count` symbols.

        Raises ValueError where no symbol of the table is meant.
        """
        left, width = table.left.data, table.width.data  # memory is read faster than arrays, number by number
        offset, size, words, symbols = self._offset, self._range, self._words, array("i")
        for _ in range(count):
            scale = size >> PRECISION
            quantile = offset // scale
            if quantile >> PRECISION:
                raise ValueError(f"quantile {quantile}")
            symbol = bisect_right(left, quantile) - 1
            symbols.append(symbol)
            offset -= scale * left[symbol]
            size = scale * width[symbol]
            if size <= LOW_WORD:
                offset = offset << WORD_BITS | next(words, 0)
                size <<= WORD_BITS
        self._offset, self._range = offset, size
        return np.array(symbols, np.int32)

    def maybe_exhausted(self) -> bool:
        """Whether all words are read, and an encoder may have written the last ones for the symbols taken out."""
        return not length_hint(self._words) and (self._range == WHOLE or self._offset < 2 * LOW_WORD + 1)


def _number(words: NDArray[np.uint64]) -> int:
    """The number whose digits are words below 2^32, the most significant one first."""
    return int.from_bytes(words.astype(">u4").tobytes(), "big")


@cache
def _tell() -> None:
    """Log, once in a process, which coder this is."""
    LOG.warning("constriction is not installed: entropy coding is done in Python, to the same bytes but more slowly")
