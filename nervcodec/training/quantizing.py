"""Quantization inside the training loop: learned steps from the wire's table, rounding that gradients ignore.

What a network computes with during training is then what a decoder computes with: symbols times steps.
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
"""Magnitudes are rounded down up to this much above a half: zeros are cheap, and the network adapts (ours)."""


class Quantizer:
    """A step for each of some named tensors."""

    def __init__(self, steps: Mapping[str, float], device: torch.device) -> None:
        self.names = tuple(steps)
        self.log_steps = torch.tensor([log2(step) for step in steps.values()], device=device).requires_grad_()
        """What an optimizer moves: logarithms to the base 2."""
        self._table = STEP_TABLE.to(device)

    def steps(self) -> dict[str, Tensor]:
        """Values of the table, a scalar for each tensor; their gradient is that of the power of two they stand for."""
        smooth = torch.exp2(self.log_steps - self.log_steps.detach())
        return dict(zip(self.names, (self._table[self._indices()] * smooth).unbind(), strict=True))

    @torch.no_grad()
    def symbols(self, tensors: Mapping[str, Tensor]) -> dict[str, QuantizedTensor]:
        """The integers of all tensors, with the indices of their steps; 0 for what is no number."""
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

    The gradient passes x as if nothing happened (straight through); a step's is that of the error it makes.
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
    """The values a decoder has: multiples of a step, or of one for each value."""
    result: Tensor = _Round.apply(values, steps.expand_as(values))  # type: ignore[no-untyped-call]
    return result


def quantized_together(tensors: Mapping[str, Tensor], steps: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same of many small tensors, each with its step, as one: a call costs more than what it does to them."""
    moved = [tensor.movedim(_channels(tensor), -1) for tensor in tensors.values()]  # channels last, as they lie
    values = torch.cat([tensor.flatten() for tensor in moved])
    spread = torch.cat([steps[name].expand(tensor.numel()) for name, tensor in tensors.items()])
    parts = torch.split(quantized(values, spread), [tensor.numel() for tensor in moved])
    made = (part.view(tensor.shape) for part, tensor in zip(parts, moved, strict=True))
    return {name: part.movedim(-1, _channels(part)) for name, part in zip(tensors, made, strict=True)}


def _channels(tensor: Tensor) -> int:
    return min(1, tensor.ndim - 1)
