"""Quantized tensors to bytes and back: side information, then one range-coded stream for a group of tensors.

Shapes and order come from the schema. A tensor's side information is a byte of flags, its steps, its largest
magnitude, and a prior for each part of it that has statistics of its own (`nervcodec.entropy.forms`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.codec.schema import TensorSpec
from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder
from nervcodec.entropy.forms import (
    FORMS,
    PREDICTED,
    allowed,
    cheapest_form,
    decode_residual,
    encode_residual,
    part_count,
    residual,
)
from nervcodec.entropy.priors import MAX_MAGNITUDE, SCALES, Prior
from nervcodec.errors import CorruptStream
from nervcodec.quantization import QuantizedTensor

PER_CHANNEL_STEPS = 4
"""A flag beside those of forms: one step for each slice along the first axis, not one for all."""


@dataclass(frozen=True)
class SideInformation:
    """All about a tensor but its symbols."""

    flags: int
    steps: tuple[int, ...]
    priors: tuple[Prior, ...]


def pack_group(specs: Sequence[TensorSpec], tensors: Sequence[QuantizedTensor], forms: Iterable[int] = FORMS) -> bytes:
    """The bytes of a group of tensors, each in the cheapest of the forms given."""
    writer, encoder = ByteWriter(), SymbolEncoder()
    for spec, tensor in zip(specs, tensors, strict=True):
        form = cheapest_form(tensor.symbols, spec.temporal, forms)
        flags = form.flags | PER_CHANNEL_STEPS * (len(tensor.steps) > 1)
        _write_side(writer, SideInformation(flags, tensor.steps, form.priors))
        encode_residual(encoder, residual(tensor.symbols, form.flags), spec.temporal, form)
    writer.raw(encoder.getvalue())
    return writer.getvalue()


def unpack_group(specs: Sequence[TensorSpec], data: bytes, forms: Collection[int] = FORMS) -> list[QuantizedTensor]:
    """The inverse of `pack_group`; `forms` are those that the format version has.

    Raises TruncatedStream or CorruptStream.
    """
    reader = ByteReader(data)
    sides = [_read_side(reader, spec, forms) for spec in specs]
    decoder = SymbolDecoder(reader.raw(reader.left, "symbols"))
    tensors = [_decode(decoder, spec, side) for spec, side in zip(specs, sides, strict=True)]
    decoder.finish()
    return tensors


def _decode(decoder: SymbolDecoder, spec: TensorSpec, side: SideInformation) -> QuantizedTensor:
    flags = side.flags & ~PER_CHANNEL_STEPS
    symbols = decode_residual(decoder, spec.shape, spec.temporal, flags, side.priors)
    if flags & PREDICTED:
        np.cumsum(symbols, axis=0, out=symbols)
    return QuantizedTensor(symbols, side.steps)


def _write_side(writer: ByteWriter, side: SideInformation) -> None:
    writer.uint8(side.flags)
    writer.raw(bytes(side.steps))
    writer.varint(side.priors[0].magnitude)
    if side.priors[0].magnitude:
        for prior in side.priors:
            writer.uint8(prior.family * SCALES + prior.scale)
            writer.uint8(prior.spike)


def _read_side(reader: ByteReader, spec: TensorSpec, forms: Collection[int]) -> SideInformation:
    flags = reader.uint8("flags")
    form = flags & ~PER_CHANNEL_STEPS
    steps_allowed = not spec.temporal and len(spec.shape) > 1 and spec.shape[0] > 1
    known = form in forms and allowed(spec.shape, spec.temporal, form)
    if not known or (flags != form and not steps_allowed):
        raise CorruptStream(f"{spec.name}: flags {flags} make no sense for {spec.shape}")
    steps = tuple(reader.raw(spec.shape[0] if flags & PER_CHANNEL_STEPS else 1, "steps"))
    return SideInformation(flags, steps, _read_priors(reader, part_count(spec.shape, spec.temporal, form)))


def _read_priors(reader: ByteReader, count: int) -> tuple[Prior, ...]:
    magnitude = reader.varint("magnitude", MAX_MAGNITUDE)
    if magnitude == 0:
        return (Prior(0),) * count
    return tuple(Prior(magnitude, *divmod(reader.uint8("scale"), SCALES), reader.uint8("spike")) for _ in range(count))
