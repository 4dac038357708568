"""Quantization of real tensors to integers and back, in steps that a file can hold.

A step is 2^((i - 192) / 8) for an index i of one byte. Zero is always a symbol, so a pruned weight stays exactly zero.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nervcodec.errors import FitError

STEPS = 256
MOST_STEPS = 0.02
"""Most steps of a tensor whose channels have their own, as a share of its values (HNeRV's code)."""
STEP_OFFSET = 192
EIGHTHS = (
    1.0,
    1.0905077326652577,
    1.189207115002721,
    1.2968395546510096,
    1.4142135623730951,
    1.5422108254079407,
    1.681792830507429,
    1.8340080864093424,
)
"""Powers 2^(i/8) for i from 0 to 7, as literals, so that they do not depend on a machine's pow()."""
FRACTION_BITS = 20
RATIOS = tuple(round(eighth * (1 << FRACTION_BITS)) for eighth in EIGHTHS)
"""Powers 2^(i/8) as integers in fixed point, for results that must be the same on every machine."""
LARGEST_SYMBOL = 1 << 14
"""Largest magnitude of a symbol: half of what a prior covers, so that differences of two symbols are covered too."""
STEP_TABLE = torch.tensor([EIGHTHS[i % 8] * 2.0 ** ((i - STEP_OFFSET) // 8) for i in range(STEPS)], dtype=torch.float32)


@dataclass(frozen=True)
class QuantizedTensor:
    """Integers with the step, or steps, that turn them into numbers again."""

    symbols: NDArray[np.int32]
    """Integers, in the shape of the tensor."""
    steps: tuple[int, ...]
    """Indices of steps: one for the whole tensor, or one for each slice along its first axis (output channels)."""


def rounded(scaled: Tensor, dead_zone: float = 0.0) -> Tensor:
    """The nearest integers, but the next ones towards zero for fractions up to `dead_zone` above a half."""
    away = torch.copysign(scaled.new_full((), 0.5 - dead_zone), scaled)
    return (away + scaled).trunc_().clamp_(-LARGEST_SYMBOL, LARGEST_SYMBOL)


def quantize(tensor: Tensor, steps: tuple[int, ...]) -> QuantizedTensor:
    """A tensor, rounded to the nearest multiples of the steps."""
    symbols = rounded(tensor / _spread(steps, tensor.ndim))
    return QuantizedTensor(symbols.to(torch.int32).numpy(), steps)


def dequantize(quantized: QuantizedTensor) -> Tensor:
    """The numbers that the symbols stand for, float32."""
    symbols = torch.from_numpy(quantized.symbols)
    return symbols * _spread(quantized.steps, symbols.ndim)


def rescaled(quantized: QuantizedTensor, step: int) -> NDArray[np.int32]:
    """Symbols that stand for about the same numbers in another step; the old and the new one are for the whole tensor.

    All arithmetic is in integers, because what is coded may depend on the result.
    """
    octaves, eighths = divmod(quantized.steps[0] - step, 8)
    shift = max(FRACTION_BITS - octaves, FRACTION_BITS - 15)  # 15 octaves take every symbol beyond the largest
    magnitudes = np.abs(quantized.symbols.astype(np.int64)) * RATIOS[eighths]
    nearest = np.minimum((magnitudes + (1 << shift >> 1)) >> shift, LARGEST_SYMBOL)
    symbols: NDArray[np.int32] = (np.sign(quantized.symbols) * nearest).astype(np.int32)
    return symbols


def step_for_range(tensor: Tensor, bits: int) -> int:
    """Index of the smallest step with which every value is a symbol of `bits` bits, including the sign.

    Raises FitError for values that are not finite or beyond the largest step.
    """
    peak = float(tensor.abs().max())
    reaches = torch.round(peak / STEP_TABLE) <= 2 ** (bits - 1) - 1
    if not reaches.any():
        raise FitError(f"a value of {peak:g} is beyond what a file can hold; a lower learning rate may help")
    return int(reaches.int().argmax())


def quantize_to_bits(tensor: Tensor, bits: int, *, by_channel: bool) -> QuantizedTensor:
    """Quantize a tensor by its range, with a step for each output channel where that is allowed, affordable and nearer.

    HNeRV's code does so for any axis that needs fewer than 2 % as many steps as the tensor has values. Ours has no
    offsets and knows channels only.
    """
    whole = quantize(tensor, (step_for_range(tensor, bits),))
    if not by_channel or tensor.ndim < 2 or len(tensor) > MOST_STEPS * tensor.numel():
        return whole
    apart = quantize(tensor, tuple(step_for_range(channel, bits) for channel in tensor))
    return min(whole, apart, key=lambda q: float((dequantize(q) - tensor).abs().sum()))


def _spread(steps: tuple[int, ...], ndim: int) -> Tensor:
    values = STEP_TABLE[list(steps)]
    return values.view(-1, *[1] * (ndim - 1)) if len(steps) > 1 else values
