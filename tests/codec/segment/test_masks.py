from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from nervcodec.codec.options import EncodeOptions
from nervcodec.picture import VideoFormat
from nervcodec.video.writer import write_frames
from tests.codec.clips import ALWAYS_KEPT, decoded, encoded, mean_psnr, small_clip

OPTIONS = EncodeOptions(model="hnerv", size=3000, steps=24, mask="boxes:2x8", gop=1)
HIDDEN = [(slice(8, 16), slice(19, 27)), (slice(2, 10), slice(7, 15))]
"""Rows and columns of the boxes in a picture of 46x25."""


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        replace(OPTIONS, model="dnerv", size=6000, embeddings="encoder"),
        replace(OPTIONS, loss="l1-ssim", model="sdmn", size=20_000, steps=9),
        replace(OPTIONS, model="ffnerv", size=15_000, recipe="paper"),
        replace(OPTIONS, layers=2, min_gain=ALWAYS_KEPT),
        replace(OPTIONS, domain="yuv420"),
    ],
    ids=["hnerv", "dnerv-encoder", "sdmn-ssim", "ffnerv-paper", "layers", "planes"],
)
def test_no_masked_pixel_reaches_the_file(tmp_path: Path, options: EncodeOptions) -> None:
    clip = small_clip(4)
    changed = clip.clone()
    for rows, columns in HIDDEN:
        changed[..., rows, columns] = torch.randint(0, 256, changed[..., rows, columns].shape, dtype=torch.uint8)
    (before, told), (after, told_changed) = (encoded(tmp_path, frames, options) for frames in (clip, changed))
    assert before == after
    assert (told.psnr_db, told.ms_ssim) == (told_changed.psnr_db, told_changed.ms_ssim)
    assert told.masked != told_changed.masked
    changed[1, :, 20, 40] ^= 255
    assert encoded(tmp_path, changed, options)[0] != before


def test_what_is_told_is_what_comes_back(tmp_path: Path) -> None:
    clip = small_clip(4)
    _, report = encoded(tmp_path, clip, OPTIONS)
    hidden = torch.zeros(25, 46, dtype=torch.bool)
    for rows, columns in HIDDEN:
        hidden[rows, columns] = True
    difference = decoded(tmp_path).int() - clip.int()
    assert report.psnr_db == pytest.approx(mean_psnr(difference[..., ~hidden]), abs=1e-4)
    assert report.masked is not None
    assert report.masked.psnr_db == pytest.approx(mean_psnr(difference[..., hidden]), abs=1e-4)


def test_frames_left_out_are_judged_where_pixels_are_there(tmp_path: Path) -> None:
    clip, options = small_clip(6), replace(OPTIONS, keep_every=2)
    changed = clip.clone()
    for rows, columns in HIDDEN:
        changed[..., rows, columns] ^= 255
    (before, told), (after, told_changed) = (encoded(tmp_path, frames, options) for frames in (clip, changed))
    assert before == after
    assert told.missing == told_changed.missing


def test_a_mask_without_a_missing_pixel_masks_nothing(tmp_path: Path) -> None:
    with write_frames(
        str(tmp_path / "m" / "%d.png"), VideoFormat(width=46, height=25, frame_rate=Fraction(25))
    ) as sink:
        sink(np.zeros((25, 46, 3), np.uint8))
    options = replace(OPTIONS, steps=20)
    black, told = encoded(tmp_path, small_clip(3), replace(options, mask=str(tmp_path / "m" / "1.png")))
    assert told.masked is None
    assert black == encoded(tmp_path, small_clip(3), replace(options, mask=None))[0]


def test_without_a_mask_nothing_is_masked(tmp_path: Path) -> None:
    assert encoded(tmp_path, small_clip(4), replace(OPTIONS, mask=None))[1].masked is None
