"""Samples of pictures in memory, integers from 0 to a peak: uint8 for a depth of 8 bits, int16 for one of 10."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

DTYPES = {8: torch.uint8, 10: torch.int16}
"""Type of samples by their depth; NumPy's types have the same names."""
DEPTHS = {dtype.itemsize: depth for depth, dtype in DTYPES.items()}
"""Depth of samples by the bytes of one."""


def depth_of(samples: Tensor | NDArray[Any]) -> int:
    """Depth of samples: 8 or 10 bits."""
    return DEPTHS[samples.dtype.itemsize]


def peak_of(depth: int) -> int:
    """The largest sample of a depth: 255 or 1023."""
    return int(2**depth) - 1


def to_unit(samples: Tensor) -> Tensor:
    """Samples as numbers in [0, 1], float32."""
    return samples.float() / peak_of(depth_of(samples))


def from_unit(numbers: Tensor, depth: int) -> Tensor:
    """Numbers in [0, 1] as the nearest samples of a depth."""
    return nearest(peak_of(depth) * numbers, depth)


def nearest(numbers: Tensor, depth: int) -> Tensor:
    """Numbers rounded to the nearest samples of a depth, half to even, and limited to the range from 0 to its peak."""
    return numbers.round().clamp_(0, peak_of(depth)).to(DTYPES[depth])
