"""Versions 1 and 2 of the file, read for ever and no longer written: one network, one table for all chunks."""

from nervcodec.bitstream.fields import ByteReader
from nervcodec.bitstream.format import MAX_HEADER_BYTES, Header, read_segments, read_video
from nervcodec.bitstream.layer import MAX_LAYERS, Layer, read_chunk, read_description, read_entry
from nervcodec.errors import CorruptStream


def read_legacy(reader: ByteReader) -> tuple[Header, Layer]:
    """What follows the version: header and base layer. Layers above it had no meaning; they are checked and ignored.

    Raises TruncatedStream or CorruptStream.
    """
    fields = ByteReader(reader.raw(reader.varint("header length", MAX_HEADER_BYTES), "header"))
    # The segments are needed to know how long the table is, so the header is parsed before its checksum is seen; a
    # flipped bit can only lead to a typed error here or to a checksum that does not match below.
    video = read_video(fields)
    model, config = read_description(fields)
    segments = read_segments(fields)
    fields.finish("header")
    layers = reader.uint8("layers")
    if not 1 <= layers <= MAX_LAYERS:
        raise CorruptStream(f"{layers} layers are announced, between 1 and {MAX_LAYERS} may be")
    table = [[read_entry(reader) for _ in segments] for _ in range(layers)]
    reader.checksum(0, "the header")
    chunks: list[tuple[tuple[bytes, ...], ...]] = []
    for entries in table:
        if chunks and not reader.left:
            break
        chunks.append(tuple(read_chunk(reader, f"segment {segment}", *e) for segment, e in enumerate(entries)))
    reader.finish("file")
    return Header(video=video, segments=segments), Layer(model=model, config=config, chunks=chunks[0])
