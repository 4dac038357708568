"""A writer of versions 1 to 4, which the codec itself only reads."""

from collections.abc import Sequence
from zlib import crc32

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.fields import ByteWriter
from nervcodec.bitstream.format import MAGIC, write_header
from nervcodec.bitstream.layer import base_digest, write_groups


def write_old(stream: Stream, version: int) -> bytes:
    """The bytes of a file of version 1 or 2, whose header describes its first layer; the others have no description."""
    payloads = [write_groups(chunk.groups) for layer in stream.layers for chunk in layer.chunks]
    header = _old_header(stream)
    writer = ByteWriter()
    writer.raw(MAGIC)
    writer.uint8(version)
    writer.varint(len(header))
    writer.raw(header)
    writer.uint8(len(stream.layers))
    for payload in payloads:
        writer.varint(len(payload))
        writer.uint32(crc32(payload))
    writer.checksum()
    for payload in payloads:
        writer.raw(payload)
    return writer.getvalue()


def write_layered(stream: Stream, version: int) -> bytes:
    """The bytes of a file of version 3 or 4, whose layers have one network."""
    header = write_header(stream.header)
    writer = ByteWriter()
    writer.raw(MAGIC)
    writer.uint8(version)
    writer.varint(len(header))
    writer.raw(header)
    writer.checksum()
    data = writer.getvalue()
    for index, layer in enumerate(stream.layers):
        payloads = [write_groups(chunk.groups) for chunk in layer.chunks]
        writer = ByteWriter()
        writer.raw(base_digest(data) if index else b"")
        writer.uint8(layer.model)
        writer.raw(_counted(layer.configs[0]))
        for payload in payloads:
            writer.varint(len(payload))
            writer.uint32(crc32(payload))
        writer.checksum()
        data += writer.getvalue() + b"".join(payloads)
    return data


def _old_header(stream: Stream) -> bytes:
    """The header of a file of version 1 or 2: video, model, description, segments."""
    segments = _counted(stream.header.segments)
    video = write_header(stream.header).removesuffix(segments)
    base = stream.layers[0]
    return video + bytes([base.model]) + _counted(base.configs[0]) + segments


def _counted(numbers: Sequence[int]) -> bytes:
    writer = ByteWriter()
    writer.varint(len(numbers))
    for number in numbers:
        writer.varint(number)
    return writer.getvalue()
