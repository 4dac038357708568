"""The file: magic, version, header, chunk table, chunks. A chunk holds one layer of one segment."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.bitstream.format import LEAST_VERSION, MAGIC, VERSION, Header, read_header, write_header
from nervcodec.errors import CorruptStream, UnsupportedStream

MAX_HEADER_BYTES = 1 << 20
MAX_LAYERS = 16


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One layer of one segment: the bytes of each of its tensor groups."""

    segment: int
    layer: int
    groups: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A whole `.nerv` file."""

    header: Header
    chunks: tuple[Chunk, ...]
    """All segments of layer 0, then all of layer 1, and so on."""
    version: int = VERSION


def write_stream(stream: Stream) -> bytes:
    """The bytes of the file."""
    chunks = sorted(stream.chunks, key=lambda c: (c.layer, c.segment))
    payloads = [write_groups(chunk.groups) for chunk in chunks]
    writer = ByteWriter()
    writer.raw(MAGIC)
    writer.uint8(stream.version)
    header = write_header(stream.header)
    writer.varint(len(header))
    writer.raw(header)
    writer.uint8(max(chunk.layer for chunk in chunks) + 1)
    for payload in payloads:
        writer.varint(len(payload))
        writer.uint32(crc32(payload))
    writer.uint32(crc32(writer.getvalue()))
    for payload in payloads:
        writer.raw(payload)
    return writer.getvalue()


def read_stream(data: bytes) -> Stream:
    """The inverse of `write_stream`. A file cut after a whole layer yields the layers that are there.

    Raises UnsupportedStream, TruncatedStream or CorruptStream.
    """
    reader = ByteReader(data)
    if reader.raw(min(len(MAGIC), reader.left), "magic") != MAGIC:
        raise UnsupportedStream("not a .nerv file")
    version = reader.uint8("format version")
    if not LEAST_VERSION <= version <= VERSION:
        raise UnsupportedStream(f"format version {version} is not known to this decoder, which reads up to {VERSION}")
    header_bytes = reader.raw(reader.varint("header length", MAX_HEADER_BYTES), "header")
    # The segments are needed to know how long the table is, so the header is parsed before its checksum is seen; a
    # flipped bit can only lead to a typed error here or to a checksum that does not match below.
    header = read_header(header_bytes)
    layers = reader.uint8("layers")
    if not 1 <= layers <= MAX_LAYERS:
        raise CorruptStream(f"{layers} layers are announced, between 1 and {MAX_LAYERS} may be")
    table = [
        (segment, layer, reader.varint("chunk length"), reader.uint32("chunk checksum"))
        for layer in range(layers)
        for segment in range(len(header.segments))
    ]
    if crc32(data[: reader.offset]) != reader.uint32("header checksum"):
        raise CorruptStream("the header does not match its checksum")
    chunks = []
    for segment, layer, size, checksum in table:
        if reader.left == 0 and segment == 0 and layer > 0:
            break
        payload = reader.raw(size, f"segment {segment}, layer {layer}")
        if crc32(payload) != checksum:
            raise CorruptStream(f"segment {segment}, layer {layer} does not match its checksum")
        chunks.append(Chunk(segment=segment, layer=layer, groups=read_groups(payload)))
    reader.finish("file")
    return Stream(header=header, chunks=tuple(chunks), version=version)


def write_groups(groups: Sequence[bytes]) -> bytes:
    """Tensor groups one after the other, each behind its length."""
    writer = ByteWriter()
    for group in groups:
        writer.varint(len(group))
        writer.raw(group)
    return writer.getvalue()


def read_groups(payload: bytes) -> tuple[bytes, ...]:
    """The inverse of `write_groups`."""
    reader = ByteReader(payload)
    groups = []
    while reader.left:
        groups.append(reader.raw(reader.varint("group length"), "tensor group"))
    return tuple(groups)
