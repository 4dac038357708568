"""Conversion between decoded frames and RGB of 10 bits, against definitions in float64; tests of files cover 8 bits."""

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from nervcodec.picture import FULL, STUDIO, ColourTags
from nervcodec.video.colour import frame_to_rgb, rgb_to_frame, source_depth

RNG = np.random.default_rng(0)
WIDTH, HEIGHT = 48, 32
COEFFICIENTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
Floats = NDArray[np.float64]


def frame_of(pixels: str, *planes: NDArray[np.integer]) -> av.VideoFrame:
    """Make a frame of planes, little-endian above 8 bits."""
    frame = av.VideoFrame(WIDTH, HEIGHT, pixels)
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.dtype("<u2")
    for plane, samples in zip(frame.planes, planes, strict=True):
        padded = np.zeros((plane.height, plane.line_size // np.dtype(kind).itemsize), kind)
        padded[:, : samples.shape[1]] = samples
        plane.update(padded.tobytes())
    return frame


def planes_of(frame: av.VideoFrame) -> list[NDArray[np.uint16]]:
    """The planes of a frame with 16-bit samples, the inverse of `frame_of`."""
    return [
        np.frombuffer(bytes(plane), "<u2").reshape(plane.height, -1)[:, : plane.width].copy() for plane in frame.planes
    ]


def noise(bits: int, low: float = 0, high: float = 1) -> NDArray[np.int64]:
    peak = (1 << bits) - 1
    return RNG.integers(int(low * peak), int(high * peak) + 1, (HEIGHT, WIDTH))


def scales(bits: int, sample_range: int) -> tuple[float, float, float, float]:
    """Scales of H.273: the offset of luma, its range, the range of colour, and the middle of colour."""
    one = 1 << (bits - 8)
    return (16 * one, 219 * one, 224 * one, 128 * one) if sample_range == STUDIO else (
        0, (1 << bits) - 1, (1 << bits) - 1, 128 * one
    )  # fmt: skip


def yuv_to_rgb(planes: list[NDArray[np.int64]], bits: int, tags: ColourTags) -> Floats:
    kr, kb = COEFFICIENTS[tags.matrix]
    low, luma, chroma, middle = scales(bits, tags.sample_range)
    y, u, v = (planes[0] - low) / luma, (planes[1] - middle) / chroma, (planes[2] - middle) / chroma
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    rgb: Floats = np.stack([r, (y - kr * r - kb * b) / (1 - kr - kb), b], axis=2).clip(0, 1)
    return rgb


def rgb_to_yuv(rgb: Floats, bits: int, tags: ColourTags) -> list[Floats]:
    kr, kb = COEFFICIENTS[tags.matrix]
    low, luma, chroma, middle = scales(bits, tags.sample_range)
    r, g, b = np.moveaxis(rgb, 2, 0)
    y = kr * r + (1 - kr - kb) * g + kb * b
    return [low + luma * y, middle + chroma * (b - y) / (2 - 2 * kb), middle + chroma * (r - y) / (2 - 2 * kr)]


@pytest.mark.parametrize("bits", [8, 9, 10, 12, 14, 16])
@pytest.mark.parametrize("matrix", COEFFICIENTS)
@pytest.mark.parametrize("sample_range", [STUDIO, FULL])
def test_yuv_is_converted_by_its_definition(bits: int, matrix: int, sample_range: int) -> None:
    planes, tags = [noise(bits, 0.07, 0.92) for _ in range(3)], ColourTags(matrix=matrix, sample_range=sample_range)
    frame = frame_of("yuv444p" if bits == 8 else f"yuv444p{bits}le", *planes)
    assert source_depth(frame) == (8 if bits == 8 else 10)
    rgb = frame_to_rgb(frame, tags, 10)
    assert rgb.dtype == np.int16
    assert np.abs(rgb - 1023 * yuv_to_rgb(planes, bits, tags)).max() < 1


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("sample_range", [STUDIO, FULL])
def test_black_and_white_are_the_ends(bits: int, sample_range: int) -> None:
    low, luma, _, middle = scales(bits, sample_range)
    colour = np.full((HEIGHT // 2, WIDTH // 2), int(middle))
    for level, expected in ((low, 0), (low + luma, 1023)):
        frame = frame_of(
            "yuv420p" if bits == 8 else f"yuv420p{bits}le", np.full((HEIGHT, WIDTH), int(level)), colour, colour
        )
        assert (frame_to_rgb(frame, ColourTags(matrix=1, sample_range=sample_range), 10) == expected).all()


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
def test_rgb_and_grey_are_only_rounded(bits: int) -> None:
    red, green, blue = (noise(bits) for _ in range(3))
    exact = np.stack([red, green, blue], axis=2) * 1023 / ((1 << bits) - 1)
    rgb = frame_to_rgb(frame_of(f"gbrp{bits}le", green, blue, red), ColourTags(), 10)
    assert np.abs(rgb - exact).max() <= (0 if bits == 10 else 0.51)
    grey = frame_to_rgb(frame_of(f"gray{bits}le", red), ColourTags(), 10)
    assert np.abs(grey - exact[..., :1]).max() <= (0 if bits == 10 else 0.501)


def test_rgb_and_grey_of_8_bits_at_10() -> None:
    red, green, blue = (noise(8) for _ in range(3))
    exact = np.stack([red, green, blue], axis=2) * 1023 / 255
    for frame, wanted in ((frame_of("gbrp", green, blue, red), exact), (frame_of("gray", red), exact[..., :1])):
        assert np.abs(frame_to_rgb(frame, ColourTags(), 10) - wanted).max() <= 0.5


@pytest.mark.parametrize("matrix", COEFFICIENTS)
@pytest.mark.parametrize("sample_range", [STUDIO, FULL])
def test_rgb_of_10_bits_becomes_yuv_by_the_definition(matrix: int, sample_range: int) -> None:
    tags = ColourTags(matrix=matrix, sample_range=sample_range)
    pixels = RNG.integers(0, 1024, (HEIGHT, WIDTH, 3)).astype(np.int16)
    made, exact = planes_of(rgb_to_frame(pixels, "yuv444p10le", tags)), rgb_to_yuv(pixels / 1023, 10, tags)
    for plane, wanted, most in zip(made, exact, (0.6, 1.5, 1.5), strict=True):
        assert np.abs(plane - wanted).max() <= most


@pytest.mark.parametrize("pixels", ["gbrp10le", "rgb48be"])
def test_rgb_of_10_bits_comes_back(pixels: str) -> None:
    frame = RNG.integers(0, 1024, (HEIGHT, WIDTH, 3)).astype(np.int16)
    assert np.array_equal(frame_to_rgb(rgb_to_frame(frame, pixels, ColourTags()), ColourTags(), 10), frame)


@pytest.mark.parametrize("pixels", ["gray10le", "gray16be"])
def test_grey_of_10_bits_comes_back(pixels: str) -> None:
    frame = np.repeat(noise(10)[..., None], 3, axis=2).astype(np.int16)
    assert np.array_equal(frame_to_rgb(rgb_to_frame(frame, pixels, ColourTags()), ColourTags(), 10), frame)
