"""Sums and means over windows of maps `[..., h, w]` of whole numbers, exact where sums are below 2**53 in magnitude in
float64, or below 2**24 in float32.

Tensors change in place where they are new: memory takes longer than sums (docs/performance.md).
"""

from torch import Tensor
from torch.nn import functional as F


def windowed_mean(x: Tensor, reaches: tuple[int, ...]) -> Tensor:
    """Means over squares around each pixel, one after the other, rounded; the border is repeated."""
    for reach in reaches:
        side = 2 * reach + 1
        total = window_sum(window_sum(F.pad(x, (reach,) * 4, mode="replicate"), side, 3), side, 2)
        x = total.add_(side**2 // 2).div_(side**2).floor_()
    return x


def window_sum(x: Tensor, side: int, dim: int) -> Tensor:
    """Sums of `side` neighbours along a dimension, 2, 3 or 5, which becomes shorter by `side` - 1."""
    length = x.shape[dim] - side + 1
    if side < 4:
        total = x.narrow(dim, 0, length) + x.narrow(dim, 1, length)
        return total.add_(x.narrow(dim, 2, length)) if side == 3 else total
    pairs = x.narrow(dim, 0, length + 2) + x.narrow(dim, 1, length + 2)
    return (pairs.narrow(dim, 0, length) + pairs.narrow(dim, 2, length)).add_(x.narrow(dim, 4, length))


def divided(x: Tensor | int, divisor: Tensor | int) -> Tensor:
    """Quotient of whole numbers, rounded down."""
    quotient: Tensor = x / divisor  # type: ignore[assignment]
    return quotient.floor_()
