"""Videos in pieces: where they are cut, how they are put together, and what a decoder makes of them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

import nervcodec
from nervcodec.bitstream.container import open_stream, read_stream, write_stream
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.job.cutting import LONGEST, Segment, longest_segment, split
from nervcodec.codec.job.survey import survey
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.stream.joining import join
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.errors import CorruptStream, RequestError
from nervcodec.events import Event, SegmentStarted
from nervcodec.picture import VideoFormat
from nervcodec.video.view import View
from tests.codec.clips import ALWAYS_KEPT, decoded, encoded, mean_psnr, small_clip

VIDEO = VideoFormat(width=1920, height=1080, frame_rate=Fraction(30000, 1001))
QUICK = EncodeOptions(model="hnerv", gop=1, size=3000, steps=10, quality=80)


@pytest.mark.parametrize(
    ("frames", "cuts", "longest", "expected"),
    [
        (10, (), 10, [(0, 10)]),
        (10, (), 4, [(0, 3), (3, 6), (6, 10)]),
        (100, (40,), 200, [(0, 40), (40, 100)]),
        (100, (40, 50, 90), 30, [(0, 20), (20, 40), (40, 70), (70, 100)]),
        (3, (1, 2), 1, [(0, 1), (1, 2), (2, 3)]),
        (20, (10,), None, [(0, 20)]),
    ],
)
def test_scenes_are_cut_into_equal_pieces(
    frames: int, cuts: tuple[int, ...], longest: int | None, expected: list[tuple[int, int]]
) -> None:
    assert [(segment.start, segment.stop) for segment in split(frames, cuts, longest)] == expected


def test_segments_follow_each_other_within_a_scene_and_not_for_ever() -> None:
    segments = split(240, (40,), 10)
    assert [segment.start for segment in segments if not segment.follows] == [0, 40, 120, 200]
    assert not any(segment.follows for segment in split(240, (40,), 10, follow=False))


@pytest.mark.parametrize(
    ("rule", "memory", "frames"),
    [
        ("auto", None, LONGEST),
        ("auto", 1 << 40, LONGEST),
        ("auto", 8 * 10 * 3 * 1920 * 1080, 10),
        ("auto", 1, 1),
        ("none", None, None),
        ("250", None, 250),
        ("10s", None, 299),
        ("0.001s", None, 1),
    ],
)
def test_the_longest_segment(rule: str, memory: int | None, frames: int | None) -> None:
    assert longest_segment(rule, VIDEO, memory) == frames


def test_deeper_samples_take_twice_the_memory() -> None:
    assert longest_segment("auto", replace(VIDEO, depth=10), 8 * 10 * 3 * 1920 * 1080) == 5


@pytest.mark.parametrize("rule", ["", "0", "-1", "10m", "all", "s", "1e3"])
def test_rules_that_are_none(rule: str) -> None:
    with pytest.raises(RequestError, match="no length of segments"):
        EncodeOptions(segment=rule)


def two_scenes() -> Tensor:
    """Sixteen frames of one scene, then sixteen of another."""
    scene = small_clip(16)
    return torch.cat([scene, 255 - scene.flip(1)])


def test_cuts_are_found_while_looking_through(tmp_path: Path) -> None:
    encoded(tmp_path, two_scenes(), replace(QUICK, steps=1))
    found = survey(str(tmp_path / "in"), replace(QUICK, view=View(first=2, stop=30)))
    assert (found.frames, found.cuts) == (28, (14,))


def test_no_group_of_a_segment_lies_across_a_cut_that_was_found(tmp_path: Path) -> None:
    data, _ = encoded(tmp_path, two_scenes(), replace(QUICK, gop=4, segment="none", steps=1, view=View(first=2)))
    positions = read_stream(data).header.times.positions
    assert positions == (0, 4, 8, 12, 13, 14, 16, 20, 24, 28, 29)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nervcodec.EncodeReport, list[Event]]:
    """Two scenes in four segments: their folder, the report, and what was told."""
    folder, events = tmp_path_factory.mktemp("two"), list[Event]()
    _, report = encoded(folder, two_scenes(), replace(QUICK, segment="8"), events.append)
    return folder, report, events


def test_a_video_of_two_scenes(two: tuple[Path, nervcodec.EncodeReport, list[Event]]) -> None:
    folder, report, events = two
    data = (folder / "a.nerv").read_bytes()
    stream = read_stream(data)
    assert stream.header.segments == (8, 8, 8, 8)
    assert [chunk.follows for chunk in stream.layers[0].chunks] == [False, True, False, True]
    assert len(stream.layers[0].configs) == 1
    assert (report.segments, report.frames, report.file_bytes) == (4, 32, len(data))
    assert report.psnr_db == pytest.approx(mean_psnr(decoded(folder).int() - two_scenes().int()), abs=1e-4)
    starts = [event for event in events if isinstance(event, SegmentStarted)]
    assert [(event.segment, event.first, event.frames) for event in starts] == [(n + 1, 8 * n, 8) for n in range(4)]
    whole = torch.cat(list(decode_frames(stream)))
    for start in (0, 9, 31):
        assert torch.equal(
            torch.cat(list(decode_frames(open_stream(data), range(start, start + 1)))), whole[start : start + 1]
        )


def test_only_the_chunks_that_are_needed_are_read(two: tuple[Path, nervcodec.EncodeReport, list[Event]]) -> None:
    data = (two[0] / "a.nerv").read_bytes()
    whole = torch.cat(list(decode_frames(read_stream(data))))
    damaged = bytearray(data)
    damaged[-1] ^= 1  # in the last segment
    assert torch.equal(torch.cat(list(decode_frames(open_stream(bytes(damaged)), range(24)))), whole[:24])
    with pytest.raises(CorruptStream, match="segment 3 does not match"):
        list(decode_frames(open_stream(bytes(damaged)), range(24, 25)))


def test_parts_are_joined_and_a_segment_without_its_base_is_refused(tmp_path: Path) -> None:
    data, _ = encoded(tmp_path, two_scenes()[:16], replace(QUICK, segment="8"))
    stream = read_stream(data)
    parts = [
        replace(
            stream,
            header=replace(stream.header, segments=(8,)),
            layers=tuple(replace(layer, chunks=(layer.chunks[index],)) for layer in stream.layers),
        )
        for index in range(2)
    ]
    assert write_stream(join(parts)) == data
    with pytest.raises(CorruptStream, match="layer 1: segment 0 has no segment before it to follow"):
        list(decode_frames(parts[1]))
    unpacker = Unpacker(stream)
    later = unpacker.tensors(0, 1)
    assert (
        Unpacker(stream).tensors(0, 0)["head.weight"].symbols == unpacker.tensors(0, 0)["head.weight"].symbols
    ).all()
    assert (unpacker.tensors(0, 1)["head.weight"].symbols == later["head.weight"].symbols).all()


def test_a_layer_may_have_nothing_to_add_to_a_segment(tmp_path: Path) -> None:
    data, report = encoded(tmp_path, small_clip(8), replace(QUICK, segment="4", layers=2, min_gain=ALWAYS_KEPT))
    stream = read_stream(data)
    assert len(report.layers) == 2
    full = torch.cat(list(decode_frames(stream)))
    base = torch.cat(list(decode_frames(read_stream(data, 1))))
    parts = [
        replace(
            stream,
            header=replace(stream.header, segments=(4,)),
            layers=tuple(replace(layer, chunks=(layer.chunks[index],)) for layer in stream.layers[: 2 - index]),
        )
        for index in range(2)
    ]
    mixed = read_stream(write_stream(join(parts)))
    assert torch.equal(torch.cat(list(decode_frames(mixed))), torch.cat([full[:4], base[4:]]))


@pytest.mark.parametrize(
    "options",
    [
        replace(QUICK, keep_every=3, segment="8"),
        replace(QUICK, keep_every=2, assisted=True, segment="8"),
        replace(QUICK, mask="boxes:1x8", segment="6"),
        replace(QUICK, model="sdmn", size=20_000, steps=4, segment="8"),
        replace(QUICK, quality=None, recipe="paper", size=20_000, steps=20, segment="8"),
    ],
    ids=["kept", "assisted", "masked", "sdmn", "paper"],
)
def test_segments_go_with_everything_else(tmp_path: Path, options: EncodeOptions) -> None:
    clip = small_clip(16)
    data, report = encoded(tmp_path, clip, options)
    shown = decoded(tmp_path, nervcodec.DecodeOptions(playback=nervcodec.Playback(all_times=True)))
    assert len(shown) == 16
    positions = list(read_stream(data).header.times.positions)
    if options.mask:
        return
    if options.assisted:
        assert positions == list(range(16))
        missing = [1, 3, 5, 9, 11, 13]
    else:
        missing = [n for n in range(16) if n not in positions]
        kept = mean_psnr(shown[positions].int() - clip[positions].int())
        assert report.psnr_db == pytest.approx(kept, abs=1e-4)
    if missing:
        assert report.missing is not None
        assert report.missing.psnr_db == pytest.approx(mean_psnr(shown[missing].int() - clip[missing].int()), abs=1e-4)


@pytest.mark.slow
def test_a_size_is_shared_by_the_segments(tmp_path: Path) -> None:
    options = EncodeOptions(model="hnerv", target=nervcodec.Target("bytes", 6000), steps=150, segment="4")
    data, report = encoded(tmp_path, small_clip(8), options)
    assert report.segments == 2
    assert len(data) == pytest.approx(6000, rel=0.03)


def test_segment_is_a_range() -> None:
    assert Segment(3, 8).frames == 5
