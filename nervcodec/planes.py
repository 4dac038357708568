"""Planes of YUV 4:2:0 as one map of six channels at half size: luma by its place in squares of 2x2, then U and V."""

import torch
from torch import Tensor

LUMA = 4
"""Number of channels of luma: top left, top right, bottom left, bottom right of each square."""


def pack_planes(luma: Tensor, chroma: Tensor) -> Tensor:
    """Y `[B, 1, H, W]` and U, V `[B, 2, H/2, W/2]`, rounded up, as `[B, 6, H/2, W/2]`.

    Where a side is odd, the last row or column is repeated.
    """
    height, width = chroma.shape[2:]
    rows, columns = (
        torch.arange(2 * half).clamp(max=side - 1) for half, side in zip((height, width), luma.shape[2:], strict=True)
    )
    whole = luma[:, 0, rows.to(luma.device)][:, :, columns.to(luma.device)]
    squares = whole.view(-1, height, 2, width, 2).permute(0, 2, 4, 1, 3)
    return torch.cat([squares.reshape(-1, LUMA, height, width), chroma], dim=1)


def repeat_border(packed: Tensor, height: int, width: int) -> Tensor:
    """Packed planes of a picture `height` x `width` whose luma beyond the picture is its border."""
    if height % 2 == width % 2 == 0:
        return packed
    return pack_planes(*unpack_planes(packed, height, width))


def luma_of(packed: Tensor) -> Tensor:
    """Y `[B, 1, H, W]`, with even sides, of packed planes `[B, 6, H/2, W/2]`."""
    batch, _, height, width = packed.shape
    squares = torch.unflatten(packed[:, :LUMA], 1, (2, 2)).permute(0, 3, 1, 4, 2)  # [B, H/2, 2, W/2, 2]
    return squares.reshape(batch, 1, 2 * height, 2 * width)


def split_planes(packed: Tensor, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Y `[B, 1, H, W]`, U and V, each `[B, 1, H/2, W/2]`, of packed planes of a picture `height` x `width`."""
    luma, chroma = unpack_planes(packed, height, width)
    return luma, chroma[:, :1], chroma[:, 1:]


def unpack_planes(packed: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """The inverse of `pack_planes`, for a picture of `height` x `width` pixels."""
    return luma_of(packed)[:, :, :height, :width], packed[:, LUMA:]
