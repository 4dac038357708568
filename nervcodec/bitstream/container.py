"""The file: magic, version, header, then layer after layer. A file that is cut after any layer is a file."""

from dataclasses import dataclass

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.bitstream.format import (
    LAYERED_VERSION,
    LEAST_VERSION,
    MAGIC,
    MAX_HEADER_BYTES,
    PACK_MAGIC,
    VERSION,
    Header,
    read_header,
    write_header,
)
from nervcodec.bitstream.layer import MAX_LAYERS, Layer, base_digest, layer_errors, read_layer, write_layer
from nervcodec.bitstream.legacy import read_legacy
from nervcodec.errors import CorruptStream, RequestError, UnsupportedStream


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A whole `.nerv` file."""

    header: Header
    layers: tuple[Layer, ...]
    """The base layer first."""
    version: int = VERSION
    """Of the file it was read from; always the current one when it is written."""


def write_stream(stream: Stream) -> bytes:
    """The bytes of the file."""
    writer = ByteWriter()
    writer.raw(MAGIC)
    writer.uint8(VERSION)
    header = write_header(stream.header)
    writer.varint(len(header))
    writer.raw(header)
    writer.checksum()
    for index, layer in enumerate(stream.layers):
        writer.raw(write_layer(layer, base_digest(writer.getvalue()) if index else b""))
    return writer.getvalue()


def read_stream(data: bytes, layers: int | None = None) -> Stream:
    """The inverse of `write_stream`; with `layers`, of the first layers only, whatever comes after them.

    Raises UnsupportedStream, TruncatedStream or CorruptStream, and RequestError for more layers than there are.
    """
    return _scan(data, layers)[0]


def layer_ends(data: bytes, layers: int | None = None) -> list[int]:
    """Where each layer of a file ends, in bytes from the file's start; checks and raises as `read_stream` does."""
    return _scan(data, layers)[1]


def _scan(data: bytes, count: int | None) -> tuple[Stream, list[int]]:
    if count is not None and count < 1:
        raise RequestError("a file has at least its base layer, which is layer 1")
    reader = ByteReader(data)
    version = _read_version(reader)
    if version < LAYERED_VERSION:
        header, base = read_legacy(reader)
        layers, ends = [base], [len(data)]
    else:
        header_bytes = reader.raw(reader.varint("header length", MAX_HEADER_BYTES), "header")
        reader.checksum(0, "the header")
        header = read_header(header_bytes, version)
        layers, ends = [], []
        while len(layers) != count and (reader.left or not layers):
            layers.append(_next_layer(data, reader, len(layers), len(header.segments)))
            ends.append(reader.offset)
    if count and count > len(layers):
        raise RequestError(f"layer {count} is asked for, the file ends with layer {len(layers)}")
    return Stream(header=header, layers=tuple(layers), version=version), ends


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


def _next_layer(data: bytes, reader: ByteReader, below: int, segments: int) -> Layer:
    """The layer above as many others; people count layers from 1."""
    if below == MAX_LAYERS:
        raise CorruptStream(f"{reader.left} bytes follow layer {below}, the last one that may be")
    digest = base_digest(memoryview(data)[: reader.offset]) if below else b""
    with layer_errors(below):
        return read_layer(reader, digest, segments)
