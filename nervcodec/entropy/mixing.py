"""Coding of embeddings cell by cell, each with a law of its own, mixed from what is known around it.

A network of `nervcodec.entropy.networks` gives two Laplace laws for each cell and the share of the second one: the
first has its centre at a weighted sum of the cells around, the second at the cell in the same place of the row before.

Rows become known one after the other. The cells of a row become known in three passes, each coded as one: first those
at even heights and widths, then those at odd ones, which lie between four of the first pass, then the others. What is
looked at, and the order, are ours (docs/experiments.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder
from nervcodec.entropy.laplace import EIGHTHS, SHARE_BITS, laplace_shares
from nervcodec.entropy.networks import LARGEST, SHARES, UNIT, Laws, Numbers, joined, networks
from nervcodec.memory import check_memory

Symbols = NDArray[np.int32]
Frequencies = NDArray[np.float64]
Bits = NDArray[np.float64]
Places = tuple[tuple[int, int], ...]

BORDER = 3
"""Distance of the farthest cells that a network looks at."""
CROSS = ((-1, 0), (1, 0), (0, -1), (0, 1))
DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))
KNIGHTS = ((-1, -2), (-1, 2), (1, -2), (1, 2), (-2, -1), (2, -1), (-2, 1), (2, 1))
FAR = ((-1, -3), (-1, 3), (1, -3), (1, 3), (-3, -1), (3, -1), (-3, 1), (3, 1))
BEFORE = ((0, 0), *CROSS, *DIAGONAL)
"""Places of cells in the row before that a network looks at, as distances down and to the right."""
PASSES = ((((0, 0),), ()), (((1, 1),), (*DIAGONAL, *FAR)), (((0, 1), (1, 0)), (*CROSS, *KNIGHTS)))
"""Lattices of the cells of each pass, as the first height and width of every second one; places of cells in the same
row that the network looks at."""
ACTIVITY_OF_ONE = 6 * UNIT
"""Activity that stands for a mean of 1; that of a mean of 0 is 0."""
ACTIVITIES = 3
"""Number of activities of a tensor."""
LARGEST_ACTIVITY = 255
"""Largest activity that a byte holds."""
CELL_BYTES = 200
"""Memory that decoding takes for each cell of a row (measured: 180)."""
LEAST = 16
"""Least frequency of a symbol; the frequencies of all symbols have a sum of about 2^22."""
CELLS_AT_ONCE, FREQUENCIES_AT_ONCE = 1 << 12, 1 << 16
"""Cells whose laws are made at once, and numbers in the frequencies that are: what is worked on stays in the cache."""


@dataclass(frozen=True)
class Mixing:
    """What a file says about a tensor whose cells have laws of their own."""

    networks: int
    """Index of a set of networks."""
    low: int
    """The lowest symbol."""
    high: int
    """The highest symbol."""
    activities: tuple[int, ...]
    """Logarithms to the base 2, in 16ths, of the mean magnitude and of the mean differences to the row before and to
    the cell on the left; 96 stands for 1."""

    @property
    def count(self) -> int:
        """Number of different symbols from the lowest to the highest."""
        return self.high - self.low + 1


def mixing_of(symbols: Symbols, number: int) -> Mixing | None:
    """What codes a tensor `[T, C, h, w]` with the numbered set of networks; None for magnitudes that are too large."""
    low, high = int(symbols.min()), int(symbols.max())
    return None if max(high, -low) > LARGEST else Mixing(number, low, high, activities(symbols))


def cheapest_mixing(symbols: Symbols) -> tuple[Mixing, float] | None:
    """What codes a tensor `[T, C, h, w]` in the fewest bits, and these bits; None for magnitudes that are too large."""
    first = mixing_of(symbols, 0)
    if first is None:
        return None
    mixings = [replace(first, networks=number) for number in range(len(networks()))]
    bits = [sum(float(lengths(laws, own, m).sum()) for laws, own in all_laws(symbols, m)) for m in mixings]
    best = int(np.argmin(bits))
    return mixings[best], bits[best]


def activities(symbols: Symbols) -> tuple[int, ...]:
    """The activities of a tensor `[T, C, h, w]`."""
    own = np.abs(symbols).mean()
    changes = [np.abs(np.diff(symbols, axis=axis)).mean() if symbols.shape[axis] > 1 else own for axis in (0, 3)]
    levels = (
        round(UNIT * np.log2(mean + 2.0 ** (-ACTIVITY_OF_ONE / UNIT))) + ACTIVITY_OF_ONE for mean in (own, *changes)
    )
    return tuple(min(level, LARGEST_ACTIVITY) for level in levels)


def encode_cells(encoder: SymbolEncoder, symbols: Symbols, mixing: Mixing) -> None:
    """Put the cells of a tensor `[T, C, h, w]` into a stream; nothing if there is a single symbol."""
    if mixing.count == 1:
        return
    passes = list(all_laws(symbols, mixing))
    for row in range(len(symbols)):
        for laws, own in passes:
            for cells in _parts(own.shape[1], mixing):
                encoder.encode_each(own[row, cells] - mixing.low, frequencies(laws.of_row(row, cells), mixing))


def decode_cells(decoder: SymbolDecoder, shape: tuple[int, ...], mixing: Mixing) -> Symbols:
    """The inverse of `encode_cells`.

    Raises CorruptStream, and ResourceError if the memory does not hold what is made of a row.
    """
    if mixing.count == 1:
        return np.full(shape, mixing.low, np.int32)
    check_memory(CELL_BYTES * prod(shape[1:]), "decoding an embedding")
    rows = _bordered(np.zeros(shape, np.int32))
    for row in range(shape[0]):
        told, known = _told(range(row, row + 1), mixing), rows[row : row + 3]
        for (lattices, places), network in zip(PASSES, networks()[mixing.networks], strict=True):
            laws = network.laws(_around(known, lattices, places), told)
            parts = (laws.of_row(0, cells) for cells in _parts(laws.centre.shape[1], mixing))
            found = np.concatenate([decoder.decode_each(frequencies(part, mixing)) for part in parts]) + mixing.low
            for where in lattices:
                view = _lattice(known[2:], where)
                view[...], found = found[: view.size].reshape(view.shape), found[view.size :]
    return rows[2:, :, BORDER:-BORDER, BORDER:-BORDER].astype(np.int32)


def all_laws(symbols: Symbols, mixing: Mixing) -> Iterator[tuple[Laws, Symbols]]:
    """Laws and symbols, `[T, n]` both, of the cells of each pass of a tensor `[T, C, h, w]` that is known."""
    rows = _bordered(symbols)
    for (lattices, places), network in zip(PASSES, networks()[mixing.networks], strict=True):
        own, parts = of_pass(symbols, lattices), []
        for part in _ranges(len(own), CELLS_AT_ONCE // max(own.shape[1], 1)):
            cells = _around(rows[part.start : part.stop + 2], lattices, places)
            parts.append(network.laws(cells, _told(part, mixing)))
        yield joined(parts), own


def all_cells(symbols: Symbols, mixing: Mixing) -> Iterator[tuple[Numbers, Numbers, Symbols]]:
    """What the network of each pass of a known tensor `[T, C, h, w]` sees, `[F, T, n]`, and is told, `[5, T]`, and the
    symbols `[T, n]` of the cells."""
    rows, told = _bordered(symbols), _told(range(len(symbols)), mixing)
    for lattices, places in PASSES:
        yield _around(rows, lattices, places), told, of_pass(symbols, lattices)


def of_pass(cells: NDArray[Any], lattices: Places) -> NDArray[Any]:
    """Those `[T, n]` of some cells `[T, C, h, w]` that a pass has."""
    own = [cells[:, :, top::2, left::2].reshape(len(cells), -1) for top, left in lattices]
    return np.concatenate(own, axis=1)


def frequencies(laws: Laws, mixing: Mixing) -> Frequencies:
    """Frequencies of the symbols from the lowest to the highest, whole numbers `[n, symbols]`, by laws `[n]`."""
    shares = sliding_window_view(laplace_shares(mixing.count - 1).ravel(), mixing.count)
    first, second = (shares[place] for place in _places(laws, mixing))
    first *= SHARES - laws.before_share[:, None]
    second *= laws.before_share[:, None]
    first += second
    first += LEAST
    return first.astype(np.float64)


def lengths(laws: Laws, symbols: Symbols, mixing: Mixing) -> Bits:
    """Code lengths in bits of symbols, nearly: the shares of symbols that do not occur count as lost."""
    shares, at = laplace_shares(mixing.count - 1).ravel(), np.clip(symbols, mixing.low, mixing.high) - mixing.low
    first, second = (shares[place + at] for place in _places(laws, mixing))
    frequency = LEAST + (SHARES - laws.before_share) * first + laws.before_share * second
    bits: Bits = SHARE_BITS + np.log2(SHARES) - np.log2(frequency)
    return bits


def lengths_around(symbols: Symbols, mixing: Mixing) -> Bits:
    """Code lengths `[3, T, C, h, w]`, nearly: of a tensor's symbols less 1, of the symbols, of the symbols plus 1."""
    wider = replace(mixing, low=mixing.low - 1, high=mixing.high + 1)
    found = np.empty((3, *symbols.shape))
    for (lattices, _), (laws, own) in zip(PASSES, all_laws(symbols, mixing), strict=True):
        for step, tensor in enumerate(found):
            bits = lengths(laws, own + np.int32(step - 1), wider)
            for top, left in lattices:
                view = tensor[:, :, top::2, left::2]
                count = view[0].size
                view[...], bits = bits[:, :count].reshape(view.shape), bits[:, count:]
    return found


