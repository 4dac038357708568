from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest

from nervcodec.bitstream.format import Header, check_header, read_header, write_header
from nervcodec.bitstream.records import write_clock
from nervcodec.errors import BitstreamError, CorruptStream, UnsupportedStream
from nervcodec.picture import ContentLight, VideoFormat
from nervcodec.timeline import Clock, Timeline
from tests.hdr import LIGHT, MASTERING

PLAIN = Header(video=VideoFormat(width=720, height=576, frame_rate=Fraction(25)), segments=(3, 2))
CLOCK = Clock(time_base=Fraction(1, 90000), ticks=(0, 3000, 6003, 6004, 90000), end=93000)
FULL = Header(
    video=replace(
        PLAIN.video,
        depth=10,
        domain="yuv420",
        sample_aspect=Fraction(16, 15),
        mastering=MASTERING,
        content_light=LIGHT,
    ),
    segments=PLAIN.segments,
    clock=CLOCK,
)


def record(number: int, payload: bytes) -> bytes:
    return bytes([number, len(payload)]) + payload


def test_what_a_header_says_comes_back() -> None:
    assert read_header(write_header(FULL)) == FULL
    assert read_header(write_header(PLAIN)) == PLAIN
    kept = replace(FULL, segments=(2, 1), timeline=Timeline((0, 2, 4), 5))
    assert read_header(write_header(kept)) == kept


def test_each_record_stands_alone() -> None:
    for name in ("depth", "domain", "sample_aspect", "mastering", "content_light"):
        header = replace(PLAIN, video=replace(PLAIN.video, **{name: getattr(FULL.video, name)}))
        assert read_header(write_header(header)) == header
    assert len(write_header(replace(PLAIN, clock=CLOCK))) < len(write_header(PLAIN)) + 30


def test_a_header_that_is_cut_is_refused_or_has_fewer_records() -> None:
    whole, least = write_header(FULL), len(write_header(PLAIN))
    read = []
    for size in range(len(whole)):
        try:
            read.append(read_header(whole[:size]))
        except BitstreamError:
            continue
    assert len(read) == 6  # of seven prefixes at the ends of records
    assert read[0] == PLAIN
    assert least < len(whole)


@pytest.mark.parametrize("rate", [24, 30, 60])
def test_regular_clocks_are_small(rate: int) -> None:
    pulldown = accumulate((3003, 4505, 3003, 4504) * 2500, initial=0)
    *ticks, end = pulldown
    clock = Clock(time_base=Fraction(1, 3000 * rate), ticks=tuple(ticks), end=end)
    header = replace(PLAIN, segments=(10000,), clock=clock)
    data = write_header(header)
    assert read_header(data) == header
    assert len(data) < 150


@pytest.mark.parametrize(
    ("number", "payload", "message"),
    [
        (3, b"", "depth"),
        (3, bytes([10, 0]), "too many"),
        (3, bytes([8]), "8 bits are not known"),
        (3, bytes([12]), "12 bits are not known"),
        (4, b"", "domain"),
        (4, bytes([1, 0]), "too many"),
        (4, bytes([0]), "domain 0 are not known"),
        (4, bytes([2]), "domain 2 are not known"),
        (128, b"", "sample aspect"),
        (128, bytes([1]), "sample aspect"),
        (128, bytes([0, 1]), "sample aspect: zero"),
        (128, bytes([1, 0]), "sample aspect: zero"),
        (128, bytes([1, 1, 1]), "too many"),
        (128, bytes([0xFF] * 4 + [0x7F, 1]), "out of range"),
        (129, b"", "time base"),
        (129, bytes([1, 0]), "time base: zero"),
        (129, bytes([1, 25, 0]), "shortest frame: zero"),
        (129, bytes([1, 25, 1]), "another number"),
        (129, bytes([1, 25, 1, 7]), "inflated"),
        (129, write_clock(replace(CLOCK, ticks=CLOCK.ticks[:4])), "duration"),
        (129, write_clock(replace(CLOCK, ticks=(*CLOCK.ticks, 90001))), "too many"),
        (129, write_clock(CLOCK) + b"0", "another number"),
        (129, write_clock(CLOCK)[:-1], "another number"),
        (130, bytes(9), "luminance"),
        (130, bytes(11), "too many"),
        (130, bytes([0xFF, 0xFF, 4]) + bytes(9), "out of range"),
        (130, bytes(8) + bytes([0xFF, 0xFF, 0xFF, 0xFF, 0x10, 0]), "out of range"),
        (131, bytes(1), "light"),
        (131, bytes(3), "too many"),
        (131, bytes([0xFF, 0xFF, 4, 0]), "out of range"),
    ],
)
def test_records_that_make_no_sense_are_refused(number: int, payload: bytes, message: str) -> None:
    with pytest.raises(BitstreamError, match=message):
        read_header(write_header(PLAIN) + record(number, payload))


@pytest.mark.parametrize(("number", "change"), [(3, {"depth": 10}), (4, {"domain": "yuv420"})])
def test_files_before_version_5_have_neither_depth_nor_domain(number: int, change: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedStream, match=f"record {number}"):
        read_header(write_header(replace(PLAIN, video=replace(PLAIN.video, **change))), version=4)


def test_a_bomb_is_not_inflated() -> None:
    bomb = replace(PLAIN, segments=(1 << 20,), clock=Clock.even(Fraction(25), 1 << 20))
    with pytest.raises(CorruptStream, match="another number"):
        read_header(write_header(PLAIN) + write_header(bomb)[len(write_header(replace(bomb, clock=None))) :])


def test_what_no_decoder_would_read_is_not_written() -> None:
    for video in (
        replace(PLAIN.video, sample_aspect=Fraction(1, (1 << 31) + 1)),
        replace(PLAIN.video, mastering=replace(MASTERING, red=(1 << 16, 0))),
        replace(PLAIN.video, content_light=ContentLight(max_content=1 << 16, max_average=0)),
    ):
        with pytest.raises(CorruptStream, match="out of range"):
            check_header(replace(PLAIN, video=video))
