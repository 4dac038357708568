from dataclasses import replace
from fractions import Fraction

import pytest

from nervcodec.bitstream.container import Stream, layer_ends, open_stream, read_stream, write_stream
from nervcodec.bitstream.format import VERSION, Header, read_header, write_header
from nervcodec.bitstream.layer import MAX_LAYERS, Chunk, Layer
from nervcodec.errors import BitstreamError, CorruptStream, RequestError, TruncatedStream, UnsupportedStream
from nervcodec.picture import ColourTags, VideoFormat
from nervcodec.timeline import Timeline

VIDEO = VideoFormat(
    width=1920,
    height=1079,
    frame_rate=Fraction(30000, 1001),
    colour=ColourTags(primaries=9, transfer=16, matrix=9, sample_range=0),
    chroma="420",
)
HEADER = Header(video=VIDEO, segments=(48, 300))
TIMELINE = Timeline((*range(346), 347, 349), 360)
LAYERS = tuple(
    Layer(
        model=200 + layer,
        configs=((3, 16, 2, 4, 300, layer),),
        chunks=tuple(Chunk((b"a" * 5, b"", bytes([segment, layer]) * 100)) for segment in range(2)),
    )
    for layer in range(3)
)
STREAM = Stream(header=HEADER, layers=LAYERS)
DATA = write_stream(STREAM)
ENDS = layer_ends(DATA)
UNKNOWN_VERSION = 11
"""A version of the format that this decoder does not read."""
UNKNOWN_RECORD, PASSED_RECORD = 9, 200
"""Numbers of header records that no version has: one that a decoder must refuse, and one that it may pass over."""


def changed(data: bytes, position: int, flip: int = 1) -> bytes:
    """The data with one byte changed."""
    damaged = bytearray(data)
    damaged[position] ^= flip
    return bytes(damaged)


def test_a_stream_comes_back_and_has_one_form() -> None:
    assert read_stream(DATA) == STREAM
    assert read_stream(DATA).version == VERSION
    assert write_stream(replace(STREAM, version=1)) == DATA


def test_a_timeline_comes_back() -> None:
    stream = replace(STREAM, header=replace(HEADER, timeline=TIMELINE))
    data = write_stream(stream)
    assert read_stream(data) == stream
    assert len(data) == len(DATA) + 9  # id, length, 360, 345 times 1, 2 times 2
    for position in range(len(data)):
        with pytest.raises(BitstreamError):
            read_stream(changed(data, position))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (bytes([1, 3, 6, 3, 2]), "3 gaps of 2"),
        (bytes([1, 3, 9, 2, 2]), "3 frames for 4"),
        (bytes([1, 5, 9, 1, 2, 2, 2]), "2 gaps of 2"),
        (bytes([1, 3, 4, 3, 1]), "4 frames for 4 of 4"),
        (bytes([1, 3, 9, 0, 1]), "run: zero"),
        (bytes([1, 3, 9, 3, 0]), "gap: zero"),
        (bytes([1, 1, 0]), "frames of the video: zero"),
        (bytes([1, 4, 9, 3, 2]), "record: 4 bytes"),
        (bytes([UNKNOWN_RECORD, 0]), f"record {UNKNOWN_RECORD} of the header is not known"),
        (bytes([2, 6, 0, 1, 2, 3, 4, 5]), "attachment: zero"),
        (bytes([2, 4, 9, 1, 2, 3]), "attachment: 4 bytes"),
        (bytes([2, 6, 9, 1, 2, 3, 4, 5]), "1 bytes too many"),
        (bytes([1, 3, 9, 3, 2, 1, 3, 9, 3, 2]), "record 1 of the header comes after record 1"),
    ],
)
def test_records_that_make_no_sense_are_refused(record: bytes, message: str) -> None:
    header = write_header(Header(video=VIDEO, segments=(4,)))
    with pytest.raises(BitstreamError, match=message):
        read_header(header + record)


def test_the_header_of_version_3_has_no_records() -> None:
    whole = write_header(HEADER)
    assert read_header(whole, 3) == HEADER
    with pytest.raises(CorruptStream, match="9 bytes too many"):
        read_header(write_header(replace(HEADER, timeline=TIMELINE)), 3)


def test_a_record_that_may_be_passed_over_is() -> None:
    header = Header(video=VIDEO, segments=(4,), timeline=Timeline((0, 2, 4, 6), 9))
    assert read_header(write_header(header) + bytes([PASSED_RECORD, 2, 7, 7])) == header


