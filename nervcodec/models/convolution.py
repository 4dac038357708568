"""A convolution for large maps of few channels, whose weight gradient is fast on CPUs in float32."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAST_PIXELS = 1 << 12
"""Least pixels of a map for which the faster weight gradient is worth its overhead."""
BLOCK_PIXELS = 3 << 8
"""Pixels that the weight gradient takes at a time, so that their copies stay in a cache (ours, docs/performance.md)."""


class Convolution(nn.Conv2d):
    """`nn.Conv2d` with "same" padding, whose weight gradient is fast on CPUs in float32."""

    def __init__(self, c_in: int, c_out: int, kernel: int) -> None:
        super().__init__(c_in, c_out, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve `[B, c_in, h, w]` to `[B, c_out, h, w]`."""
        assert self.bias is not None
        return convolve(x, self.weight, self.bias)


def convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve `[B, c_in, h, w]` to `[B, c_out, h, w]` by a weight `[c_out, c_in, k, k]` with "same" padding."""
    kernel = weight.shape[2]
    is_large = x.shape[2] * x.shape[3] >= LEAST_PIXELS and kernel > 1
    is_plain = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    if not (is_large and is_plain and torch.is_grad_enabled()):
        return F.conv2d(x, weight, bias, padding=kernel // 2)
    result: Tensor = _Convolution.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return result


class _Convolution(torch.autograd.Function):
    """A convolution with a weight gradient of ours: oneDNN's, which it also computes for the gradient of the bias, has
    a third of the speed of its other two passes in channels last."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, bias, padding=weight.shape[2] // 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        (output,), (x, weight) = gradients, ctx.saved_tensors
        padding = weight.shape[2] // 2
        x_gradient, _, _ = torch.ops.aten.convolution_backward(
            output,
            x,
            weight,
            bias_sizes=[len(weight)],
            stride=[1, 1],
            padding=[padding, padding],
            dilation=[1, 1],
            transposed=False,
            output_padding=[0, 0],
            groups=1,
            output_mask=[ctx.needs_input_grad[0], False, False],
        )
        return x_gradient, weight_gradient(x, output, weight.shape[2]), output.sum(dim=(0, 2, 3))


def weight_gradient(x: Tensor, output: Tensor, kernel: int) -> Tensor:
    """The weight gradient `[c_out, c_in, k, k]` of a convolution of x `[B, c_in, h, w]` with "same" padding, from the
    gradient of its output `[B, c_out, h, w]`.

    It is a sum of matrix products of blocks of rows of the map, one for each thread, with what the kernel sees at each
    pixel.
    """
    batch, c_in, height, width = x.shape
    padding, c_out, threads = kernel // 2, output.shape[1], torch.get_num_threads()
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, padding, padding, padding, padding))
    gradient, rows = output.permute(0, 2, 3, 1), threads * max(BLOCK_PIXELS // (batch * width), 1)
    total = x.new_zeros(threads, c_out, kernel * kernel * c_in)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        parts = threads if batch * count % threads == 0 else 1
        windows = padded[:, top : top + count + 2 * padding].unfold(1, kernel, 1).unfold(2, kernel, 1)
        seen = windows.permute(0, 1, 2, 4, 5, 3).reshape(parts, -1, kernel * kernel * c_in)
        total[:parts].baddbmm_(gradient[:, top : top + count].reshape(parts, -1, c_out).mT, seen)
    return total.sum(dim=0).view(c_out, kernel, kernel, c_in).permute(0, 3, 1, 2)
