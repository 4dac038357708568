"""Small networks that tell the probabilities of cells from the cells around them, in whole numbers.

Such networks are those of Cool-chic (Leguay et al., MMSP 2023); what these take and give is ours. Their weights are the
same for all videos, learned from the symbols of many (`benchmarks.context_networks`), and part of the format. All
numbers are whole, and no sum reaches 2^24 (the largest can be 6.0 million), so that float32 has them exactly whatever
the order of a sum, and products of matrices are fast. docs/bitstream.md is normative.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nervcodec.entropy.laplace import SCALES

Symbols = NDArray[np.int32]
Numbers = NDArray[np.float32]

LARGEST = 255
"""Largest magnitude of a cell."""
UNIT = 16
"""What stands for 1 in the logarithms that a network takes and gives."""
WEIGHT_BITS = 6
"""Fractional bits of weights."""
MOST_HIDDEN = (1 << 12) - 1
"""Largest hidden value."""
MOST_PRODUCTS = 1 << 18
"""Multiplications up to which OpenBLAS, NumPy's library, takes a product of matrices in one thread. Its other threads
would go on waiting for a while on the cores that PyTorch's threads need next (docs/performance.md)."""
SHARES = 64
"""What stands for 1 in the share of the second law."""
LOG_OF = np.array(
    [UNIT * (n.bit_length() - 2) + (n * UNIT >> n.bit_length() - 1) for n in range(1, LARGEST + 2)], np.float32
)
"""Logarithm of 1 + magnitude to the base 2 in 16ths, along straight lines between powers of 2."""


class Laws(NamedTuple):
    """Two Laplace laws for each of some cells, as arrays of one shape."""

    centre: Symbols
    """Centre of the first law, in eighths."""
    scale: Symbols
    """Index of the first law's scale."""
    before: Symbols
    """Centre of the second law: the cell in the same place of the row before."""
    before_scale: Symbols
    """Index of the second law's scale."""
    before_share: Symbols
    """Share of the second law, in 64ths."""

    def of_row(self, row: int, cells: slice = slice(None)) -> "Laws":
        """The laws of some cells of one row, `[n]`."""
        return Laws(*(numbers[row, cells] for numbers in self))


def joined(parts: Sequence[Laws]) -> Laws:
    """Laws of rows after each other."""
    return Laws(*map(np.concatenate, zip(*parts, strict=True)))


@dataclass(frozen=True)
class Network:
    """The network of one pass, with one hidden layer of H values, which looks at F cells."""

    sums: Numbers
    """Weights `[F]` of the cells in the first law's centre, in 64ths."""
    inner: Numbers
    """Weights `[H, F]` of the logarithms of the cells' magnitudes, in 64ths."""
    told: Numbers
    """Weights `[H, 5]` of what the network is told, in 64ths."""
    inner_bias: Numbers
    """`[H]`, in 1024ths."""
    outer: Numbers
    """Weights `[3, H]` for the scales of both laws and the share of the second one, in 64ths."""
    outer_bias: Numbers
    """`[3]`, in 1024ths."""

    def laws(self, cells: Numbers, told: Numbers) -> Laws:
        """The laws of `[T, n]` cells.

        cells: `[F, T, n]`, whole numbers; the cells around each cell, first the one in its place in the row before.
        told: `[5, T]`, numbers for each row, in 16ths.
        """
        seen, places = cells.reshape(len(cells), -1), cells.shape[1:]
        hidden = _product(self.inner, LOG_OF[np.abs(seen).astype(np.int32)])
        # Hidden values change in place: to ask for new memory takes longer than the sums.
        of_rows = hidden.reshape(len(hidden), *places)
        of_rows += (self.told @ told + self.inner_bias[:, None])[..., None]
        hidden /= 1 << WEIGHT_BITS
        np.clip(np.floor(hidden, out=hidden), 0, MOST_HIDDEN, out=hidden)
        outputs = np.floor((_product(self.outer, hidden) + self.outer_bias[:, None]) / (1 << WEIGHT_BITS)).astype(
            np.int32
        )
        scale, before_scale, share = (output.reshape(places) for output in outputs)
        centre = np.einsum("f,fn->n", self.sums, seen).reshape(places).astype(np.int32)
        return Laws(
            centre=centre + (1 << WEIGHT_BITS - 4) >> WEIGHT_BITS - 3,
            scale=np.clip(scale + UNIT // 8 >> 2, 0, SCALES - 1),
            before=cells[0].astype(np.int32),
            before_scale=np.clip(before_scale + UNIT // 8 >> 2, 0, SCALES - 1),
            before_share=np.clip(share, 0, SHARES),
        )


@cache
def networks() -> tuple[tuple[Network, ...], ...]:
    """The sets of networks that a file can name, each with a network for each pass."""
    return networks_of(files("nervcodec.entropy").joinpath("networks.json").read_text("utf-8"))


def networks_of(text: str) -> tuple[tuple[Network, ...], ...]:
    """The sets of networks in a JSON file."""
    return tuple(tuple(_network(one) for one in many) for many in json.loads(text))


def _product(weights: Numbers, numbers: Numbers) -> Numbers:
    """The product of weights `[m, k]` and numbers `[k, n]`, in parts that take one thread."""
    product, columns = np.empty((len(weights), numbers.shape[1]), np.float32), MOST_PRODUCTS // weights.size
    for start in range(0, numbers.shape[1], columns):
        part = slice(start, start + columns)
        np.matmul(weights, numbers[:, part], out=product[:, part])
    return product


def _network(weights: dict[str, list[float]]) -> Network:
    return Network(**{name: np.array(numbers, np.float32) for name, numbers in weights.items()})