def test_the_first_layers_are_a_prefix() -> None:
    for count, end in enumerate(ENDS, 1):
        below = replace(STREAM, layers=LAYERS[:count])
        assert write_stream(below) == DATA[:end]
        assert read_stream(DATA, count) == below
        assert layer_ends(DATA, count) == ENDS[:count]


def test_cut_after_a_layer_the_layers_below_remain() -> None:
    valid = []
    for size in range(len(DATA)):
        try:
            stream = read_stream(DATA[:size])
        except (TruncatedStream, UnsupportedStream):
            continue
        valid.append(size)
        assert stream.layers == LAYERS[: len(valid)]
    assert valid == ENDS[:2]


def test_every_changed_byte_is_noticed() -> None:
    for position in range(len(DATA)):
        for flip in (0x01, 0x02, 0x10, 0x80, 0xFF):
            with pytest.raises(BitstreamError):
                read_stream(changed(DATA, position, flip))


def test_whatever_lies_above_does_not_hinder() -> None:
    base = replace(STREAM, layers=LAYERS[:1])
    for position in range(ENDS[0], len(DATA)):
        assert read_stream(changed(DATA, position), 1) == base
    for size in range(ENDS[0], len(DATA)):
        assert read_stream(DATA[:size], 1) == base
    assert read_stream(DATA[: ENDS[0]] + b"anything", 1) == base


def test_a_layer_for_another_base_is_refused() -> None:
    other = write_stream(replace(STREAM, header=replace(HEADER, segments=(300, 48))))
    mixed = other[: ENDS[0]] + DATA[ENDS[0] :]
    with pytest.raises(CorruptStream, match=r"^layer 2: belongs to another base; .* still decode with --layers 1$"):
        read_stream(mixed)
    assert len(read_stream(mixed, 1).layers) == 1
    swapped = DATA[: ENDS[0]] + DATA[ENDS[1] :]
    with pytest.raises(CorruptStream, match=r"^layer 2: belongs to another base"):
        read_stream(swapped)


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(UnsupportedStream, match=r"not a \.nerv file"):
        read_stream(b"RIFF....")
    with pytest.raises(UnsupportedStream, match=r"not a \.nerv file"):
        read_stream(b"")
    with pytest.raises(UnsupportedStream, match="merge it with its base"):
        read_stream(b"NERP....")
    with pytest.raises(UnsupportedStream, match=f"version {UNKNOWN_VERSION}"):
        read_stream(DATA[:4] + bytes([UNKNOWN_VERSION]) + DATA[5:])
    with pytest.raises(TruncatedStream, match=r"^layer 4: .* --layers 3$"):
        read_stream(DATA + b"\x00")
    with pytest.raises(CorruptStream, match=r"^layer 3: segment 1 does not match its checksum; .* --layers 2$"):
        read_stream(changed(DATA, -1))
    with pytest.raises(CorruptStream, match=r"^layer 1: segment 1 does not match its checksum$"):
        read_stream(changed(DATA, ENDS[0] - 1))


def test_layers_that_cannot_be_read_are_a_matter_of_usage() -> None:
    with pytest.raises(RequestError, match="layer 4 is asked for, the file ends with layer 3"):
        read_stream(DATA, 4)
    with pytest.raises(RequestError, match="at least its base layer"):
        read_stream(DATA, 0)


def test_layers_are_limited() -> None:
    full = write_stream(replace(STREAM, layers=LAYERS[:1] * MAX_LAYERS))
    assert len(read_stream(full).layers) == MAX_LAYERS
    with pytest.raises(CorruptStream, match=f"follow layer {MAX_LAYERS}"):
        read_stream(write_stream(replace(STREAM, layers=LAYERS[:1] * (MAX_LAYERS + 1))))


@pytest.mark.parametrize(
    "header",
    [
        replace(HEADER, video=replace(VIDEO, width=1 << 15)),
        replace(HEADER, video=replace(VIDEO, width=1 << 14, height=1 << 14)),
        replace(HEADER, segments=(1 << 20, 1)),
        replace(HEADER, segments=()),
    ],
)
def test_headers_beyond_the_limits_are_refused(header: Header) -> None:
    assert write_header(header) != write_header(HEADER)
    with pytest.raises(CorruptStream):
        read_stream(write_stream(Stream(header=header, layers=LAYERS)))


