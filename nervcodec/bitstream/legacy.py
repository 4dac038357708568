"""Versions 1 to 4 of the file, always read and no longer written: a layer has one network, for all segments.

Versions 1 and 2 have one layer with a meaning, described in the header; in versions 3 and 4 the digest is of all bytes
below.
"""

from nervcodec.bitstream.fields import ByteReader
from nervcodec.bitstream.format import MAX_HEADER_BYTES, Header, read_segments, read_video
from nervcodec.bitstream.layer import MAX_LAYERS, Entry, Layer, read_config, stored_chunks
from nervcodec.errors import CorruptStream


def read_legacy(reader: ByteReader) -> tuple[Header, Layer]:
    """Header and base layer of a file of version 1 or 2; layers above the base had no meaning and are ignored.

    Raises TruncatedStream or CorruptStream.
    """
    fields = ByteReader(reader.raw(reader.varint("header length", MAX_HEADER_BYTES), "header"))
    # The segments are needed to know how long the table is, so the header is parsed before its checksum is seen; a
    # flipped bit can only lead to a typed error here or to a checksum that does not match below.
    video = read_video(fields)
    model, config = fields.uint8("model"), read_config(fields)
    segments = read_segments(fields)
    fields.finish("header")
    layers = reader.uint8("layers")
    if not 1 <= layers <= MAX_LAYERS:
        raise CorruptStream(f"{layers} layers are announced, a file has 1 to {MAX_LAYERS}")
    table = [[read_legacy_entry(reader) for _ in segments] for _ in range(layers)]
    reader.checksum(0, "the header")
    base = Layer(model=model, configs=(config,), chunks=stored_chunks(reader, table[0]))
    for entries in table[1:]:
        if reader.left:
            tuple(stored_chunks(reader, entries))
    reader.finish("file")
    return Header(video=video, segments=segments), base


def read_legacy_layer(reader: ByteReader, digest: bytes, segments: int) -> Layer:
    """A layer of a file of version 3 or 4.

    Raises TruncatedStream or CorruptStream.
    """
    start = reader.offset
    found = reader.raw(len(digest), "digest")
    model, config = reader.uint8("model"), read_config(reader)
    table = [read_legacy_entry(reader) for _ in range(segments)]
    reader.checksum(start, "its description")
    if found != digest:
        raise CorruptStream("belongs to another base")
    return Layer(model=model, configs=(config,), chunks=stored_chunks(reader, table))


def read_legacy_entry(reader: ByteReader) -> Entry:
    """The entry of a chunk in versions 1 to 4: its length in bytes and its checksum."""
    return Entry(reader.varint("chunk length"), reader.uint32("chunk checksum"))
