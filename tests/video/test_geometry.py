import numpy as np
import pytest

from nervcodec.video.geometry import centre_crop, resize
from nervcodec.video.view import Filter

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("rows", "columns"), [(2, 4), (3, 1), (5, 7)])
def test_area_is_the_mean_of_the_pixels_under_each_new_one(rows: int, columns: int) -> None:
    frame = RNG.integers(0, 256, (6 * rows, 5 * columns, 3), dtype=np.uint8)
    expected = frame.reshape(6, rows, 5, columns, 3).mean(axis=(1, 3))
    assert np.abs(resize(frame, 5, 6, "area") - expected).max() <= 0.5 + 1e-6


def test_area_weighs_by_overlap() -> None:
    frame = np.array([0, 90, 180], np.uint8).reshape(1, 3, 1).repeat(3, axis=2)
    assert resize(frame, 2, 1, "area")[0, :, 0].tolist() == [30, 150]


def test_bicubic_keeps_a_constant_and_does_not_alias() -> None:
    flat = np.full((40, 40, 3), 77, np.uint8)
    assert (resize(flat, 13, 9, "bicubic") == 77).all()
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.ptp(resize(stripes, 16, 16, "bicubic")[:, 2:-2].astype(int)) < 20


@pytest.mark.parametrize("kind", ["area", "bicubic"])
def test_frames_keep_their_depth(kind: Filter) -> None:
    deep = RNG.integers(0, 1024, (24, 40, 3)).astype(np.int16)
    scaled, shallow = resize(deep, 13, 9, kind), resize((deep // 4).astype(np.uint8), 13, 9, kind)
    assert (scaled.dtype.name, shallow.dtype.name) == ("int16", "uint8")
    assert np.abs(scaled / 4 - shallow).max() < 2
    assert (resize(np.full((24, 40, 3), 1023, np.int16), 13, 9, kind) == 1023).all()


def test_enlarging() -> None:
    assert resize(RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8), 14, 10, "area").shape == (10, 14, 3)


@pytest.mark.parametrize(("size", "corner"), [((4, 4), (2, 3)), ((10, 8), (0, 0)), ((3, 3), (2, 3))])
def test_centre_crop(size: tuple[int, int], corner: tuple[int, int]) -> None:
    frame = np.arange(8 * 10 * 3, dtype=np.uint8).reshape(8, 10, 3)
    cropped = centre_crop(frame, *size)
    assert cropped.shape == (size[1], size[0], 3)
    assert np.array_equal(cropped[0, 0], frame[corner])
