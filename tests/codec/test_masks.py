from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import nervcodec
from nervcodec.codec.options import EncodeOptions
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames
from tests.conftest import SAMPLE

OPTIONS = EncodeOptions(model="hnerv", size=3000, steps=60, mask="boxes:2x8")
HIDDEN = [(slice(8, 16), slice(19, 27)), (slice(2, 10), slice(7, 15))]
"""Rows and columns of the boxes in a picture of 46x25."""


@pytest.fixture(scope="module")
def clip() -> Tensor:
    with read_frames(str(SAMPLE), View(stop=4, resize=(46, 25))) as video:
        return torch.stack([torch.from_numpy(frame).permute(2, 0, 1) for frame in video.frames])


def encoded(folder: Path, clip: Tensor, options: EncodeOptions) -> tuple[bytes, nervcodec.EncodeReport]:
    """The file that a clip becomes, read from PNGs."""
    with (
        read_frames(str(SAMPLE), View(stop=1, resize=(46, 25))) as video,
        write_frames(str(folder / "in" / "%d.png"), video.format) as sink,
    ):
        for frame in clip.permute(0, 2, 3, 1).numpy():
            sink(np.ascontiguousarray(frame))
    report = nervcodec.encode(str(folder / "in"), str(folder / "a.nerv"), options, overwrite=True)
    return (folder / "a.nerv").read_bytes(), report


def mean_psnr(difference: Tensor) -> float:
    """Of differences `[T, ...]` in code values."""
    return float(-10 * torch.log10(difference.double().square().flatten(1).mean(dim=1) / 255**2).mean())


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        replace(OPTIONS, model="dnerv", size=6000, embeddings="encoder"),
        replace(OPTIONS, loss="l1-ssim", model="sdmn", size=20_000),
        replace(OPTIONS, model="ffnerv", size=15_000, recipe="paper"),
        replace(OPTIONS, layers=2, min_gain=-9),
    ],
    ids=["hnerv", "dnerv-encoder", "sdmn-ssim", "ffnerv-paper", "layers"],
)
def test_no_masked_pixel_reaches_the_file(tmp_path: Path, clip: Tensor, options: EncodeOptions) -> None:
    changed = clip.clone()
    for rows, columns in HIDDEN:
        changed[..., rows, columns] = torch.randint(0, 256, changed[..., rows, columns].shape, dtype=torch.uint8)
    (before, told), (after, told_changed) = (encoded(tmp_path, frames, options) for frames in (clip, changed))
    assert before == after
    assert (told.psnr_db, told.ms_ssim) == (told_changed.psnr_db, told_changed.ms_ssim)
    assert told.masked_psnr_db != told_changed.masked_psnr_db
    changed[1, :, 20, 40] ^= 255
    assert encoded(tmp_path, changed, options)[0] != before


def test_what_is_told_is_what_comes_back(tmp_path: Path, clip: Tensor) -> None:
    _, report = encoded(tmp_path, clip, OPTIONS)
    target = str(tmp_path / "out.mkv")
    nervcodec.decode(str(tmp_path / "a.nerv"), target)
    with read_frames(target) as video:
        back = torch.stack([torch.from_numpy(frame).permute(2, 0, 1) for frame in video.frames])
    hidden = torch.zeros(25, 46, dtype=torch.bool)
    for rows, columns in HIDDEN:
        hidden[rows, columns] = True
    difference = back.int() - clip.int()
    assert report.psnr_db == pytest.approx(mean_psnr(difference[..., ~hidden]), abs=1e-4)
    assert report.masked_psnr_db == pytest.approx(mean_psnr(difference[..., hidden]), abs=1e-4)


def test_without_a_mask_nothing_is_masked(tmp_path: Path, clip: Tensor) -> None:
    assert encoded(tmp_path, clip, replace(OPTIONS, mask=None))[1].masked_psnr_db is None
