"""Frames in the middle of a video are the same whether or not all frames before them are decoded."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, islice
from pathlib import Path
from unittest.mock import patch

import av
import numpy as np
import pytest

from nervcodec.video import sources
from nervcodec.video.colour import Frame
from nervcodec.video.index import Index, Watch
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View

FRAMES = 90
PLACES = (1, 17, 30, 45, 59, 60, 61, 89)
QUICK = {"preset": "ultrafast"}
OPEN_GOP = {"x264-params": "keyint=20:min-keyint=20:bframes=3:b-adapt=0:open-gop=1:scenecut=0", "preset": "veryfast"}
CLOSED_GOP = {"x264-params": "keyint=20:bframes=3:b-adapt=0:scenecut=0", "preset": "veryfast"}
ONE_GOP = {"x264-params": "keyint=infinite:bframes=2:b-adapt=0:scenecut=0", **QUICK}
HEVC = {"x265-params": "keyint=20:min-keyint=20:bframes=3:b-adapt=0:open-gop=1:scenecut=0:log-level=none", **QUICK}
CASES = [
    ("libx264", "mp4", OPEN_GOP),
    ("libx264", "mkv", OPEN_GOP),
    ("libx264", "ts", OPEN_GOP),
    ("libx264", "mp4", CLOSED_GOP),
    ("libx264", "ts", CLOSED_GOP),
    ("libx264", "mkv", ONE_GOP),
    ("libx264", "h264", CLOSED_GOP),
    ("libx265", "mp4", HEVC),
    ("libx265", "mkv", HEVC),
    ("libx265", "ts", HEVC),
    ("ffv1", "mkv", {}),
    ("mpeg4", "avi", {"g": "12", "bf": "2"}),
    ("mpeg2video", "mpg", {"g": "12", "bf": "2"}),
]


def write_coded(path: Path, encoder: str, options: dict[str, str], ticks: list[int] | None = None) -> None:
    """Write a texture that moves, in noise, at 25 frames per second or at ticks of a millisecond."""
    random = np.random.default_rng(1)
    texture = random.integers(0, 256, (48, 300), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if ticks:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(len(ticks) if ticks else FRAMES):
            picture = texture[:, 2 * number : 2 * number + 64] // 2 + random.integers(0, 60, (48, 64), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            if ticks:
                frame.pts, frame.time_base = ticks[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def survey(source: str) -> tuple[list[Frame], Index]:
    """All frames of a video, and its index."""
    with read_frames(source) as video:
        return list(video.frames), video.index()


def check_places(source: str, frames: list[Frame], index: Index, places: tuple[int, ...]) -> None:
    """Check that decoding from each place on gives the same frames as decoding everything."""
    for place in places:
        with read_frames(source, View(first=place), index=index) as video:
            assert video.index() is index
            for expected, frame in zip(frames[place : place + 8], video.frames, strict=False):
                assert np.array_equal(frame, expected), place
    for place in places:
        with read_frames(source, View(first=place, stop=place + 4), index=index) as video:
            assert len(list(video.frames)) == len(frames[place : place + 4])


@pytest.mark.parametrize(("encoder", "suffix", "options"), CASES, ids=lambda case: str(case)[:40])
def test_an_index_finds_the_same_frames(tmp_path: Path, encoder: str, suffix: str, options: dict[str, str]) -> None:
    path = tmp_path / f"a.{suffix}"
    write_coded(path, encoder, options)
    frames, index = survey(str(path))
    assert len(frames) == len(index.pts) == FRAMES
    assert index.timing() == (Fraction(25), None)
    check_places(str(path), frames, index, PLACES)


def test_an_index_of_uneven_times(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    ticks = list(accumulate(random.integers(10, 80, FRAMES - 1).tolist(), initial=0))
    for suffix in ("mp4", "mkv"):
        path = tmp_path / f"a.{suffix}"
        write_coded(path, "libx264", OPEN_GOP, ticks)
        frames, index = survey(str(path))
        _, clock = index.timing()
        assert clock
        assert [tick * clock.time_base * 1000 for tick in clock.ticks] == ticks
        check_places(str(path), frames, index, PLACES)


def test_the_sample_at_several_places(sample: str) -> None:
    frames, index = survey(sample)
    assert index.timing() == (Fraction(25), None)
    for place in (1, 70, 131):
        with read_frames(sample, View(first=place, stop=place + 2), index=index) as video:
            assert all(
                np.array_equal(frame, expected) for frame, expected in zip(video.frames, frames[place:], strict=False)
            )


def decoded_for(source: str, index: Index, first: int) -> int:
    """Number of frames that are decoded to get the frame at a place."""
    count = 0

    def counted(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
        nonlocal count
        for frame in container.decode(stream):
            count += 1
            yield frame

    with (
        patch("nervcodec.video.index.decode", counted),
        read_frames(source, View(first=first), index=index) as video,
    ):
        next(video.frames)
    return count


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_few_frames_are_decoded_in_vain(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    write_coded(path, "libx264", CLOSED_GOP)
    _, index = survey(str(path))
    with patch.object(sources, "islice", side_effect=AssertionError("decoded from the start")):
        assert decoded_for(str(path), index, 75) < 60


def test_past_the_end_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    write_coded(path, "ffv1", {})
    _, index = survey(str(path))
    with read_frames(str(path), View(first=FRAMES), index=index) as video:
        assert not list(video.frames)


def test_an_index_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_coded(path, "libx264", CLOSED_GOP)
    frames, index = survey(str(path))
    other = Index(time_base=index.time_base, pts=tuple(pts + 1 for pts in index.pts), end=index.end, rates=index.rates)
    check_places(str(path), frames, other, (1, 45, 89))


def test_pictures_and_planes_have_an_index(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    path = tmp_path / "a_16x8_50fps.yuv"
    path.write_bytes(random.integers(0, 256, 9 * 16 * 8 * 3 // 2, dtype=np.uint8).tobytes())
    frames, index = survey(str(path))
    assert index.timing() == (Fraction(50), None)
    check_places(str(path), frames, index, (1, 5, 8))
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, frame in enumerate(frames):
        av.VideoFrame.from_ndarray(frame.astype(np.uint8), format="rgb24").save(folder / f"{number}.png")
    pictures, index = survey(str(folder))
    assert index.timing() == (Fraction(25), None)
    assert index.timing(3, 5) == (Fraction(25), None)
    check_places(str(folder), pictures, index, (1, 5, 8))
    with read_frames(str(folder), View(first=4)) as video:
        assert len(list(islice(video.frames, 2))) == 2
        assert len(video.index().pts) >= 6


@pytest.mark.parametrize("reordered", ["0", "3"])
def test_frames_that_an_edit_list_hides_do_not_count(tmp_path: Path, reordered: str) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": reordered, "g": "20"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(-10, 40):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 3 * number + 60, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with read_frames(str(path)) as video:
        assert video.total == 40
    frames, index = survey(str(path))
    assert len(frames) == 40
    check_places(str(path), frames, index, (1, 12, 25, 39))


def stamped(*times: int | None) -> Iterator[av.VideoFrame]:
    """Frames with given times in milliseconds."""
    for time in times:
        frame = av.VideoFrame(2, 2, "gray")
        frame.pts, frame.time_base = time, Fraction(1, 1000)
        yield frame


def test_times_that_cannot_be_are_mended_and_not_sought() -> None:
    for times, expected in (
        ((0, 40, 80, 120), (0, 40, 80, 120)),
        ((None, None, None, None), (0, 40, 80, 120)),
        ((0, None, 80, 120), (0, 40, 80, 120)),
        ((100, 140, 130, 300), (100, 140, 180, 300)),
        ((100, 100, 100, 150), (100, 140, 180, 220)),
    ):
        watch = Watch((Fraction(25),))
        assert len(list(watch.note(stamped(*times)))) == 4
        assert watch.index().pts == expected
        assert watch.index().end == expected[-1] + 40
        assert watch.index().is_exact == (times == expected)


def test_a_stray_timestamp_does_not_move_the_frames_after_it() -> None:
    def frames(times: list[int | None]) -> Iterator[av.VideoFrame]:
        for pts in times:
            frame = av.VideoFrame(16, 16, "yuv420p")
            frame.pts, frame.time_base, frame.duration = pts, Fraction(1, 25), 1
            yield frame

    cases: list[tuple[list[int | None], tuple[int, ...]]] = [
        ([0, 1, 2, 3, 4], (0, 1, 2, 3, 4)),
        ([0, 1, 700, 3, 4], (0, 1, 2, 3, 4)),
        ([0, 1, None, 3, 4], (0, 1, 2, 3, 4)),
        ([0, 1, 100, 101, 102], (0, 1, 100, 101, 102)),  # a pause
        ([0, 1, -5, 3, 4], (0, 1, 2, 3, 4)),
    ]
    for times, expected in cases:
        watch = Watch((Fraction(25),))
        assert len(list(watch.note(frames(times)))) == len(times)
        assert watch.index().pts == expected
        assert watch.index().is_exact == (tuple(times) == expected)
