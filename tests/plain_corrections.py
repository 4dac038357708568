"""Corrections decoded in plain Python, word by word after docs/bitstream.md, section 9."""

from collections import defaultdict
from collections.abc import Callable
from math import cos, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from tests.plain_coder import RangeDecoder, boundaries, frequencies

ORDER = sorted(((u, v) for u in range(8) for v in range(8)), key=lambda at: (at[0] + at[1], at[0]))
Place = tuple[int, int, int]
"""Frame, row and column of a block."""


class Reader:
    """Reads bytes, varints and priors."""

    def __init__(self, data: bytes) -> None:
        self.data = list(data)

    def varint(self) -> int:
        byte = self.data.pop(0)
        return byte if byte < 128 else byte - 128 + 128 * self.varint()

    def tables(self, count: int) -> tuple[int, list[list[int]]]:
        """The largest magnitude, and the boundaries of each class."""
        magnitude, tables = self.varint(), []
        for _ in range(count if magnitude else 0):
            law, spike = self.data.pop(0), self.data.pop(0)
            tables.append(boundaries(frequencies(magnitude, law // 128, law % 128, spike)))
        return magnitude, tables


def decode(data: bytes, frames: int, rows: int, columns: int, levels: int) -> tuple[list[int], dict[Place, list[int]]]:
    """The steps of levels, and the 64 symbols of each block that has any."""
    reader = Reader(data)
    steps = [reader.data.pop(0) for _ in range(levels)]
    (of_extents, extent_tables), (of_symbols, tables) = reader.tables(8), reader.tables(30)
    decoder = RangeDecoder(bytes(reader.data))
    extents: dict[Place, int] = defaultdict(int)
    for wave in range(2 * rows + columns):
        cells = [(t, y, wave - 2 * y) for t in range(frames) for y in range(rows) if 0 <= wave - 2 * y < columns]

        def near(cell: Place) -> int:
            t, y, x = cell
            beside = extents[t, y, x - 1] + extents[t, y - 1, x]
            return (2 * beside + extents[t, y - 1, x - 1] + extents[t, y - 1, x + 1]).bit_length()

        for cell, number in in_classes(cells, near):
            k = decoder.decode(extent_tables[number]) - of_extents
            extents[cell] = 2 * k - 1 if k > 0 else -2 * k
    sent = [cell for cell in np.ndindex(frames, rows, columns) if extents[cell]]
    blocks: dict[Place, list[int]] = {cell: [0] * 64 for cell in sent}
    for place, (u, v) in enumerate(ORDER):

        def around(cell: Place, u: int = u, v: int = v) -> int:
            def a(u: int, v: int) -> int:
                return abs(blocks[cell][ORDER.index((u, v))]) if min(u, v) >= 0 else 0

            total = 2 * a(u - 1, v) + 2 * a(u, v - 1) + a(u - 1, v - 1) + a(u - 2, v) + a(u, v - 2)
            is_last = extents[cell] == u + v + 1
            return 3 * (2 * min(total.bit_length(), 4) + is_last) + min(u + v, 2)

        for cell, number in in_classes([cell for cell in sent if extents[cell] > u + v], around):
            blocks[cell][place] = decoder.decode(tables[number]) - of_symbols
    return steps, blocks


def in_classes(cells: list[Place], class_of: Callable[[Place], int]) -> list[tuple[Place, int]]:
    """Cells class after class, each with its class."""
    return sorted(((cell, class_of(cell)) for cell in cells), key=lambda pair: pair[1])


def luma(step: int, blocks: dict[Place, list[int]], frame: int, height: int, width: int) -> NDArray[np.float64]:
    """The correction `[height, width]` of a frame, the whole range of samples being 1."""
    whole = np.zeros((height + 8, width + 8))
    for (t, row, column), symbols in blocks.items():
        for (u, v), symbol in zip(ORDER, symbols, strict=True):
            if t == frame and symbol:
                scaled = symbol * 2 ** ((step - 192) / 8) * np.outer(wave(u), wave(v))
                whole[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] += scaled
    return whole[:height, :width]


def wave(frequency: int) -> NDArray[np.float64]:
    factor = 0.5 if frequency else sqrt(1 / 8)
    return np.array([factor * cos(pi * (2 * place + 1) * frequency / 16) for place in range(8)])
