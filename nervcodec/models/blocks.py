"""The pieces the networks are made of."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Upsample(nn.Sequential):
    """Convolution, PixelShuffle, GELU: one stage of a decoder. `[B, C, h, w]` to `[B, C', s*h, s*w]`."""

    def __init__(self, c_in: int, c_out: int, stride: int, kernel: int) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out * stride**2, kernel, padding=kernel // 2),
            nn.PixelShuffle(stride),
            nn.GELU(),
        )


def upsampling_stages(widths: tuple[int, ...], strides: Iterable[int], kernels: Iterable[int]) -> nn.Sequential:
    """One `Upsample` for each stride, from `widths[i]` to `widths[i + 1]` channels."""
    return nn.Sequential(
        *(
            Upsample(c_in, c_out, stride, kernel)
            for c_in, c_out, stride, kernel in zip(widths, widths[1:], strides, kernels, strict=False)
        )
    )


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of `[B, C, h, w]`."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    """Depthwise 7x7, norm, pointwise to 4x and back, scaled residual (ConvNeXt, CVPR 2022, section 2.6)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.expand = nn.Linear(channels, 4 * channels)
        self.contract = nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))  # [B, h, w, C]
        y = self.scale * self.contract(F.gelu(self.expand(y)))
        result: Tensor = x + y.permute(0, 3, 1, 2)
        return result


class FrameEncoder(nn.Sequential):
    """Frames (or their differences) to an embedding; used in fitting only, never in the stream.

    `[B, c_in, H, W]` to `[B, c_out, H/s, W/s]` with s the product of the strides (DNeRV code; widths and strides of
    an encoder are free, since only the shape of the embedding reaches the decoder).
    """

    def __init__(self, c_in: int, c_out: int, strides: tuple[int, ...], width: int = 64) -> None:
        layers: list[nn.Module] = []
        for stride in strides:
            layers += [
                nn.Conv2d(c_in, width, stride, stride),
                ChannelNorm(width, eps=1e-6),
                ConvNeXtBlock(width),
            ]
            c_in = width
        super().__init__(*layers, nn.Conv2d(width, c_out, 1))


def at_times(embedding: Tensor, times: Tensor) -> Tensor:
    """Rows of an embedding `[T, C, h, w]` at `times` `[B]`, in frames: `[B, C, h, w]`.

    An integer tensor picks rows; a floating one interpolates linearly between neighbours, held at both ends.
    """
    if not times.is_floating_point():
        return embedding[times]
    last = len(embedding) - 1
    lower = times.floor().long().clamp(0, last)
    upper = (lower + 1).clamp(max=last)
    fraction = (times - lower).clamp(0, 1).view(-1, 1, 1, 1).to(embedding.dtype)
    return torch.lerp(embedding[lower], embedding[upper], fraction)
