"""A fitted segment to the tensor groups of a chunk, and back."""

from dataclasses import dataclass

from torch import Tensor

from nervcodec.codec.schema import TensorSpec, layer_schema
from nervcodec.codec.tensors import pack_group, unpack_group
from nervcodec.errors import CorruptStream
from nervcodec.models.config import HNeRVConfig
from nervcodec.quantization import QuantizedTensor, dequantize, quantize, step_for_range

BIAS_BITS = 12
"""Biases are few and each moves a whole channel, so they are kept finer than weights (ours)."""


@dataclass(frozen=True)
class SegmentTensors:
    """Everything the decoder of one segment is made of, float32."""

    weights: dict[str, Tensor]
    embeddings: dict[str, Tensor]
    """`[T, C, h, w]` each."""


def pack(config: HNeRVConfig, tensors: SegmentTensors, bits: int) -> tuple[bytes, ...]:
    """Quantize a fitted network to `bits` bits a value and code it: the groups of a layer."""
    named = tensors.embeddings | tensors.weights
    frames = len(next(iter(tensors.embeddings.values())))
    groups = layer_schema(config, frames)
    return tuple(pack_group(specs, [_quantize(named[spec.name], bits) for spec in specs]) for specs in groups)


def unpack(config: HNeRVConfig, groups: tuple[bytes, ...], frames: int) -> SegmentTensors:
    """The inverse of `pack`, up to quantization.

    Raises TruncatedStream or CorruptStream.
    """
    schema = layer_schema(config, frames)
    if len(groups) != len(schema):
        raise CorruptStream(f"{len(groups)} tensor groups where the network has {len(schema)}")
    weights, embeddings = {}, {}
    for specs, data in zip(schema, groups, strict=True):
        for spec, quantized in zip(specs, unpack_group(specs, data), strict=True):
            (embeddings if spec.temporal else weights)[spec.name] = dequantize(quantized)
    return SegmentTensors(weights, embeddings)


def _quantize(tensor: Tensor, bits: int) -> QuantizedTensor:
    return quantize(tensor, (step_for_range(tensor, bits if tensor.ndim > 1 else max(bits, BIAS_BITS)),))
