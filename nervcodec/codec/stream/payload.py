"""Conversion of a fitted segment to the tensor groups of a chunk and back."""

from collections.abc import Collection, Iterable
from math import prod

from nervcodec.codec.stream.schema import layer_schema
from nervcodec.codec.stream.tensors import NOTHING, Tensors, pack_group, unpack_group
from nervcodec.entropy.forms import FORMS
from nervcodec.errors import CorruptStream, UnsupportedStream
from nervcodec.models.config import PyramidConfig
from nervcodec.models.grids import frame_embeddings
from nervcodec.models.networks import DecoderState, given_embeddings
from nervcodec.quantization import QuantizedTensor, dequantize

MAX_EMBEDDING_VALUES = 1 << 28


def pack(
    config: PyramidConfig, tensors: Tensors, forms: Iterable[int] = FORMS, before: Tensors = NOTHING
) -> tuple[bytes, ...]:
    """The groups of a chunk: embeddings and weights, given by name, each coded in the cheapest of some forms.

    Weights may become differences to those of the segment before, which has the same network.
    """
    groups = layer_schema(config, len(tensors["content"].symbols))
    return tuple(pack_group(specs, [tensors[spec.name] for spec in specs], forms, before) for specs in groups)


def unpack(
    config: PyramidConfig,
    groups: tuple[bytes, ...],
    frames: int,
    forms: Collection[int] = FORMS,
    before: Tensors = NOTHING,
    *,
    weights_only: bool = False,
) -> dict[str, QuantizedTensor]:
    """The inverse of `pack`; with `weights_only`, embeddings are left out.

    forms: the forms that the format version has.

    Raises TruncatedStream or CorruptStream, and UnsupportedStream for more values than this decoder holds.
    """
    check_segment(config, frames)
    schema = layer_schema(config, frames)
    if len(groups) != len(schema):
        raise CorruptStream(f"{len(groups)} tensor groups where the network has {len(schema)}")
    return {
        spec.name: tensor
        for specs, data in zip(schema, groups, strict=True)
        if not (weights_only and specs[0].temporal)
        for spec, tensor in zip(specs, unpack_group(specs, data, forms, before), strict=True)
    }


def decoder_state(config: PyramidConfig, tensors: Tensors, frames: int) -> DecoderState:
    """The dequantized weights and embeddings of a segment, as a decoder takes them."""
    numbers = {name: dequantize(tensor) for name, tensor in tensors.items()}
    embeddings = {name: numbers.pop(name) for name in config.embeddings}
    return DecoderState(numbers, frame_embeddings(config, embeddings, frames) | given_embeddings(config, frames))


def check_segment(config: PyramidConfig, frames: int) -> None:
    """Raises UnsupportedStream for a segment with more embedding values than this decoder holds."""
    if embedding_values(config, frames) > MAX_EMBEDDING_VALUES:
        raise UnsupportedStream(f"{frames} frames in one segment are more than this decoder holds")


def embedding_values(config: PyramidConfig, frames: int) -> int:
    """Number of values in all embeddings of a segment, including the values that a decoder draws itself."""
    return frames * sum(prod(shape) for shape in (*config.embeddings.values(), *config.drawn.values()))
