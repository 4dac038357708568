"""A fitted segment to the tensor groups of a chunk, and back."""

from collections.abc import Collection, Iterable, Mapping
from math import prod

from nervcodec.codec.schema import layer_schema
from nervcodec.codec.tensors import pack_group, unpack_group
from nervcodec.entropy.forms import FORMS
from nervcodec.errors import CorruptStream, UnsupportedStream
from nervcodec.models.config import HNeRVConfig
from nervcodec.models.grids import frame_embeddings
from nervcodec.models.networks import DecoderState, given_embeddings
from nervcodec.quantization import QuantizedTensor, dequantize

MAX_EMBEDDING_VALUES = 1 << 28


def pack(
    config: HNeRVConfig, tensors: Mapping[str, QuantizedTensor], forms: Iterable[int] = FORMS
) -> tuple[bytes, ...]:
    """Code embeddings and weights, given by name, in the cheapest of some forms: the groups of a layer."""
    groups = layer_schema(config, len(tensors["content"].symbols))
    return tuple(pack_group(specs, [tensors[spec.name] for spec in specs], forms) for specs in groups)


def unpack(config: HNeRVConfig, groups: tuple[bytes, ...], frames: int, forms: Collection[int] = FORMS) -> DecoderState:
    """The numbers behind what `pack` coded; `forms` are those that the format version has.

    Raises what `unpack_symbols` does.
    """
    numbers = {name: dequantize(tensor) for name, tensor in unpack_symbols(config, groups, frames, forms).items()}
    embeddings = {name: numbers.pop(name) for name in config.embeddings}
    return DecoderState(numbers, frame_embeddings(config, embeddings, frames) | given_embeddings(config, frames))


def unpack_symbols(
    config: HNeRVConfig, groups: tuple[bytes, ...], frames: int, forms: Collection[int] = FORMS
) -> dict[str, QuantizedTensor]:
    """The inverse of `pack`.

    Raises TruncatedStream or CorruptStream, and UnsupportedStream for more values than this decoder holds.
    """
    check_segment(config, frames)
    schema = layer_schema(config, frames)
    if len(groups) != len(schema):
        raise CorruptStream(f"{len(groups)} tensor groups where the network has {len(schema)}")
    return {
        spec.name: tensor
        for specs, data in zip(schema, groups, strict=True)
        for spec, tensor in zip(specs, unpack_group(specs, data, forms), strict=True)
    }


def check_segment(config: HNeRVConfig, frames: int) -> None:
    """Raises UnsupportedStream for a segment with more embedding values than this decoder holds."""
    if embedding_values(config, frames) > MAX_EMBEDDING_VALUES:
        raise UnsupportedStream(f"{frames} frames in one segment are more than this decoder holds")


def embedding_values(config: HNeRVConfig, frames: int) -> int:
    """Numbers in all embeddings of a segment, and in what a decoder may take beside them."""
    return frames * sum(prod(shape) for shape in (*config.embeddings.values(), *config.unsent.values()))
