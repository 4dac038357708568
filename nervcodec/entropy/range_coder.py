"""A range coder in Python, for machines that the library constriction has no build for: the same bytes, more slowly.

It has the part of constriction's interface that `nervcodec.entropy.coder` uses. Tables and decoding follow
docs/bitstream.md, section 6, which is normative.
"""

import logging
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import repeat
from operator import length_hint
from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.uint32]
Ends = NDArray[np.int32]
LOG = logging.getLogger(__name__)
PRECISION = 24
"""Bits of the sum of a table's widths."""
WORD_BITS = 32
LOW_WORD = (1 << WORD_BITS) - 1
WHOLE = (1 << 2 * WORD_BITS) - 1
"""Range before the first symbol; no later range is as large."""


class Table:
    """Boundaries of the symbols from 0 to n - 1, whole numbers from 0 to 2^24.

    frequencies: at least two whole numbers, not negative, with a sum above 0 and below 2^53. Each symbol has a width
    of at least 1, and its share of what is left.
    """

    def __init__(self, frequencies: NDArray[np.float64]) -> None:
        self.left = _boundaries(frequencies)

    def ends(self, symbols: Places) -> tuple[Ends, Ends]:
        """Where each symbol begins, and where it ends; raises IndexError for one that is not in the table."""
        return self.left[symbols], self.left[symbols + 1]

    def rows(self, count: int) -> Iterator[memoryview]:
        """The boundaries, once for each of `count` symbols."""
        return repeat(self.left.data, count)  # memory is read faster than arrays, number by number


class _TableOfEach:
    """As Table, but each symbol has boundaries of its own, made of its row of frequencies `[count, n]`."""

    def ends(self, symbols: Places, frequencies: NDArray[np.float64]) -> tuple[Ends, Ends]:
        left, rows = _boundaries(frequencies), np.arange(len(symbols))
        return left[rows, symbols], left[rows, symbols + 1]

    def rows(self, frequencies: NDArray[np.float64]) -> Iterator[memoryview]:
        return (row.data for row in _boundaries(frequencies))


EACH = _TableOfEach()
"""Takes the place of a table where symbols are coded whose frequencies follow as one more argument."""


class RangeEncoder:
    """Puts symbols into a stream of words.

    The state is an interval of numbers, whose upper words are written as it shrinks. Where it reaches from one upper
    word into the next, the word may turn out too small by 1: the lower end then has 65 bits, and the next word to be
    written has 33, of which `get_compressed` carries the first.
    """

    def __init__(self) -> None:
        self._lower, self._range = 0, WHOLE
        self._words: list[int] = []

    def encode(
        self, symbols: NDArray[np.int32], table: Table | _TableOfEach, *frequencies: NDArray[np.float64]
    ) -> None:
        """Append symbols; raises IndexError, before any of them, for one that the table does not have."""
        places = symbols.astype(np.uint32)  # so that negative symbols are too large
        begins, ends = table.ends(places, *frequencies)
        lower, size, put = self._lower, self._range, self._words.append
        for begin, end in zip(begins.data, ends.data, strict=True):
            scale = size >> PRECISION
            lower += scale * begin
            size = scale * (end - begin)
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

    def decode(self, table: Table | _TableOfEach, count: Any) -> NDArray[np.int32]:
        """The next symbols, as many as `count` says, which for `EACH` is their frequencies.

        Raises ValueError where no symbol of the table is meant.
        """
        offset, size, words, symbols = self._offset, self._range, self._words, array("i")
        for left in table.rows(count):
            scale = size >> PRECISION
            quantile = offset // scale
            if quantile >> PRECISION:
                raise ValueError(f"quantile {quantile}")
            symbol = bisect_right(left, quantile) - 1
            symbols.append(symbol)
            offset -= scale * left[symbol]
            size = scale * (left[symbol + 1] - left[symbol])
            if size <= LOW_WORD:
                offset = offset << WORD_BITS | next(words, 0)
                size <<= WORD_BITS
        self._offset, self._range = offset, size
        return np.array(symbols, np.int32)

    def maybe_exhausted(self) -> bool:
        """Whether all words are read, and an encoder may have written the last ones for the symbols taken out."""
        return not length_hint(self._words) and (self._range == WHOLE or self._offset < 2 * LOW_WORD + 1)


def _boundaries(frequencies: NDArray[np.float64]) -> Ends:
    """Where each symbol begins, `[..., n + 1]`, by frequencies `[..., n]`; the last number is 2^24."""
    _tell()
    count, sums = frequencies.shape[-1], np.cumsum(frequencies, -1)
    factors = ((1 << PRECISION) - count) / sums[..., -1:]
    left = np.full((*frequencies.shape[:-1], count + 1), 1 << PRECISION, np.int32)
    left[..., 0] = 0
    left[..., 1:-1] = np.arange(1, count) + np.floor(factors * sums[..., :-1])
    return left


def _number(words: NDArray[np.uint64]) -> int:
    """The number whose digits are words below 2^32, the most significant one first."""
    return int.from_bytes(words.astype(">u4").tobytes(), "big")


@cache
def _tell() -> None:
    """Log, once in a process, which coder this is."""
    LOG.warning("constriction is not installed: entropy coding is done in Python, to the same bytes but more slowly")
