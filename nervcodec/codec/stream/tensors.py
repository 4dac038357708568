"""Codes a group of quantized tensors: side information, then one range-coded stream for the whole group.

Shapes and order come from the schema. A tensor's side information is a byte of flags, its steps, its largest
magnitude, and a prior for each class of its symbols (`nervcodec.entropy.forms`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.codec.stream.schema import TensorSpec
from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder
from nervcodec.entropy.forms import (
    FORMS,
    MIXED,
    REFERS,
    Symbols,
    allowed,
    cheapest_form,
    class_count,
    decode_residual,
    encode_residual,
    residual,
    restored,
)
from nervcodec.entropy.mixing import ACTIVITIES, Mixing
from nervcodec.entropy.networks import LARGEST, networks
from nervcodec.entropy.priors import MAX_MAGNITUDE, SCALES, Prior
from nervcodec.errors import CorruptStream
from nervcodec.quantization import QuantizedTensor, rescaled

PER_CHANNEL_STEPS = 4
"""Flag in addition to the flags of forms: one step for each slice along the first axis, not one for the tensor."""


Tensors = Mapping[str, QuantizedTensor]
NOTHING: Tensors = MappingProxyType({})


@dataclass(frozen=True)
class SideInformation:
    """Everything about a tensor except its symbols."""

    flags: int
    steps: tuple[int, ...]
    priors: tuple[Prior, ...]
    mixing: Mixing | None = None


def pack_group(
    specs: Sequence[TensorSpec],
    tensors: Sequence[QuantizedTensor],
    forms: Iterable[int] = FORMS,
    before: Tensors = NOTHING,
) -> bytes:
    """The bytes of a group of tensors, each in the cheapest of the forms given.

    before: tensors of the segment before, to which tensors of the group may refer.
    """
    writer, encoder = ByteWriter(), SymbolEncoder()
    for spec, tensor in zip(specs, tensors, strict=True):
        reference = _reference(spec, tensor.steps, before)
        form = cheapest_form(tensor.symbols, spec.temporal, forms, reference)
        flags = form.flags | PER_CHANNEL_STEPS * (len(tensor.steps) > 1)
        _write_side(writer, SideInformation(flags, tensor.steps, form.priors, form.mixing))
        encode_residual(encoder, residual(tensor.symbols, form.flags, reference), spec.temporal, form)
    writer.raw(encoder.getvalue())
    return writer.getvalue()


def unpack_group(
    specs: Sequence[TensorSpec], data: bytes, forms: Collection[int] = FORMS, before: Tensors = NOTHING
) -> list[QuantizedTensor]:
    """The inverse of `pack_group`; `forms` are the forms that the format version has.

    Raises TruncatedStream or CorruptStream.
    """
    reader = ByteReader(data)
    sides = [_read_side(reader, spec, forms, before) for spec in specs]
    decoder = SymbolDecoder(reader.raw(reader.left, "symbols"))
    tensors = [_decode(decoder, spec, side, before) for spec, side in zip(specs, sides, strict=True)]
    decoder.finish()
    return tensors


def _reference(spec: TensorSpec, steps: tuple[int, ...], before: Tensors) -> Symbols | None:
    """Symbols of the segment before, rescaled, that a weight may refer to; None unless both have a single step."""
    reference = None if spec.temporal else before.get(spec.name)
    if reference is None or len(steps) > 1 or len(reference.steps) > 1:
        return None
    return rescaled(reference, steps[0])


def _decode(decoder: SymbolDecoder, spec: TensorSpec, side: SideInformation, before: Tensors) -> QuantizedTensor:
    flags = side.flags & ~PER_CHANNEL_STEPS
    coded = decode_residual(decoder, spec.shape, spec.temporal, flags, side.priors, side.mixing)
    return QuantizedTensor(restored(coded, flags, _reference(spec, side.steps, before)), side.steps)


def _write_side(writer: ByteWriter, side: SideInformation) -> None:
    writer.uint8(side.flags)
    writer.raw(bytes(side.steps))
    if side.mixing:
        _write_mixing(writer, side.mixing)
    else:
        write_priors(writer, side.priors)


def _read_side(reader: ByteReader, spec: TensorSpec, forms: Collection[int], before: Tensors) -> SideInformation:
    flags = reader.uint8("flags")
    form = flags & ~PER_CHANNEL_STEPS
    steps_allowed = not spec.temporal and len(spec.shape) > 1 and spec.shape[0] > 1
    refers = spec.name in before and not spec.temporal
    known = form in forms and allowed(spec.shape, spec.temporal, form, refers=refers)
    if not known or (flags != form and not steps_allowed):
        raise CorruptStream(f"{spec.name}: flags {flags} make no sense for {spec.shape}")
    steps = tuple(reader.raw(spec.shape[0] if flags & PER_CHANNEL_STEPS else 1, "steps"))
    if form & REFERS and _reference(spec, steps, before) is None:
        raise CorruptStream(f"{spec.name}: differences to a tensor that has other steps")
    if form & MIXED:
        return SideInformation(flags, steps, (), _read_mixing(reader))
    return SideInformation(flags, steps, read_priors(reader, class_count(spec.shape, spec.temporal, form)))


def _write_mixing(writer: ByteWriter, mixing: Mixing) -> None:
    writer.uint8(mixing.networks)
    writer.varint(mixing.low + LARGEST)
    writer.varint(mixing.high - mixing.low)
    writer.raw(bytes(mixing.activities))


def _read_mixing(reader: ByteReader) -> Mixing:
    number = reader.uint8("networks")
    if number >= len(networks()):
        raise CorruptStream(f"networks {number} are not known")
    low = reader.varint("lowest symbol", 2 * LARGEST) - LARGEST
    high = low + reader.varint("highest symbol", LARGEST - low)
    return Mixing(number, low, high, tuple(reader.raw(ACTIVITIES, "activities")))


def write_priors(writer: ByteWriter, priors: Sequence[Prior]) -> None:
    """The largest magnitude of some symbols, then the priors of their classes."""
    writer.varint(priors[0].magnitude)
    if priors[0].magnitude:
        for prior in priors:
            writer.uint8(prior.family * SCALES + prior.scale)
            writer.uint8(prior.spike)


def read_priors(reader: ByteReader, count: int, largest: int = MAX_MAGNITUDE) -> tuple[Prior, ...]:
    """The inverse of `write_priors`, for a number of classes and magnitudes up to `largest`."""
    magnitude = reader.varint("magnitude", largest)
    if magnitude == 0:
        return (Prior(0),) * count
    return tuple(Prior(magnitude, *divmod(reader.uint8("scale"), SCALES), reader.uint8("spike")) for _ in range(count))
