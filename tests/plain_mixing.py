"""A group with a mixed embedding decoded in plain Python, word by word after docs/bitstream.md, section 10."""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from math import isqrt
from pathlib import Path
from typing import Any

from tests.plain_coder import ONE, RangeDecoder, boundaries, exp_minus
from tests.plain_corrections import Reader

SETS = json.loads((Path(__file__).parent.parent / "nervcodec" / "entropy" / "networks.json").read_text())
ROW_BEFORE = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]
DIAGONAL = [(-1, -1), (-1, 1), (1, -1), (1, 1), (-1, -3), (-1, 3), (1, -3), (1, 3), (-3, -1), (3, -1), (-3, 1), (3, 1)]
STRAIGHT = [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -2), (-1, 2), (1, -2), (1, 2), (-2, -1), (2, -1), (-2, 1), (2, 1)]
PASSES: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]] = [
    ([(0, 0)], []),
    ([(1, 1)], DIAGONAL),
    ([(0, 1), (1, 0)], STRAIGHT),
]
"""Lattices of each pass, and the places in the same row that it sees."""
Network = dict[str, Any]
Cell = tuple[int, int, int, int]
"""Row, channel, height and width."""


def order(shape: Cell) -> Iterator[tuple[int, Cell]]:
    """All cells as they are coded, each with its pass."""
    rows, channels, height, width = shape
    for t in range(rows):
        for number, (lattices, _) in enumerate(PASSES):
            for first_y, first_x in lattices:
                for c in range(channels):
                    for y in range(first_y, height, 2):
                        yield from ((number, (t, c, y, x)) for x in range(first_x, width, 2))


def seen(cells: dict[Cell, int], cell: Cell, number: int) -> list[int]:
    t, c, y, x = cell
    before = [cells[t - 1, c, y + down, x + right] for down, right in ROW_BEFORE]
    same = [cells[t, c, y + down, x + right] for down, right in PASSES[number][1]]
    return [*before, cells[t - 2, c, y, x], *same]


def log(v: int) -> int:
    n = (abs(v) + 1).bit_length()
    return 16 * (n - 1) + (((abs(v) + 1) * 16) >> (n - 1)) - 16


def dot(weights: list[int], values: list[int]) -> int:
    total = sum(w * v for w, v in zip(weights, values, strict=True))
    assert abs(total) < 2**24
    return total


def limit(value: int, least: int, most: int) -> int:
    return min(max(value, least), most)


def outputs(network: Network, v: list[int], e: list[int]) -> list[int]:
    """What a network makes of the cells that it sees and of what it is told."""
    logs, hidden = [log(value) for value in v], []
    for inner, told, bias in zip(network["inner"], network["told"], network["inner_bias"], strict=True):
        hidden.append(limit(dot([bias, *inner, *told], [1, *logs, *e]) >> 6, 0, 4095))
    both = zip(network["outer"], network["outer_bias"], strict=True)
    return [dot([bias, *outer], [1, *hidden]) >> 6 for outer, bias in both]


@lru_cache(maxsize=48)
def powers(scale: int) -> list[int]:
    root, x = isqrt(isqrt(2 << 96) << 48), 2 * ONE
    for _ in range(scale):
        x = (x << 48) // root
    theta, p = exp_minus(x) >> 17, [2**31]
    for _ in range(8 * 510 + 8):
        p.append(p[-1] * theta >> 31)
    return p


def share_of(scale: int, d: int, k: int) -> int:
    p = powers(scale)
    if k > 0:
        return (p[8 * k - d - 4] - p[8 * k - d + 4]) >> 16
    if k < 0:
        return (p[-8 * k + d - 4] - p[-8 * k + d + 4]) >> 16
    return (2**32 - p[4 - d] - p[4 + d]) >> 16


def law(network: Network, v: list[int], e: list[int], limits: tuple[int, int]) -> list[int]:
    """Frequencies of the symbols from the lowest to the highest one."""
    lowest, highest = limits
    out = outputs(network, v, e)
    centre = limit((dot(network["sums"], v) + 4) >> 3, 8 * lowest, 8 * highest)
    near = (centre + 4) >> 3
    before = limit(v[0], lowest, highest)
    scale, other, share = limit((out[0] + 2) >> 2, 0, 47), limit((out[1] + 2) >> 2, 0, 47), limit(out[2], 0, 64)
    return [
        16 + (64 - share) * share_of(scale, centre - 8 * near, k - near) + share * share_of(other, 0, k - before)
        for k in range(lowest, highest + 1)
    ]


def decode(data: bytes, shape: Cell) -> tuple[int, list[int]]:
    """The step and, in C order, the symbols of a group that has one tensor, a mixed one."""
    reader = Reader(data)
    flags, step, index = (reader.data.pop(0) for _ in range(3))
    assert flags == 32
    lowest = reader.varint() - 255
    highest = lowest + reader.varint()
    activities = [reader.data.pop(0) - 96 for _ in range(3)]
    decoder, cells = RangeDecoder(bytes(reader.data)), defaultdict[Cell, int](int)
    for number, cell in order(shape):
        v, e = seen(cells, cell, number), [16 * (cell[0] > 0), 16 * (cell[0] > 1), *activities]
        if lowest == highest:
            cells[cell] = lowest
        else:
            left = boundaries(law(SETS[index][number], v, e, (lowest, highest)))
            cells[cell] = decoder.decode(left) + lowest
    rows, channels, height, width = shape
    places = [(t, c, y, x) for t in range(rows) for c in range(channels) for y in range(height) for x in range(width)]
    return step, [cells[place] for place in places]
