"""Raw planes whose format is read from the name of the file."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nervcodec.errors import ResourceError, VideoError
from nervcodec.video.raw import raw_format
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View

RNG = np.random.default_rng(0)
WIDTH, HEIGHT = 24, 16
SAMPLING = {"400": (0, 0), "420": (2, 2), "422": (2, 1), "444": (1, 1)}
TOO_LONG = 99_999
"""Side of a square picture, in pixels, that is larger than any picture may be."""


def write_raw(path: Path, sampling: str, bits: int, colours: list[tuple[int, int, int]]) -> None:
    """Write a file with one flat frame for each 8-bit (Y, U, V)."""
    kind = np.uint8 if bits == 8 else np.dtype("<u2")
    across, down = SAMPLING[sampling]
    with path.open("wb") as file:
        for colour in colours:
            sizes = [WIDTH * HEIGHT] + [WIDTH // across * (HEIGHT // down) if across else 0] * 2
            for size, value in zip(sizes, colour, strict=True):
                file.write(np.full(size, value << (bits - 8), kind).tobytes())


def bt601(colour: tuple[int, int, int]) -> np.ndarray:
    """Convert a colour in 8-bit YUV of studio range to RGB, by BT.601."""
    y, u, v = (colour[0] - 16) / 219, (colour[1] - 128) / 224, (colour[2] - 128) / 224
    rgb = np.array([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u])
    clipped: np.ndarray = np.clip(255 * rgb, 0, 255)
    return clipped


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Beauty_1920x1080_120fps_420_8bit_YUV.yuv", (1920, 1080, "yuv420p", 120)),
        ("Beauty_1920x1080_24p_yuv420_8b.yuv", (1920, 1080, "yuv420p", 24)),
        ("videoSRC01_1920x1080_30.yuv", (1920, 1080, "yuv420p", 30)),
        ("BQTerrace_1920x1080_60.YUV", (1920, 1080, "yuv420p", 60)),
        ("a_16x16_59.94Hz_P422_10bit.yuv", (16, 16, "yuv422p10le", Fraction(2997, 50))),
        ("a 4x4 crop_352x288_400_12b.yuv", (352, 288, "gray12le", 25)),
        ("a_352x288_60_yuv444p16le.yuv", (352, 288, "yuv444p16le", 60)),
        ("a-352x288-50-YUV420p.yuv", (352, 288, "yuv420p", 50)),
    ],
)
def test_names(name: str, expected: tuple[int, int, str, Fraction]) -> None:
    raw = raw_format(Path(name))
    assert (raw.width, raw.height, raw.pixels, raw.frame_rate) == expected


@pytest.mark.parametrize("name", ["a.yuv", "a_16x16_nv12.yuv", "a_16x16_11bit.yuv", "a_16x16_20bit.yuv", "x16_b.yuv"])
def test_names_that_say_too_little_or_the_wrong_thing(name: str) -> None:
    with pytest.raises(VideoError, match=r"in its name|cannot be read"):
        raw_format(Path(name))


@pytest.mark.parametrize("sampling", SAMPLING)
@pytest.mark.parametrize("bits", [8, 10, 16])
def test_planes_become_rgb(tmp_path: Path, sampling: str, bits: int) -> None:
    path = tmp_path / f"flat_{WIDTH}x{HEIGHT}_120fps_{sampling}_{bits}bit.yuv"
    colours = [(16, 128, 128), (126, 90, 200), (60, 160, 100), (235, 128, 128)]
    write_raw(path, sampling, bits, colours)
    with read_frames(str(path)) as video:
        assert video.total == 4
        assert (video.format.width, video.format.height) == (WIDTH, HEIGHT)
        assert video.format.frame_rate == 120
        assert video.format.chroma == ("grey" if sampling == "400" else sampling)
        assert video.format.depth == (8 if bits == 8 else 10)
        frames = list(video.frames)
    for frame, colour in zip(frames, colours, strict=True):
        if bits == 8:
            wanted = [colour[0]] * 3 if sampling == "400" else bt601(colour)
            assert np.abs(frame - wanted).max() <= 2
        else:
            grey = colour[0] * (1 << bits - 8) / ((1 << bits) - 1)
            deep = 1023 * grey if sampling == "400" else bt601(colour) * 1023 / 255
            assert np.abs(frame - deep).max() <= 1


def test_every_sample_is_where_it_belongs(tmp_path: Path) -> None:
    luma = RNG.integers(16, 236, (3, HEIGHT, WIDTH), dtype=np.uint8)
    path = tmp_path / f"noise_{WIDTH}x{HEIGHT}_30.yuv"
    path.write_bytes(b"".join(plane.tobytes() + bytes([128]) * (WIDTH * HEIGHT // 2) for plane in luma))
    with read_frames(str(path), View(first=1)) as video:
        assert video.total == 2
        frames = np.stack(list(video.frames))
    assert np.abs(frames[..., 0] - (luma[1:] - 16.0) * 255 / 219).max() <= 1


def test_odd_sizes_round_their_chroma_up(tmp_path: Path) -> None:
    path = tmp_path / "odd_5x3_420.yuv"
    path.write_bytes(bytes(2 * (5 * 3 + 2 * 3 * 2)))
    with read_frames(str(path)) as video:
        assert video.total == len(list(video.frames)) == 2


def test_a_size_that_is_no_whole_number_of_frames(tmp_path: Path) -> None:
    path = tmp_path / "short_16x16.yuv"
    path.write_bytes(bytes(16 * 16 * 3 // 2 * 2 - 1))
    with (
        pytest.raises(VideoError, match="767 bytes are no whole number of frames of 16x16 yuv420p, 384 bytes each"),
        read_frames(str(path)),
    ):
        pass


def test_what_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    big = tmp_path / f"big_{TOO_LONG}x{TOO_LONG}_30.yuv"
    big.write_bytes(b"")
    (tmp_path / "empty_16x16_30.yuv").write_bytes(b"")
    with pytest.raises(ResourceError, match=f"{TOO_LONG}x{TOO_LONG}"), read_frames(str(big)):
        pass
    with pytest.raises(VideoError), read_frames(str(tmp_path / "empty_16x16_30.yuv")):
        pass
    with pytest.raises(VideoError, match="no such file"), read_frames(str(tmp_path / "nothing_16x16.yuv")):
        pass
