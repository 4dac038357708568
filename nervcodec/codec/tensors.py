"""Quantized tensors to bytes and back: side information, then one range-coded stream for a group of tensors.

Shapes and order come from the schema. A tensor's side information is a byte of flags, its steps, its largest
magnitude, and a prior for each part of it that has statistics of its own.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.codec.schema import TensorSpec
from nervcodec.entropy.coder import decode_symbols, encode_symbols
from nervcodec.entropy.fitting import cheapest_prior, cost_bits
from nervcodec.entropy.priors import MAX_MAGNITUDE, SCALES, Prior
from nervcodec.errors import CorruptStream
from nervcodec.quantization import QuantizedTensor

Symbols = NDArray[np.int32]

PREDICTED = 1
"""Rows hold differences to the row before; the first row is a part of its own."""
PER_CHANNEL_PRIORS = 2
"""Each channel is a part of its own."""
PER_CHANNEL_STEPS = 4
"""One step for each slice along the first axis, not one for all."""

PRIOR_BYTES = 2


def pack_group(specs: Sequence[TensorSpec], tensors: Sequence[QuantizedTensor]) -> bytes:
    """The bytes of a group of tensors."""
    writer = ByteWriter()
    coded: list[tuple[Symbols, Prior]] = []
    for spec, tensor in zip(specs, tensors, strict=True):
        flags, parts = _cheapest_form(spec, tensor.symbols)
        writer.uint8(flags | PER_CHANNEL_STEPS * (len(tensor.steps) > 1))
        writer.raw(bytes(tensor.steps))
        _write_priors(writer, [prior for _, prior in parts])
        coded += parts
    writer.raw(encode_symbols(coded))
    return writer.getvalue()


def unpack_group(specs: Sequence[TensorSpec], data: bytes) -> list[QuantizedTensor]:
    """The inverse of `pack_group`.

    Raises TruncatedStream or CorruptStream.
    """
    reader = ByteReader(data)
    tensors: list[QuantizedTensor] = []
    predicted: list[Symbols] = []
    parts: list[Symbols] = []
    priors: list[Prior] = []
    for spec in specs:
        flags = _read_flags(reader, spec)
        steps = tuple(reader.raw(spec.shape[0] if flags & PER_CHANNEL_STEPS else 1, "steps"))
        symbols = np.zeros(spec.shape, np.int32)
        tensors.append(QuantizedTensor(symbols, steps))
        parts += _partition(spec, symbols, flags)
        priors += _read_priors(reader, len(parts) - len(priors))
        if flags & PREDICTED:
            predicted.append(symbols)
    sizes = [(part.size, prior) for part, prior in zip(parts, priors, strict=True)]
    for part, symbols in zip(parts, decode_symbols(reader.raw(reader.left, "symbols"), sizes), strict=True):
        part[...] = symbols.reshape(part.shape)
    for symbols in predicted:
        np.cumsum(symbols, axis=0, out=symbols)
    return tensors


def _cheapest_form(spec: TensorSpec, symbols: Symbols) -> tuple[int, list[tuple[Symbols, Prior]]]:
    """Flags, and parts with their priors, of the way to code a tensor that takes the fewest bits."""
    forms = []
    for flags in range(4):
        if not _allowed(spec, flags):
            continue
        residual = np.diff(symbols, axis=0, prepend=np.zeros_like(symbols[:1])) if flags & PREDICTED else symbols
        parts = [part.ravel() for part in _partition(spec, residual, flags)]
        magnitude = int(np.abs(residual).max())
        coded = [(part, cheapest_prior(part, magnitude)) for part in parts]
        bits = sum(cost_bits(part, prior) + 8 * PRIOR_BYTES for part, prior in coded)
        forms.append((bits, flags, coded))
    _, flags, coded = min(forms, key=lambda form: form[:2])
    return flags, coded


def _allowed(spec: TensorSpec, flags: int) -> bool:
    return not (
        (flags & PREDICTED and not (spec.temporal and spec.shape[0] > 1))
        or (flags & PER_CHANNEL_PRIORS and len(spec.shape) < 2)
        or (flags & PER_CHANNEL_STEPS and (spec.temporal or len(spec.shape) < 2 or spec.shape[0] < 2))
    )


def _partition(spec: TensorSpec, symbols: Symbols, flags: int) -> list[Symbols]:
    """Views of a tensor that have a prior each."""
    rows = [symbols[:1], symbols[1:]] if flags & PREDICTED else [symbols]
    if not flags & PER_CHANNEL_PRIORS:
        return rows
    axis = spec.channel_axis
    return [part for row in rows for part in np.split(row, row.shape[axis], axis=axis)]


def _read_flags(reader: ByteReader, spec: TensorSpec) -> int:
    flags = reader.uint8("flags")
    if flags >= 2 * PER_CHANNEL_STEPS or not _allowed(spec, flags):
        raise CorruptStream(f"{spec.name}: flags {flags} make no sense for {spec.shape}")
    return flags


def _write_priors(writer: ByteWriter, priors: Sequence[Prior]) -> None:
    """All priors of a tensor; they share their magnitude."""
    writer.varint(priors[0].magnitude)
    if priors[0].magnitude:
        for prior in priors:
            writer.uint8(prior.family * SCALES + prior.scale)
            writer.uint8(prior.spike)


def _read_priors(reader: ByteReader, count: int) -> list[Prior]:
    magnitude = reader.varint("magnitude", MAX_MAGNITUDE)
    if magnitude == 0:
        return [Prior(0)] * count
    return [Prior(magnitude, *divmod(reader.uint8("scale"), SCALES), reader.uint8("spike")) for _ in range(count)]
