"""Pictures of decoded frames: previews, against the pictures that they stand for."""

import av
import numpy as np
import pytest

from nervcodec.picture import STUDIO, ColourTags
from nervcodec.video.colour import frame_to_rgb
from nervcodec.video.domains import frame_to_preview
from nervcodec.video.view import View

RNG = np.random.default_rng(0)
TAGS = ColourTags(primaries=1, transfer=1, matrix=1, sample_range=STUDIO)
ROUNDING = 4
"""Largest difference in 255ths of a preview from a picture, whose conversion from more than 8 bits is a better one."""


def noise(pixel_format: str) -> av.VideoFrame:
    """A frame of 722x401 whose pixels have nothing to do with each other."""
    frame = av.VideoFrame(722, 401, pixel_format)
    bits = frame.format.components[0].bits
    for plane in frame.planes:
        samples = RNG.integers(0, 1 << bits, plane.buffer_size // (1 if bits == 8 else 2))
        plane.update(samples.astype("u1" if bits == 8 else "<u2").tobytes())
    return frame


@pytest.mark.parametrize("pixel_format", ["yuv444p", "yuv444p10le", "gbrp", "gbrp10le", "gray", "gray10le"])
def test_a_preview_has_one_pixel_of_each_square(pixel_format: str) -> None:
    frame = noise(pixel_format)
    preview = frame_to_preview(frame, TAGS, 10, 0, View(resize=(64, 64)))
    assert preview.shape == (200, 361, 3)
    assert preview.dtype == np.uint8
    squares = frame_to_rgb(frame, TAGS)[:400].astype(int).reshape(200, 2, 361, 2, 3)
    apart = np.abs(squares - preview[:, None, :, None].astype(int)).max(axis=4)
    assert apart.min(axis=(1, 3)).max() <= ROUNDING


def test_a_preview_is_turned_then_cropped() -> None:
    frame = noise("yuv420p")
    whole = frame_to_preview(frame, TAGS, 8, 0, View())
    turned = frame_to_preview(frame, TAGS, 8, 1, View(crop=(361, 600)))
    assert turned.shape == (600 // 2, 361 // 2, 3)
    np.testing.assert_array_equal(turned, np.rot90(whole)[30:330, 10:190])


def test_a_small_picture_is_its_own_preview() -> None:
    frame = noise("yuv420p").reformat(350, 200)
    np.testing.assert_array_equal(frame_to_preview(frame, TAGS, 8, 0, View()), frame_to_rgb(frame, TAGS))
