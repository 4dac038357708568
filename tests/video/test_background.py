import errno
from fractions import Fraction
from pathlib import Path
from threading import Event
from time import sleep

import numpy as np
import pytest

import nervcodec
from nervcodec.errors import OutputError
from nervcodec.picture import VideoFormat
from nervcodec.video.background import WAITING, in_background
from nervcodec.video.colour import Frame
from nervcodec.video.reader import read_frames
from nervcodec.video.writer import write_frames

FRAMES = [np.full((16, 16, 3), number, np.uint8) for number in range(3 * WAITING)]
VIDEO = VideoFormat(width=16, height=16, frame_rate=Fraction(25))


def test_frames_arrive_in_order_and_all_of_them(tmp_path: Path) -> None:
    target = str(tmp_path / "a.mkv")
    with write_frames(target, VIDEO) as sink, in_background(sink) as take:
        for frame in FRAMES:
            take(frame)
    with read_frames(target) as video:
        assert [int(frame[0, 0, 0]) for frame in video.frames] == list(range(len(FRAMES)))


def test_a_slow_sink_is_waited_for_only_when_many_frames_wait() -> None:
    go_on, seen = Event(), list[int]()

    def slow(frame: Frame) -> None:
        assert go_on.wait(10)
        seen.append(int(frame[0, 0, 0]))

    with in_background(slow) as take:
        for frame in FRAMES[:WAITING]:
            take(frame)
        assert not seen
        go_on.set()
        for frame in FRAMES[WAITING:]:
            take(frame)
    assert seen == list(range(len(FRAMES)))


@pytest.mark.parametrize("last", [0, 1, len(FRAMES) - 1])
def test_what_a_sink_raises_comes_out(last: int) -> None:
    def full(frame: Frame) -> None:
        if frame[0, 0, 0] >= last:
            raise OSError(errno.ENOSPC, "No space left on device")

    taken = 0
    with pytest.raises(OSError, match="No space"), in_background(full) as take:  # noqa: PT012
        for frame in FRAMES:
            take(frame)
            taken += 1
    assert taken <= last + WAITING


def test_after_an_interruption_frames_that_wait_are_not_written() -> None:
    began, seen = Event(), list[int]()

    def slow(frame: Frame) -> None:
        began.set()
        sleep(0.2)
        seen.append(int(frame[0, 0, 0]))

    def interrupted() -> None:
        with in_background(slow) as take:
            for frame in FRAMES[:WAITING]:
                take(frame)
            assert began.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(seen) < WAITING


@pytest.mark.parametrize("target", ["a.y4m", "a.mkv", "frames/%d.png"])
def test_a_decode_that_cannot_write_leaves_nothing(
    target: str, encoded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nervcodec.video.muxing.picture_to_frame", full)
    monkeypatch.setattr("nervcodec.video.writer.picture_to_frame", full)
    monkeypatch.setattr("nervcodec.video.y4m.picture_to_frame", full)
    with pytest.raises(OutputError, match="No space left"):
        nervcodec.decode(str(encoded), str(tmp_path / target))
    assert not list(tmp_path.iterdir())
