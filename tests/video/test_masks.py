from pathlib import Path

import numpy as np
import pytest
import torch

from nervcodec.errors import RequestError, VideoError
from nervcodec.picture import VideoFormat
from nervcodec.video.geometry import apply_view, view_mask
from nervcodec.video.masks import Mask, load_masks
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames

SIZE = 40, 24


def write_masks(folder: Path, *masks: Mask) -> str:
    """A folder of masks as pictures."""
    height, width = masks[0].shape
    video = VideoFormat(width=width, height=height, frame_rate=25)  # type: ignore[arg-type]
    with write_frames(str(folder / "masks" / "%d.png"), video) as sink:
        for mask in masks:
            sink(np.repeat(255 * mask[:, :, None].astype(np.uint8), 3, axis=2))
    return str(folder / "masks")


def random_mask(seed: int) -> Mask:
    return np.random.default_rng(seed).random(SIZE[::-1]) < 0.1


def test_five_boxes_lie_where_the_papers_have_them() -> None:
    masks = load_masks("boxes:5x50", (640, 320), 3)
    assert masks.shape == (3, 1, 320, 640)
    expected = np.zeros((320, 640), bool)
    for y, x in ((160, 320), (80, 160), (80, 480), (240, 160), (240, 480)):
        expected[y - 25 : y + 25, x - 25 : x + 25] = True
    for mask in masks:
        np.testing.assert_array_equal(mask[0].numpy(), expected)


def test_a_quarter_in_the_middle() -> None:
    (mask,) = load_masks("center:1/4", (640, 320), 1, View(resize=(64, 32)))
    rows, columns = np.nonzero(mask[0].numpy())
    assert (rows.min(), rows.max(), columns.min(), columns.max(), len(rows)) == (12, 19, 24, 39, 8 * 16)


def test_a_picture_for_all_frames_and_one_for_each(tmp_path: Path) -> None:
    masks = [random_mask(seed) for seed in range(4)]
    folder = write_masks(tmp_path, *masks)
    still = load_masks(f"{folder}/2.png", SIZE, 3)
    np.testing.assert_array_equal(still[:, 0].numpy(), np.stack([masks[1]] * 3))
    each = load_masks(folder, SIZE, 2, View(first=1, stop=3))
    np.testing.assert_array_equal(each[:, 0].numpy(), np.stack(masks[1:3]))


@pytest.mark.parametrize(
    "view",
    [
        View(crop=(30, 20)),
        View(resize=(13, 7)),
        View(crop=(30, 20), resize=(45, 11)),
        View(resize=(13, 7), resize_filter="bicubic"),
        View(resize=(90, 50)),
    ],
)
def test_no_missing_pixel_shines_through_a_view(view: View) -> None:
    random = np.random.default_rng(1)
    mask = random.random(SIZE[::-1]) < 0.02
    frame = random.integers(0, 256, (*SIZE[::-1], 3), dtype=np.uint8)
    other = np.where(mask[:, :, None], 255 - frame, frame)
    seen = view_mask(mask, view)
    assert not seen.all()
    differ = (apply_view(frame, view) != apply_view(other, view)).any(axis=2)
    assert differ.any()
    assert not (differ & ~seen).any()


def test_a_mask_may_have_the_size_of_the_view(tmp_path: Path) -> None:
    mask = random_mask(5)
    folder = write_masks(tmp_path, mask)
    (seen,) = load_masks(f"{folder}/1.png", (200, 100), 1, View(crop=(160, 96), resize=SIZE))
    assert torch.equal(seen[0], torch.from_numpy(mask))


def test_masks_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    folder = write_masks(tmp_path, random_mask(1), random_mask(2))
    with pytest.raises(RequestError, match="masks of 40x24 for pictures of 80x24"):
        load_masks(folder, (80, 24), 2)
    with pytest.raises(RequestError, match="2 masks for 3 frames"):
        load_masks(folder, SIZE, 3)
    with pytest.raises(RequestError, match="no pixel left"):
        load_masks("center:1/1", SIZE, 3)
    with pytest.raises(VideoError):
        load_masks("boxes:9x5", SIZE, 3)
