"""The encoder of HNeRV and DNeRV, used in fitting only: ConvNeXt blocks between strided convolutions."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CACHE_ROWS = 1 << 14
"""Pixels that a ConvNeXt block expands at a time on a CPU, so that their 4x wider maps stay near its caches."""
GROUP_CHANNELS = 16
"""Channels taken together by the grouped convolution that replaces a depthwise one in `DepthwiseConvolution`."""


class DepthwiseConvolution(torch.autograd.Function):
    """A depthwise convolution with "same" padding whose weight gradient is fast on CPUs.

    oneDNN takes 200 ms for that gradient (64 channels, 7x7, 320x640, two cores, bfloat16), and 36 ms for the gradient
    of a grouped convolution that takes 16 channels together. The former is the diagonal of the latter, bit for bit.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Convolve x `[B, C, h, w]` by a weight `[C, 1, k, k]` and a bias `[C]`."""
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, bias, padding=weight.shape[2] // 2, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of x, weight and bias."""
        (output,) = gradients
        x, weight = ctx.saved_tensors
        channels, _, kernel, _ = weight.shape
        group = GROUP_CHANNELS if channels % GROUP_CHANNELS == 0 else 1
        padding = kernel // 2
        x_gradient = F.conv2d(output, weight.flip(2, 3), padding=padding, groups=channels)
        _, dense, bias_gradient = torch.ops.aten.convolution_backward(
            output,
            x,
            weight.new_empty(channels, group, kernel, kernel),
            bias_sizes=[channels],
            stride=[1, 1],
            padding=[padding, padding],
            dilation=[1, 1],
            transposed=False,
            output_padding=[0, 0],
            groups=channels // group,
            output_mask=[False, True, True],
        )
        diagonal = dense.unflatten(0, (-1, group)).diagonal(dim1=1, dim2=2)  # [groups, k, k, C / groups]
        weight_gradient = diagonal.movedim(3, 1).reshape(weight.shape)
        return x_gradient, weight_gradient, bias_gradient


class ChannelsLastNorm(nn.LayerNorm):
    """`nn.LayerNorm` of `[..., C]` that keeps the precision of its input under autocast."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return F.layer_norm(x, self.normalized_shape, self.weight.to(x.dtype), self.bias.to(x.dtype), self.eps)


class ConvNeXtBlock(nn.Module):
    """A block of ConvNeXt (CVPR 2022, section 2.6): depthwise 7x7, norm, pointwise to 4x and back, scaled residual."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = ChannelsLastNorm(channels, eps=1e-6)
        self.expand = nn.Linear(channels, 4 * channels)
        self.contract = nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """Run the block on `[B, C, h, w]`, whose shape stays the same."""
        if x.device.type != "cpu":
            return x + self._mix(self.norm(self.depthwise(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        weight, bias = self.depthwise.weight.to(x.dtype), self.depthwise.bias
        assert bias is not None
        y: Tensor = DepthwiseConvolution.apply(x, weight, bias.to(x.dtype))  # type: ignore[no-untyped-call]
        y = self.norm(y.permute(0, 2, 3, 1))  # [B, h, w, C]
        parts = torch.split(y.reshape(-1, y.shape[-1]), CACHE_ROWS)
        y = torch.cat([self._mix(part) for part in parts]).view(y.shape)
        return x + y.permute(0, 3, 1, 2)

    def _mix(self, pixels: Tensor) -> Tensor:
        """The pointwise half of the block, `[..., C]` to the same shape; the scale is folded into the last weights."""
        hidden = F.gelu(self.expand(pixels))
        return F.linear(hidden, self.scale[:, None] * self.contract.weight, self.scale * self.contract.bias)


class Downsample(nn.Module):
    """A strided convolution and a norm, from `[B, C, h, w]` to `[B, C', h/s, w/s]`."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(c_in, c_out, stride, stride)
        self.norm = ChannelsLastNorm(c_out, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Run the convolution and the norm."""
        y: Tensor = self.norm(self.convolution(x).permute(0, 2, 3, 1))
        return y.permute(0, 3, 1, 2)


class FrameEncoder(nn.Sequential):
    """An encoder of frames, or of their differences, into an embedding.

    Its output for `[B, c_in, H, W]` is `[B, c_out, H/s, W/s]`, with s the product of the strides (DNeRV code; widths
    and strides of an encoder are free, since only the shape of the embedding reaches the decoder).
    """

    def __init__(self, c_in: int, c_out: int, strides: tuple[int, ...], width: int = 64) -> None:
        layers: list[nn.Module] = []
        for stride in strides:
            layers += [Downsample(c_in, width, stride), ConvNeXtBlock(width)]
            c_in = width
        super().__init__(*layers, nn.Conv2d(width, c_out, 1))

    def maps(self, x: Tensor) -> list[Tensor]:
        """The output of each stage, then the embedding."""
        outputs = []
        for layer in self:
            x = layer(x)
            outputs.append(x)
        return [*outputs[1:-1:2], x]
