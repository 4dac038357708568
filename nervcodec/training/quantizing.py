"""Quantization inside the training loop: learned steps from the file format's table, rounding that gradients ignore.

A network in training then computes with the same values as a decoder: symbols times steps.
"""

from collections.abc import Mapping
from math import log2
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function

from nervcodec.quantization import STEP_OFFSET, STEP_TABLE, STEPS, QuantizedTensor, rounded

DEAD_ZONE = 0.1
"""Distance above a half up to which magnitudes are rounded down: zeros are cheap, and the network adapts (ours)."""


class Quantizer:
    """Quantizes named tensors, each with a step of its own."""

    def __init__(self, steps: Mapping[str, float], device: torch.device) -> None:
        self.names = tuple(steps)
        self.log_steps = torch.tensor([log2(step) for step in steps.values()], device=device).requires_grad_()
        """Logarithms of the steps to the base 2, which an optimizer trains."""
        self._table = STEP_TABLE.to(device)

    def steps(self) -> dict[str, Tensor]:
        """Steps from the table, a scalar for each tensor, with the gradient of the power of two it stands for."""
        smooth = torch.exp2(self.log_steps - self.log_steps.detach())
        return dict(zip(self.names, (self._table[self._indices()] * smooth).unbind(), strict=True))

    @torch.no_grad()
    def symbols(self, tensors: Mapping[str, Tensor]) -> dict[str, QuantizedTensor]:
        """The symbols of all tensors with the indices of their steps; a value that is not a number becomes 0."""
        steps, indices = self.steps(), self._indices().tolist()
        return {
            name: QuantizedTensor(_integers(tensors[name] / steps[name]), (index,))
            for name, index in zip(self.names, indices, strict=True)
        }

    def _indices(self) -> Tensor:
        return torch.round(8 * self.log_steps.detach() + STEP_OFFSET).long().clamp(0, STEPS - 1)


def _integers(scaled: Tensor) -> NDArray[np.int32]:
    return rounded(scaled, DEAD_ZONE).nan_to_num().int().cpu().contiguous().numpy()


class _Round(Function):
    """Rounding to multiples of steps, x to s round(x / s), with the gradients of LSQ (Esser et al., ICLR 2020).

    The gradient of x is passed on unchanged (straight through); the gradient of a step is that of the rounding error.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, steps: Tensor) -> Tensor:
        scaled = values / steps
        symbols = rounded(scaled, DEAD_ZONE)
        ctx.save_for_backward(symbols - scaled)
        return symbols * steps

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        (error,) = ctx.saved_tensors
        return gradient, gradient * error


def quantized(values: Tensor, steps: Tensor) -> Tensor:
    """Values as a decoder has them: multiples of one step, or of a step for each value."""
    result: Tensor = _Round.apply(values, steps.expand_as(values))  # type: ignore[no-untyped-call]
    return result


def quantized_together(tensors: Mapping[str, Tensor], steps: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Values of many small tensors as a decoder has them, each with its step; a single call for all takes less time."""
    moved = [tensor.movedim(_channels(tensor), -1) for tensor in tensors.values()]  # channels last, as in memory
    values = torch.cat([tensor.flatten() for tensor in moved])
    spread = torch.cat([steps[name].expand(tensor.numel()) for name, tensor in tensors.items()])
    parts = torch.split(quantized(values, spread), [tensor.numel() for tensor in moved])
    made = (part.view(tensor.shape) for part, tensor in zip(parts, moved, strict=True))
    return {name: part.movedim(-1, _channels(part)) for name, part in zip(tensors, made, strict=True)}


def _channels(tensor: Tensor) -> int:
    return min(1, tensor.ndim - 1)
