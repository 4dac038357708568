"""The file: magic, version, header, attachments and layers; it may be cut after any layer and remains a valid file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

from nervcodec.bitstream.fields import ByteReader, ByteWriter, Data
from nervcodec.bitstream.format import (
    LAYERED_VERSION,
    LEAST_VERSION,
    MAGIC,
    MAX_HEADER_BYTES,
    PACK_MAGIC,
    SEGMENTED_VERSION,
    VERSION,
    Header,
    read_header,
    write_header,
)
from nervcodec.bitstream.layer import MAX_LAYERS, Layer, base_digest, layer_errors, read_layer, write_layer
from nervcodec.bitstream.legacy import read_legacy, read_legacy_layer
from nervcodec.bitstream.records import Attached
from nervcodec.bitstream.stored import Stored
from nervcodec.errors import CorruptStream, RequestError, UnsupportedStream


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A whole `.nerv` file."""

    header: Header
    layers: tuple[Layer, ...]
    """Layers of the file, the base layer first."""
    attachments: Sequence[bytes] = ()
    """Attachments, at most one: a Matroska file of what goes along with the pictures."""
    version: int = VERSION
    """Version of the file that was read; the current version is always written."""


def write_stream(stream: Stream) -> bytes:
    """The bytes of the file of a stream."""
    attached = [Attached(len(data), crc32(data)) for data in stream.attachments]
    header = write_header(replace(stream.header, attached=attached[0] if attached else None))
    writer = ByteWriter()
    writer.raw(MAGIC)
    writer.uint8(VERSION)
    writer.varint(len(header))
    writer.raw(header)
    writer.checksum()
    described = writer.getvalue()
    parts = [described, *stream.attachments]
    for index, layer in enumerate(stream.layers):
        description, chunks = write_layer(layer, base_digest(described) if index else b"")
        described += description
        parts += [description, chunks]
    return b"".join(parts)


def read_stream(data: Data, layers: int | None = None) -> Stream:
    """The stream of a file; with `layers`, only its first layers, whatever comes after them.

    Raises UnsupportedStream, TruncatedStream or CorruptStream, and RequestError for more layers than there are.
    """
    stream = open_stream(data, layers)
    return replace(stream, attachments=tuple(stream.attachments), layers=_looked_at(stream.layers))


def open_stream(data: Data, layers: int | None = None) -> Stream:
    """The stream of a file, whose chunks and attachments are read, and checked, only when they are looked at."""
    return _scan(data, layers)[0]


def layer_ends(data: Data, layers: int | None = None) -> list[int]:
    """The end of each layer of a file, in bytes from the file's start; checks and raises as `read_stream` does."""
    stream, ends, _ = _scan(data, layers)
    tuple(stream.attachments)
    _looked_at(stream.layers)
    return ends


def described(data: Data) -> bytes:
    """The bytes of which a layer on top of a file holds the digest; no chunk is checked."""
    return _scan(data, None)[2]


def _looked_at(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    looked_at = []
    for below, layer in enumerate(layers):
        with layer_errors(below):
            looked_at.append(replace(layer, chunks=tuple(layer.chunks)))
    return tuple(looked_at)


def _scan(data: Data, count: int | None) -> tuple[Stream, list[int], bytes]:
    """The stream, the ends of its layers, and the bytes that describe all of it."""
    if count is not None and count < 1:
        raise RequestError("a file has at least its base layer, which is layer 1")
    reader = ByteReader(data)
    version = _read_version(reader)
    attachments: Sequence[bytes] = ()
    below = b""
    if version < LAYERED_VERSION:
        header, base = read_legacy(reader)
        layers, ends = [base], [len(data)]
    else:
        header_bytes = reader.raw(reader.varint("header length", MAX_HEADER_BYTES), "header")
        reader.checksum(0, "the header")
        below = data[: reader.offset]
        header = read_header(header_bytes, version)
        if header.attached:
            attachments = Stored.skip(reader, [(header.attached.size, header.attached.checksum, "the attachment")])
        layers, ends = [], []
        while len(layers) != count and (reader.left or not layers):
            layer, below = _next_layer(reader, below, len(layers), version, len(header.segments))
            layers.append(layer)
            ends.append(reader.offset)
    if count and count > len(layers):
        raise RequestError(f"layer {count} is asked for, the file ends with layer {len(layers)}")
    stream = Stream(
        header=replace(header, attached=None), layers=tuple(layers), attachments=attachments, version=version
    )
    return stream, ends, below


def _read_version(reader: ByteReader) -> int:
    magic = reader.raw(min(len(MAGIC), reader.left), "magic")
    if magic == PACK_MAGIC:
        raise UnsupportedStream("an enhancement pack alone: merge it with its base")
    if magic != MAGIC:
        raise UnsupportedStream("not a .nerv file")
    version = reader.uint8("format version")
    if not LEAST_VERSION <= version <= VERSION:
        raise UnsupportedStream(f"format version {version} is not known to this decoder, which reads up to {VERSION}")
    return version


def _next_layer(reader: ByteReader, below: bytes, number: int, version: int, segments: int) -> tuple[Layer, bytes]:
    """The layer above `number` others, and the bytes that describe the file up to it; messages count layers from 1."""
    if number == MAX_LAYERS:
        raise CorruptStream(f"{reader.left} bytes follow layer {number}, the last one that is allowed")
    with layer_errors(number):
        if version < SEGMENTED_VERSION:
            below = reader.data[: reader.offset]
            layer = read_legacy_layer(reader, base_digest(below) if number else b"", segments)
            return replace(layer, chunks=tuple(layer.chunks)), below
        layer, description = read_layer(reader, base_digest(below) if number else b"", segments)
        return layer, below + description
