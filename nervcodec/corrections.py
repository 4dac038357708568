"""Corrections of the luma of frames that are made between others: cosine transforms, mostly zero, block by block."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nervcodec.cosine import BLOCK, samples_of
from nervcodec.quantization import STEP_TABLE


@dataclass(frozen=True)
class Corrections:
    """Corrections of some frames, in order of time."""

    steps: tuple[int, ...]
    """Index of the step (`nervcodec.quantization.STEP_TABLE`) of the frames of each level (`nervcodec.levels`); the
    whole range of samples is 1."""
    extents: NDArray[np.int32]
    """Number of diagonals of coefficients that are sent of each block, `[T, h, w]`."""
    symbols: NDArray[np.int32]
    """Coefficients in steps, `[N, 64]`, of the N blocks whose extent is not 0, in order; 0 beyond the extent."""

    def luma(self, frame: int, level: int, height: int, width: int) -> Tensor:
        """What is added to the luma of a frame, given by its number and level, `[1, height, width]`."""
        rows, columns = self.extents.shape[1:]
        luma = torch.zeros(rows, BLOCK, columns, BLOCK)
        down, across = map(torch.from_numpy, np.nonzero(self.extents[frame]))
        own = torch.from_numpy(self.symbols[self._ends[frame] - len(down) : self._ends[frame]])
        luma[down, :, across] = samples_of(own.float() * STEP_TABLE[self.steps[level]])
        return luma.view(1, BLOCK * rows, BLOCK * columns)[:, :height, :width]

    @property
    def size(self) -> int:
        """Bytes of extents and symbols."""
        return self.extents.nbytes + self.symbols.nbytes

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """Number of blocks that are sent up to the end of each frame."""
        return np.cumsum(np.count_nonzero(self.extents, axis=(1, 2)))


def blocks_of(height: int, width: int) -> tuple[int, int]:
    """Number of blocks down and across a picture of a size in pixels."""
    return -(-height // BLOCK), -(-width // BLOCK)
