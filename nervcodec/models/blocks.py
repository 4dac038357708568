"""Modules and functions that the networks are made of."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.convolution import Convolution, convolve


class Upsample(nn.Sequential):
    """One stage of a decoder: convolution, PixelShuffle, GELU, from `[B, C, h, w]` to `[B, C', s*h, s*w]`."""

    def __init__(self, c_in: int, c_out: int, stride: int, kernel: int) -> None:
        super().__init__(Convolution(c_in, c_out * stride**2, kernel))
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Run the stage; in channels last, PixelShuffle is fast if the channels of each output pixel are adjacent."""
        weight, bias = map(self.by_place, self.parameters())
        y = torch.unflatten(convolve(x, weight, bias).permute(0, 2, 3, 1), 3, (self.stride, -1))  # B, h, w, s, s C'
        y = torch.unflatten(y.transpose(2, 3).flatten(1, 2), 3, (self.stride, -1)).flatten(2, 3)
        return F.gelu(y.permute(0, 3, 1, 2))

    def by_place(self, parameter: Tensor) -> Tensor:
        """A parameter with rows `[C' * s * s, ...]`, reordered to `[s * s * C', ...]`."""
        return torch.unflatten(parameter, 0, (-1, self.stride**2)).transpose(0, 1).flatten(0, 1)


def upsampling_stages(widths: tuple[int, ...], strides: Iterable[int], kernels: Iterable[int]) -> nn.Sequential:
    """One `Upsample` for each stride, from `widths[i]` to `widths[i + 1]` channels."""
    return nn.Sequential(
        *(
            Upsample(c_in, c_out, stride, kernel)
            for c_in, c_out, stride, kernel in zip(widths, widths[1:], strides, kernels, strict=False)
        )
    )


def at_times(embedding: Tensor, times: Tensor) -> Tensor:
    """Rows of an embedding `[T, C, h, w]` at `times` `[B]`, in frames: `[B, C, h, w]`.

    An integer tensor picks rows; a floating one interpolates linearly between neighbours, and times beyond the ends
    count as the ends.
    """
    if not times.is_floating_point():
        return embedding[times]
    last = len(embedding) - 1
    lower = times.floor().long().clamp(0, last)
    upper = (lower + 1).clamp(max=last)
    fraction = (times - lower).clamp(0, 1).view(-1, 1, 1, 1).to(embedding.dtype)
    return torch.lerp(embedding[lower], embedding[upper], fraction)