def _ranges(count: int, step: int) -> list[range]:
    """The numbers from 0 to a count, at least one range of them, a step or at least 1 in each."""
    step = max(step, 1)
    return [range(start, min(start + step, count)) for start in range(0, max(count, 1), step)]


def _parts(count: int, mixing: Mixing) -> list[slice]:
    """Slices of a number of cells whose frequencies are made at once."""
    return [slice(part.start, part.stop) for part in _ranges(count, FREQUENCIES_AT_ONCE // mixing.count)]


def _places(laws: Laws, mixing: Mixing) -> tuple[Symbols, Symbols]:
    """Places of the lowest symbol's shares by both laws of each cell in the flat array of `laplace_shares`."""
    reach, middle = mixing.count - 1, EIGHTHS // 2
    centre = np.clip(laws.centre, EIGHTHS * mixing.low, EIGHTHS * mixing.high)
    nearest, before = centre + middle >> 3, np.clip(laws.before, mixing.low, mixing.high)
    first = laws.scale * EIGHTHS + centre - EIGHTHS * nearest + middle
    second = laws.before_scale * EIGHTHS + middle
    start, row = reach + mixing.low, 2 * reach + 1
    return first * row + start - nearest, second * row + start - before


def _told(rows: range, mixing: Mixing) -> Numbers:
    """What networks are told about rows, `[5, T]`: whether there are one and two rows before, and activities."""
    known = [level - ACTIVITY_OF_ONE for level in mixing.activities]
    return np.array([[UNIT * (row > 0), UNIT * (row > 1), *known] for row in rows], np.float32).T


def _bordered(symbols: Symbols) -> Numbers:
    """Rows with zeros around the cells, and two rows of zeros before them."""
    return np.pad(symbols.astype(np.float32), ((2, 0), (0, 0), (BORDER, BORDER), (BORDER, BORDER)))


def _around(rows: Numbers, lattices: Places, places: Places) -> Numbers:
    """The cells `[F, T, n]` that a network looks at, for the cells of a pass in all rows from the third on."""
    seen = [(rows[1:-1], place) for place in BEFORE] + [(rows[:-2], (0, 0))] + [(rows[2:], place) for place in places]
    parts = [
        np.stack([_lattice(a, w, place) for a, place in seen]).reshape(len(seen), len(rows) - 2, -1) for w in lattices
    ]
    return np.concatenate(parts, axis=2)


def _lattice(rows: Numbers, where: tuple[int, int], place: tuple[int, int] = (0, 0)) -> Numbers:
    """Every second cell in both directions from one on, each moved to a place; a view of rows with borders."""
    height, width = (side - 2 * BORDER for side in rows.shape[2:])
    down, across = (BORDER + step for step in place)
    return rows[:, :, where[0] + down : height + down : 2, where[1] + across : width + across : 2]
