"""A fitted segment to the tensor groups of a chunk, and back."""

from math import prod

from torch import Tensor

from nervcodec.codec.schema import layer_schema
from nervcodec.codec.tensors import pack_group, unpack_group
from nervcodec.errors import CorruptStream, UnsupportedStream
from nervcodec.models.config import HNeRVConfig
from nervcodec.models.networks import DecoderState
from nervcodec.quantization import QuantizedTensor, dequantize, quantize, step_for_range

MAX_EMBEDDING_VALUES = 1 << 28
LEAST_BIAS_BITS = 8
"""Biases are few and each moves a whole channel, so they never get fewer bits than this (ours)."""


def pack(config: HNeRVConfig, state: DecoderState, bits: int) -> tuple[bytes, ...]:
    """Quantize a fitted network to `bits` bits a value and code it: the groups of a layer."""
    named = state.embeddings | state.weights
    frames = len(state.embeddings["content"])
    groups = layer_schema(config, frames)
    return tuple(pack_group(specs, [_quantize(named[spec.name], bits) for spec in specs]) for specs in groups)


def unpack(config: HNeRVConfig, groups: tuple[bytes, ...], frames: int) -> DecoderState:
    """The inverse of `pack`, up to quantization.

    Raises TruncatedStream or CorruptStream, and UnsupportedStream for more values than this decoder holds.
    """
    check_segment(config, frames)
    schema = layer_schema(config, frames)
    if len(groups) != len(schema):
        raise CorruptStream(f"{len(groups)} tensor groups where the network has {len(schema)}")
    weights: dict[str, Tensor] = {}
    embeddings: dict[str, Tensor] = {}
    for specs, data in zip(schema, groups, strict=True):
        for spec, quantized in zip(specs, unpack_group(specs, data), strict=True):
            (embeddings if spec.temporal else weights)[spec.name] = dequantize(quantized)
    return DecoderState(weights, embeddings)


def check_segment(config: HNeRVConfig, frames: int) -> None:
    """Raises UnsupportedStream for a segment with more embedding values than this decoder holds."""
    if embedding_values(config, frames) > MAX_EMBEDDING_VALUES:
        raise UnsupportedStream(f"{frames} frames in one segment are more than this decoder holds")


def embedding_values(config: HNeRVConfig, frames: int) -> int:
    """Numbers in all embeddings of a segment."""
    return frames * sum(prod(shape) for shape in config.embeddings.values())


def _quantize(tensor: Tensor, bits: int) -> QuantizedTensor:
    return quantize(tensor, (step_for_range(tensor, bits if tensor.ndim > 1 else max(bits, LEAST_BIAS_BITS)),))
