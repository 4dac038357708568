"""A file is whole, or it is said what is wrong with it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import nervcodec
from nervcodec.bitstream.container import read_stream, write_stream
from nervcodec.bitstream.layer import Chunk
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.errors import BitstreamError, CorruptStream, RequestError, VideoError
from nervcodec.events import Event, FramesDone
from nervcodec.models.hnerv.network import HNeRV
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from tests.codec.clips import encoded, mean_psnr, small_clip
from tests.conftest import SAMPLE
from tests.golden.make import FOLDER

VIEW = View(stop=4, resize=(46, 25))
FILES = sorted(FOLDER.glob("v*/*.nerv"))
OPTIONS = nervcodec.EncodeOptions(model="hnerv", size=3000, steps=20)


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_golden_files_are_whole(path: Path) -> None:
    report, stream = nervcodec.verify(str(path)), read_stream(path.read_bytes())
    video = stream.header.video
    assert (report.width, report.height, report.domain) == (video.width, video.height, video.domain)
    assert (report.frames, report.layers, report.segments) == (
        stream.header.shown,
        len(stream.layers),
        len(stream.header.segments),
    )
    assert (report.file_bytes, report.psnr_db, report.ms_ssim) == (path.stat().st_size, None, None)


def test_quality_is_what_the_encoder_reported(tmp_path: Path) -> None:
    for options in (OPTIONS, replace(OPTIONS, keep_every=2)):
        _, told = encoded(tmp_path, small_clip(6), options)
        report = nervcodec.verify(str(tmp_path / "a.nerv"), str(tmp_path / "in"))
        assert (report.ms_ssim, report.frames) == (None, told.frames)
        assert report.psnr_db == pytest.approx(told.psnr_db, abs=1e-9)


def test_quality_is_that_of_the_part_that_was_encoded() -> None:
    path = FOLDER / "v4" / "dnerv.nerv"
    report = nervcodec.verify(str(path), str(SAMPLE), VIEW)
    with read_frames(str(SAMPLE), VIEW) as video:
        clip = torch.from_numpy(np.stack(list(video.frames))).permute(0, 3, 1, 2)
    frames = torch.cat(list(decode_frames(read_stream(path.read_bytes()))))
    assert report.psnr_db == pytest.approx(mean_psnr(frames.int() - clip.int()))


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (replace(VIEW, stop=3), "has 3 of the 4 frames"),
        (replace(VIEW, stop=5), "has more than the 4 frames"),
        (replace(VIEW, resize=(46, 26)), "are 46x26, those of the file 46x25"),
    ],
)
def test_another_video_is_refused(view: View, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nervcodec.codec.decoding.renderer.BATCH_SAMPLES", 1)
    with pytest.raises(RequestError, match=reason):
        nervcodec.verify(str(FOLDER / "v4" / "dnerv.nerv"), str(SAMPLE), view)
    with pytest.raises(VideoError, match="no such file"):
        nervcodec.verify(str(FOLDER / "v4" / "dnerv.nerv"), "none.mp4", view)


def test_one_batch_is_in_memory_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nervcodec.codec.decoding.renderer.BATCH_SAMPLES", 1)
    events: list[Event] = []
    nervcodec.verify(str(FOLDER / "v4" / "dnerv.nerv"), str(SAMPLE), VIEW, observe=events.append)
    assert events == [FramesDone(stage="measure", frames=frames, total=4) for frames in (1, 2, 3, 4)]


def test_damage_anywhere_is_found_with_its_place(tmp_path: Path) -> None:
    data, path = (FOLDER / "v3" / "layers.nerv").read_bytes(), tmp_path / "a.nerv"
    for position in range(0, len(data), 97):
        path.write_bytes(data[:position] + bytes([data[position] ^ 64]) + data[position + 1 :])
        with pytest.raises(BitstreamError, match=str(path)):
            nervcodec.verify(str(path))


def test_a_chunk_that_does_not_decode_is_found_behind_its_checksum(tmp_path: Path) -> None:
    stream, path = read_stream((FOLDER / "v3" / "hnerv.nerv").read_bytes()), tmp_path / "a.nerv"
    (layer,) = stream.layers
    (chunk,) = layer.chunks
    first, *others = chunk.groups
    cut = replace(layer, chunks=(Chunk((first[:-9], *others)),))
    path.write_bytes(write_stream(replace(stream, layers=(cut,))))
    assert nervcodec.probe(str(path)).frames == 4
    with pytest.raises(BitstreamError, match=str(path)):
        nervcodec.verify(str(path))


def test_frames_that_are_no_numbers_are_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: HNeRV, embeddings: dict[str, Tensor], times: Tensor) -> Tensor:
        return torch.full((len(times), 3, 32, 64), torch.nan)

    monkeypatch.setattr(HNeRV, "forward", forward)
    with pytest.raises(CorruptStream, match=r"hnerv\.nerv: .* not finite"):
        nervcodec.verify(str(FOLDER / "v3" / "hnerv.nerv"))
