"""What is filled, and what cannot be."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import nervcodec
from nervcodec.bitstream.format import Header
from nervcodec.codec.decoding.composite import Composite
from nervcodec.codec.options import EncodeOptions
from nervcodec.errors import RequestError
from nervcodec.picture import VideoFormat, in_domain
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames
from tests.conftest import SAMPLE

SIZE = (24, 40)
VIDEO = VideoFormat(width=SIZE[1], height=SIZE[0], frame_rate=Fraction(25))


def header(frames: int) -> Header:
    return Header(video=VIDEO, segments=(frames,))


@pytest.fixture
def source(tmp_path: Path) -> str:
    """Three grey frames of 40x24."""
    with write_frames(str(tmp_path / "%d.png"), VIDEO) as sink:
        for _ in range(3):
            sink(np.full((*SIZE, 3), 90, np.uint8))
    return str(tmp_path)


def decoded(count: int, size: tuple[int, int] = SIZE) -> Iterator[Tensor]:
    yield from torch.full((count, 3, *size), 200, dtype=torch.uint8)


def test_only_the_missing_pixels_are_decoded_ones(source: str) -> None:
    for frame in Composite(source, "boxes:1x10").fill(decoded(3), range(3), header(3)):
        assert (frame[:, 7:17, 15:25] == 200).all()
        assert int((frame == 200).sum()) == 3 * 10 * 10
        assert int((frame == 90).sum()) == 3 * (24 * 40 - 10 * 10)


def test_a_part_is_filled_from_the_frames_and_masks_of_its_own(source: str, tmp_path: Path) -> None:
    with write_frames(str(tmp_path / "masks" / "%d.png"), VIDEO) as sink:
        for column in range(3):
            mask = np.zeros((*SIZE, 3), np.uint8)
            mask[:, column] = 255
            sink(mask)
    filled = list(Composite(source, str(tmp_path / "masks")).fill(decoded(2), range(1, 3), header(3)))
    assert [sorted(set((frame == 200).nonzero()[:, 2].tolist())) for frame in filled] == [[1], [2]]


@pytest.mark.parametrize(
    ("count", "change", "reason"),
    [
        (2, {}, "more than the 2 frames"),
        (4, {}, "has 3 frames, the file 4"),
        (3, {"width": 41}, "are 40x24, those of the file 41x24"),
        (3, {"width": 39, "height": 23, "domain": "yuv420"}, "are 40x24, those of the file 39x23"),
    ],
)
def test_what_does_not_match_is_refused(source: str, count: int, change: dict[str, Any], reason: str) -> None:
    video = replace(VIDEO, **change)
    with pytest.raises(RequestError, match=reason):
        list(Composite(source, "boxes:1x10").fill(decoded(count), range(count), replace(header(count), video=video)))


def test_only_missing_samples_of_planes_are_decoded_ones(source: str) -> None:
    planes = replace(header(3), video=in_domain(VIDEO, "yuv420"))
    own = torch.full((3, 6, 12, 20), 200, dtype=torch.uint8)
    for frame in Composite(source, "boxes:1x11").fill(iter(own), range(3), planes):
        made = frame == 200  # luma of rows and columns from 7 and 15 to 17 and 25, colour up to four pixels away
        assert made[:4].sum() == 11 * 11
        assert made[3, 3:8, 7:12].all()
        assert made[4:].sum() == 2 * 10 * 10


def test_a_video_is_not_written_over_itself(tmp_path: Path, source: str) -> None:
    filled = nervcodec.DecodeOptions(composite=Composite(source, "boxes:1x10"))
    with pytest.raises(RequestError, match="over the video itself"):
        nervcodec.decode(str(tmp_path / "a.nerv"), source, filled, overwrite=True)


def test_pixels_are_filled_at_the_times_of_the_video_only(tmp_path: Path) -> None:
    path = str(tmp_path / "a.nerv")
    view = View(stop=4, resize=(46, 25))
    nervcodec.encode(str(SAMPLE), path, EncodeOptions(view=view, model="hnerv", size=3000, steps=10, keep_every=2))
    filled = Composite(str(SAMPLE), "boxes:1x10")
    with pytest.raises(RequestError, match="at the times of the video"):
        nervcodec.decode(path, str(tmp_path / "a.mkv"), nervcodec.DecodeOptions(composite=filled))
