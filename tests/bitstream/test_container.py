from dataclasses import replace
from fractions import Fraction

import pytest

from nervcodec.bitstream.container import Chunk, Stream, read_stream, write_stream
from nervcodec.bitstream.format import Header
from nervcodec.errors import BitstreamError, CorruptStream, TruncatedStream, UnsupportedStream
from nervcodec.picture import ColourTags, VideoFormat

VIDEO = VideoFormat(
    width=1920,
    height=1079,
    frame_rate=Fraction(30000, 1001),
    colour=ColourTags(primaries=9, transfer=16, matrix=9, sample_range=0),
    chroma="420",
)
HEADER = Header(video=VIDEO, model=2, config=(3, 16, 2, 4, 300), segments=(48, 300))
CHUNKS = tuple(
    Chunk(segment=segment, layer=layer, groups=(b"a" * 5, b"", bytes([segment, layer]) * 100))
    for layer in range(3)
    for segment in range(2)
)
STREAM = Stream(header=HEADER, chunks=CHUNKS)
DATA = write_stream(STREAM)


def test_a_stream_comes_back_and_has_one_form() -> None:
    assert read_stream(DATA) == STREAM
    assert write_stream(Stream(header=HEADER, chunks=CHUNKS[::-1])) == DATA


def test_cut_after_a_layer_the_layers_below_remain() -> None:
    layers = [c for c in CHUNKS if c.layer == 0]
    valid = []
    for size in range(len(DATA)):
        try:
            stream = read_stream(DATA[:size])
        except (TruncatedStream, UnsupportedStream):
            continue
        valid.append(len(stream.chunks))
        assert stream.chunks == CHUNKS[: len(stream.chunks)]
    assert valid == [len(layers), 2 * len(layers)]


def test_every_changed_byte_is_noticed() -> None:
    for position in range(len(DATA)):
        for flip in (0x01, 0x10, 0x80, 0xFF):
            damaged = bytearray(DATA)
            damaged[position] ^= flip
            with pytest.raises(BitstreamError):
                read_stream(bytes(damaged))


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(UnsupportedStream, match=r"not a \.nerv file"):
        read_stream(b"RIFF....")
    with pytest.raises(UnsupportedStream, match=r"not a \.nerv file"):
        read_stream(b"")
    with pytest.raises(UnsupportedStream, match="version 9"):
        read_stream(DATA[:4] + b"\x09" + DATA[5:])
    with pytest.raises(CorruptStream, match="too many"):
        read_stream(DATA + b"\x00")
    with pytest.raises(CorruptStream, match="segment 1, layer 2"):
        read_stream(DATA[:-1] + bytes([DATA[-1] ^ 1]))


@pytest.mark.parametrize(
    "header",
    [
        replace(HEADER, video=replace(VIDEO, width=1 << 15)),
        replace(HEADER, video=replace(VIDEO, width=1 << 14, height=1 << 14)),
        replace(HEADER, segments=(1 << 20, 1)),
        replace(HEADER, config=(1,) * 65),
    ],
)
def test_headers_beyond_the_limits_are_refused(header: Header) -> None:
    with pytest.raises(CorruptStream):
        read_stream(write_stream(Stream(header=header, chunks=CHUNKS)))
