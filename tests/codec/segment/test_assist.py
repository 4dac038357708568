"""Frames that are left out of a fit and sent by their embeddings."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.target import Target
from nervcodec.errors import RequestError
from tests.codec.clips import decoded, encoded, mean_psnr, small_clip

OPTIONS = EncodeOptions(model="hnerv", size=3000, steps=200, quality=90, keep_every=2)
KEPT, MISSING = [0, 2, 4, 6, 7], [1, 3, 5]


def flickering_clip() -> Tensor:
    """Eight frames, light and dark, of which none that is left out lies between its neighbours."""
    frame = small_clip(1)[0]
    return torch.stack([frame, frame // 3])[[0, 1, 0, 0, 1, 1, 0, 1]]


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        replace(OPTIONS, model="dnerv", size=6000, embeddings="encoder"),
        replace(OPTIONS, model="sdmn", size=20_000),
        replace(OPTIONS, recipe="paper", quality=None),
    ],
    ids=["hnerv", "dnerv-encoder", "sdmn", "paper"],
)
def test_other_frames_stay_as_they_were(tmp_path: Path, options: EncodeOptions) -> None:
    options = replace(options, steps=20)
    blind, told = encoded(tmp_path, flickering_clip(), options)
    own = torch.cat(list(decode_frames(read_stream(blind))))
    assisted, report = encoded(tmp_path, flickering_clip(), replace(options, assisted=True))
    assert torch.equal(decoded(tmp_path)[KEPT], own)
    assert (report.psnr_db, report.frames, report.file_bytes) == (told.psnr_db, 8, len(assisted))
    assert report.assisted_bytes == len(assisted) - len(blind)
    assert report.bits_per_pixel == pytest.approx(8 * len(assisted) / (8 * 25 * 46))


@pytest.mark.parametrize("options", [OPTIONS, replace(OPTIONS, recipe="paper", quality=None)], ids=["rate", "paper"])
def test_assisted_frames_are_nearer_than_guesses(tmp_path: Path, options: EncodeOptions) -> None:
    clip = flickering_clip()
    stream = read_stream(encoded(tmp_path, clip, options)[0])
    moments = tuple(stream.header.times.moments(MISSING))
    linear = torch.stack(list(frames_at(stream, moments, "embedding")))
    _, report = encoded(tmp_path, clip, replace(options, assisted=True))
    made = mean_psnr(decoded(tmp_path)[MISSING].int() - clip[MISSING].int())
    assert report.missing is not None
    assert made == pytest.approx(report.missing.psnr_db, abs=1e-4)
    assert made > mean_psnr(linear.int() - clip[MISSING].int()) + 1


def test_frames_left_out_have_no_say_in_the_weights_and_masked_pixels_in_nothing(tmp_path: Path) -> None:
    clip, options = small_clip(8), replace(OPTIONS, steps=60, assisted=True, mask="boxes:1x8")
    hidden, seen = clip.clone(), clip.clone()
    hidden[:, :, 8:16, 19:27] ^= 255
    seen[3, :, :8] ^= 255
    files = [encoded(tmp_path, frames, options)[0] for frames in (clip, hidden, seen)]
    assert files[0] == files[1]
    groups = [read_stream(data).layers[0].chunks[0].groups for data in files]
    embeddings = 1  # HNeRV's content
    assert groups[0][embeddings:] == groups[2][embeddings:]
    assert groups[0][:embeddings] != groups[2][:embeddings]


@pytest.mark.parametrize("frames", [1, 2])
def test_where_nothing_is_left_out_nothing_is_assisted(tmp_path: Path, frames: int) -> None:
    _, report = encoded(tmp_path, small_clip(frames), replace(OPTIONS, steps=5, assisted=True))
    assert (report.frames, report.assisted_bytes, report.missing) == (frames, None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"keep_every": 1}, "left out"),
        ({"model": "ffnerv"}, "which FFNeRV does not have"),
        ({"layers": 2}, "a file of one layer"),
        ({"model": "sdmn", "latent": "seeded"}, "latents"),
        ({"quality": None, "target": Target("bytes", 900)}, "target"),
        ({"steps": None, "time_limit": 9.0}, "time limit"),
    ],
)
def test_what_cannot_be_assisted_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        replace(OPTIONS, assisted=True, **changes)