def test_descriptions_beyond_the_limit_are_refused() -> None:
    with pytest.raises(CorruptStream, match=r"^layer 1: model: 65 is out of range"):
        read_stream(write_stream(Stream(header=HEADER, layers=(replace(LAYERS[0], configs=((1,) * 65,)),))))


SHARED = replace(
    STREAM,
    header=replace(HEADER, segments=(4, 5, 6, 7)),
    layers=(
        Layer(
            model=1,
            configs=((1, 2), (3,)),
            chunks=(Chunk((b"a",), 1), Chunk((b"b", b"c"), 1, True), Chunk((b"d",), 0), Chunk((b"",), 0, True)),
        ),
        Layer(model=4, configs=((5,),), chunks=(Chunk(()), Chunk((b"f",)), Chunk((b"g",), 0, True), Chunk(()))),
    ),
    attachments=(b"some sound",),
)
SHARED_DATA = write_stream(SHARED)


def test_segments_share_networks_follow_each_other_or_have_nothing_to_add() -> None:
    assert read_stream(SHARED_DATA) == SHARED
    for position in range(len(SHARED_DATA)):
        with pytest.raises(BitstreamError):
            read_stream(changed(SHARED_DATA, position))


def test_of_an_open_stream_only_what_is_looked_at_is_read() -> None:
    """A chunk or attachment may be damaged as long as nobody reads it."""
    for damaged in (changed(SHARED_DATA, SHARED_DATA.index(b"some sound")), changed(SHARED_DATA, -2)):
        with pytest.raises(CorruptStream):
            read_stream(damaged)
        stream = open_stream(damaged)
        assert tuple(stream.layers[0].chunks) == SHARED.layers[0].chunks
    with pytest.raises(CorruptStream, match="the attachment does not match"):
        open_stream(changed(SHARED_DATA, SHARED_DATA.index(b"some sound"))).attachments[0]

    class Watched:
        """Data that counts the bytes that are read."""

        read = 0

        def __len__(self) -> int:
            return len(data)

        def __getitem__(self, where: slice) -> bytes:
            Watched.read += len(data[where])
            return data[where]

    data = write_stream(replace(SHARED, attachments=(b"x" * 10_000,)))
    open_stream(Watched())
    assert Watched.read < 1000


@pytest.mark.parametrize(
    ("layer", "chunks", "message"),
    [
        (0, {0: Chunk((b"a",), 2)}, "layer 1: segment 0: network 2 of 2"),
        (0, {1: Chunk((b"a",), 0, True)}, "layer 1: segment 1 cannot follow one of another network"),
        (0, {2: Chunk(())}, "layer 1: segment 2: its chunk is empty"),
        (1, {1: Chunk((b"f",), 0, True)}, "layer 2: segment 1 cannot follow"),
        (1, {2: Chunk((), 0, True)}, "layer 2: segment 2: its chunk is empty"),
    ],
)
def test_tables_that_make_no_sense_are_refused(layer: int, chunks: dict[int, Chunk], message: str) -> None:
    layers = list(SHARED.layers)
    own = [chunks.get(segment, chunk) for segment, chunk in enumerate(layers[layer].chunks)]
    layers[layer] = replace(layers[layer], chunks=tuple(own))
    with pytest.raises(CorruptStream, match=message):
        read_stream(write_stream(replace(SHARED, layers=tuple(layers))))


def test_many_networks_for_few_segments_are_refused() -> None:
    layer = replace(LAYERS[0], configs=((1,), (2,), (3,)))
    with pytest.raises(CorruptStream, match="networks: 3 is out of range"):
        read_stream(write_stream(replace(STREAM, layers=(layer,))))


def test_long_chains_are_refused() -> None:
    """A chain is limited, because a frame of its last segment takes all chunks before it."""
    for segments, fine in ((64, True), (65, False)):
        chunks = tuple(Chunk((b"a",), 0, segment > 0) for segment in range(segments))
        layer = Layer(model=1, configs=((1,),), chunks=chunks)
        data = write_stream(Stream(header=replace(HEADER, segments=(1,) * segments), layers=(layer,)))
        if fine:
            assert len(read_stream(data).layers[0].chunks) == segments
        else:
            with pytest.raises(CorruptStream, match="segment 64 is the 64th to follow another"):
                read_stream(data)
