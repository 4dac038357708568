"""The cosine transform of planes, block by block, orthonormal (DCT-II; Ahmed, Natarajan and Rao, 1974)."""

from math import cos, pi, sqrt

import torch
from torch import Tensor
from torch.nn import functional as F

BLOCK = 8
"""Side of a block in samples."""
COEFFICIENTS = BLOCK**2
DIAGONALS = 2 * BLOCK - 1
"""Number of diagonals of a block: coefficients on one have the same sum of their frequencies across and down."""
ORDER = sorted(((down, across) for down in range(BLOCK) for across in range(BLOCK)), key=lambda at: (sum(at), at[0]))
"""Frequency down and across of each coefficient in order: diagonal after diagonal, on each by the frequency down."""
DIAGONAL_OF = tuple(map(sum, ORDER))
"""Diagonal of each coefficient, from 0."""
BASIS = torch.tensor(
    [
        [sqrt((2 if wave else 1) / BLOCK) * cos(pi / BLOCK * (place + 0.5) * wave) for place in range(BLOCK)]
        for wave in range(BLOCK)
    ]
)
"""Each row is a cosine of one frequency."""
PLACES = torch.tensor([BLOCK * down + across for down, across in ORDER])
"""Place of each coefficient in a block, row by row."""


def coefficients(planes: Tensor) -> Tensor:
    """Coefficients `[B, h, w, 64]` of the blocks of planes `[B, 1, H, W]`, floats, in order of their diagonals.

    Blocks that the planes do not fill repeat the last row or column.
    """
    height, width = planes.shape[2:]
    whole = F.pad(planes, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
    blocks = whole[:, 0].unfold(1, BLOCK, BLOCK).unfold(2, BLOCK, BLOCK)  # [B, h, w, 8, 8]
    basis = BASIS.to(planes.device)
    made: Tensor = (basis @ blocks @ basis.T).flatten(3).index_select(3, PLACES.to(planes.device))
    return made


def planes_of(blocks: Tensor, height: int, width: int) -> Tensor:
    """The inverse of `coefficients`: planes `[B, 1, height, width]`."""
    batch, rows, columns, _ = blocks.shape
    joined = samples_of(blocks).permute(0, 1, 3, 2, 4).reshape(batch, 1, BLOCK * rows, BLOCK * columns)
    return joined[:, :, :height, :width]


def samples_of(blocks: Tensor) -> Tensor:
    """The samples `[..., 8, 8]` of blocks with coefficients `[..., 64]`."""
    basis, order = BASIS.to(blocks.device), PLACES.argsort().to(blocks.device)
    squares = torch.unflatten(blocks.index_select(-1, order), -1, (BLOCK, BLOCK))
    return basis.T @ squares @ basis
