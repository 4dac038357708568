"""Planes of YUV 4:2:0: from decoders, in views, and for encoders."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from nervcodec.picture import FULL, STUDIO, ColourTags, VideoFormat, in_domain
from nervcodec.samples import peak_of
from nervcodec.video.colour import frame_to_rgb
from nervcodec.video.domains import frame_to_picture, picture_to_frame
from nervcodec.video.geometry import turn_planes, view_planes
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames
from nervcodec.video.yuv import frame_to_planes, pack, planes_to_frame, unpack

RNG = np.random.default_rng(0)
TAGS = ColourTags(primaries=1, transfer=1, matrix=1, sample_range=STUDIO)
UNUSED_BITS = {"p010le": 6}
DEEP_FORMATS = ["yuv420p9le", "yuv420p10le", "yuv420p10be", "p010le", "yuv420p12le", "yuv420p16le"]


def random_frame(pixel_format: str, width: int, height: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, pixel_format)
    bits = frame.format.components[0].bits
    for plane in frame.planes:
        size = 1 if bits == 8 else 2
        samples = RNG.integers(0, 1 << bits, plane.line_size // size * plane.height) << (
            6 if "p010" in pixel_format else 0
        )
        order = "u1" if bits == 8 else ">u2" if pixel_format.endswith("be") else "<u2"
        plane.update(samples.astype(order).tobytes())
    return frame


def samples_of(frame: av.VideoFrame) -> list[NDArray[Any]]:
    """Samples of Y, U and V, read from the bytes of a frame."""
    bits, name = frame.format.components[0].bits, frame.format.name
    order = "u1" if bits == 8 else ">u2" if name.endswith("be") else "<u2"
    rows = [np.frombuffer(bytes(plane), order).reshape(plane.height, -1).astype(np.int64) for plane in frame.planes]
    half = (frame.width + 1) // 2
    if len(rows) == 2:  # U and V alternate
        rows = [rows[0], rows[1][:, : 2 * half : 2], rows[1][:, 1 : 2 * half : 2]]
    return [
        row[:, :side] >> (6 if name == "p010le" else 0)
        for row, side in zip(rows, (frame.width, half, half), strict=True)
    ]


@pytest.mark.parametrize("size", [(16, 8), (17, 9)])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "nv12", *DEEP_FORMATS])
def test_planes_are_as_they_are_stored(pixel_format: str, size: tuple[int, int]) -> None:
    frame = random_frame(pixel_format, *size)
    bits, expected = frame.format.components[0].bits, samples_of(frame)
    depth = 8 if bits == 8 else 10
    tags = ColourTags(matrix=1, sample_range=FULL) if pixel_format == "yuvj420p" else TAGS
    planes = frame_to_planes(frame, tags, depth)
    for own, stored in zip((planes[0][..., 0], *planes[1].transpose(2, 0, 1)), expected, strict=True):
        scaled = np.minimum(np.floor(stored * 2.0 ** (depth - bits) + 0.5), peak_of(depth))
        np.testing.assert_array_equal(own, scaled)
    again = frame_to_planes(planes_to_frame(planes, "yuv420p" if depth == 8 else "yuv420p10le", tags), tags, depth)
    video = VideoFormat(width=size[0], height=size[1], frame_rate=Fraction(25), domain="yuv420")
    for others in (again, unpack(pack(planes), video)):
        for own, other in zip(planes, others, strict=True):
            np.testing.assert_array_equal(own, other)


def test_other_depths_are_the_nearest_samples() -> None:
    shallow = random_frame("yuv420p", 16, 8)
    luma, chroma = frame_to_planes(shallow, TAGS, 10)
    assert luma.dtype == chroma.dtype == np.int16
    np.testing.assert_array_equal(luma[..., 0], 4 * samples_of(shallow)[0])
    deep = random_frame("yuv420p10le", 16, 8)
    expected = np.minimum((samples_of(deep)[0] + 2) // 4, 255)
    np.testing.assert_array_equal(frame_to_planes(deep, TAGS, 8)[0][..., 0], expected)


@pytest.mark.parametrize("pixel_format", ["rgb24", "yuv444p", "yuv422p", "yuv444p10le", "gbrp10le"])
def test_colour_that_is_finer_is_halved(pixel_format: str) -> None:
    tall, wide = np.mgrid[:32, :48]
    grey = av.VideoFrame.from_ndarray((4 * np.stack([tall, wide, tall], axis=2)).astype(np.uint8), format="rgb24")
    depth = 10 if "10" in pixel_format else 8
    frame = grey.reformat(format=pixel_format, dst_colorspace="ITU709", dst_color_range="MPEG")
    own = frame_to_rgb(frame, TAGS, depth).astype(float)
    luma, chroma = frame_to_planes(frame, TAGS, depth)
    assert (luma.shape, chroma.shape) == ((32, 48, 1), (16, 24, 2))
    shown = frame_to_rgb(planes_to_frame((luma, chroma), f"yuv420p{'10le' if depth == 10 else ''}", TAGS), TAGS, depth)
    assert np.abs(shown - own)[2:-2, 2:-2].max() <= 0.03 * peak_of(depth)


def test_a_crop_begins_where_colour_does_and_sizes_round_up() -> None:
    frame = random_frame("yuv420p", 31, 21)
    y, u, _ = samples_of(frame)
    video = VideoFormat(width=25, height=9, frame_rate=Fraction(25), domain="yuv420")
    luma, chroma = unpack(frame_to_picture(frame, TAGS, 8, 0, View(crop=(25, 9), domain="yuv420")), video)
    np.testing.assert_array_equal(luma[..., 0], y[6:15, 2:27])
    np.testing.assert_array_equal(chroma[..., 0], u[3:8, 1:14])


def test_planes_shrink_by_the_mean_of_what_is_under_each_sample() -> None:
    frame = random_frame("yuv420p", 32, 16)
    y, u, _ = samples_of(frame)
    video = VideoFormat(width=16, height=8, frame_rate=Fraction(25), domain="yuv420")
    luma, chroma = unpack(frame_to_picture(frame, TAGS, 8, 0, View(resize=(16, 8), domain="yuv420")), video)
    for own, stored in ((luma[..., 0], y), (chroma[..., 0], u)):
        means = stored.reshape(own.shape[0], 2, own.shape[1], 2).mean(axis=(1, 3))
        assert np.abs(own - means).max() <= 0.5


def test_planes_are_turned_as_the_picture_is() -> None:
    frame = random_frame("yuv420p", 16, 8)
    video = VideoFormat(width=8, height=16, frame_rate=Fraction(25), domain="yuv420")
    luma, chroma = unpack(frame_to_picture(frame, TAGS, 8, 1, View(domain="yuv420")), video)
    y, u, _ = samples_of(frame)
    np.testing.assert_array_equal(luma[..., 0], np.rot90(y))
    np.testing.assert_array_equal(chroma[..., 0], np.rot90(u))


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("size", [(48, 32), (47, 31)])
@pytest.mark.parametrize("suffix", [".mkv", ".y4m"])
def test_files_give_planes_back_as_they_were(tmp_path: Path, suffix: str, size: tuple[int, int], depth: int) -> None:
    width, height = size
    given = VideoFormat(width=width, height=height, frame_rate=Fraction(25), chroma="420", depth=depth, colour=TAGS)
    video, path = in_domain(given, "yuv420"), str(tmp_path / f"a{suffix}")
    name = "yuv420p" if depth == 8 else "yuv420p10le"
    pictures = [pack(frame_to_planes(random_frame(name, width, height), TAGS, depth)) for _ in range(3)]
    with write_frames(path, video) as sink:
        for picture in pictures:
            sink(picture)
    with read_frames(path, View(domain="yuv420")) as read:
        assert (read.format.depth, read.format.chroma, read.format.domain) == (depth, "420", "yuv420")
        for own, other in zip(pictures, read.frames, strict=True):
            np.testing.assert_array_equal(own, other)


def test_a_png_shows_planes_as_players_do(tmp_path: Path) -> None:
    video = VideoFormat(width=48, height=32, frame_rate=Fraction(25), chroma="420", colour=TAGS, domain="yuv420")
    frame = random_frame("yuv420p", 48, 32)
    with write_frames(str(tmp_path / "%d.png"), video) as sink:
        sink(pack(frame_to_planes(frame, TAGS)))
    with read_frames(str(tmp_path / "1.png")) as read:
        np.testing.assert_array_equal(next(read.frames), frame_to_rgb(frame, TAGS))


def test_odd_sizes_get_more_colour_for_h264() -> None:
    video = VideoFormat(width=17, height=9, frame_rate=Fraction(25), colour=TAGS, domain="yuv420")
    picture = pack(frame_to_planes(random_frame("yuv420p", 17, 9), TAGS))
    frame = picture_to_frame(picture, "yuv444p", video)
    assert (frame.format.name, frame.width, frame.height) == ("yuv444p", 17, 9)
    np.testing.assert_array_equal(samples_of(frame)[0], unpack(picture, video)[0][..., 0])


@pytest.mark.parametrize(("bits", "depth"), [(8, 10), (10, 8), (12, 10)])
def test_full_range_keeps_white_and_grey(bits: int, depth: int) -> None:
    tags, peak = ColourTags(matrix=1, sample_range=FULL), peak_of(bits)
    frame = random_frame("yuv420p" if bits == 8 else f"yuv420p{bits}le", 16, 8)
    luma, chroma = frame_to_planes(frame, tags, depth)
    y, u, _ = samples_of(frame)
    scale = peak_of(depth) / peak
    assert np.abs(luma[..., 0] - y * scale).max() <= 0.5
    expected = (u - 2 ** (bits - 1)) * scale + 2 ** (depth - 1)
    assert np.abs(chroma[..., 0] - expected.clip(0, peak_of(depth))).max() <= 0.5


@pytest.mark.parametrize(
    ("size", "new"), [((64, 36), (45, 25)), ((63, 35), (32, 18)), ((64, 36), (63, 36)), ((31, 17), (45, 25))]
)
def test_colour_stays_with_light_in_odd_sizes(size: tuple[int, int], new: tuple[int, int]) -> None:
    width, height = size
    slope = np.tile(np.linspace(40, 200, width), (height, 1)).round().astype(np.int64)
    luma = slope[..., None].astype(np.uint8)
    padded = np.pad(slope, ((0, height % 2), (0, width % 2)), mode="edge")
    means = padded.reshape((height + 1) // 2, 2, (width + 1) // 2, 2).mean(axis=(1, 3))
    chroma = np.repeat(means.round().astype(np.uint8)[..., None], 2, axis=2)
    made, colour = view_planes(luma, chroma, View(resize=new, domain="yuv420"))
    pairs = np.pad(made[..., 0].astype(float), ((0, new[1] % 2), (0, new[0] % 2)), mode="edge")
    expected = pairs.reshape(colour.shape[0], 2, colour.shape[1], 2).mean(axis=(1, 3))
    assert np.abs(colour[..., 0] - expected)[:, 1:-1].max() <= 2.5


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_colour_turns_with_light_in_odd_sizes(turns: int) -> None:
    slope = np.add.outer(3 * np.arange(17), 5 * np.arange(31)).astype(np.uint8)[..., None]
    chroma = np.repeat(slope[::2, ::2], 2, axis=2)
    luma, colour = turn_planes(slope, chroma, turns)
    np.testing.assert_array_equal(luma[..., 0], np.rot90(slope[..., 0], turns))
    shown = colour[..., 0].repeat(2, axis=0).repeat(2, axis=1)[: luma.shape[0], : luma.shape[1]]
    assert np.abs(shown.astype(int) - luma[..., 0]).max() <= 9


def test_words_beyond_the_depth_are_its_brightest() -> None:
    frame = av.VideoFrame(32, 16, "yuv420p10le")
    for plane, word in zip(frame.planes, (40_000, 1024, 1023), strict=True):
        plane.update(np.full(plane.line_size // 2 * plane.height, word, "<u2").tobytes())
    luma, chroma = frame_to_planes(frame, TAGS, 10)
    assert (luma == 1023).all()
    assert (chroma == 1023).all()
