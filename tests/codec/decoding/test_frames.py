from pathlib import Path

import pytest
import torch

import nervcodec
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.errors import UnsupportedStream
from nervcodec.events import Event, FramesDone
from nervcodec.models.dnerv.network import DNeRV
from nervcodec.precision import Precision


def test_rendering_is_float32_with_cudnn_but_without_tf32(encoded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    forward = DNeRV.forward

    def spy(self: DNeRV, embeddings: dict[str, torch.Tensor], times: torch.Tensor) -> torch.Tensor:
        seen.append((torch.backends.cudnn.enabled, torch.backends.cudnn.allow_tf32, embeddings["content"].dtype))
        return forward(self, embeddings, times)

    monkeypatch.setattr(DNeRV, "forward", spy)
    with torch.autocast("cpu", torch.bfloat16, enabled=False):
        list(decode_frames(read_stream(encoded.read_bytes())))
    assert set(seen) == {(True, False, torch.float32)}


def test_frames_come_in_batches_and_are_counted(encoded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nervcodec.codec.decoding.renderer.BATCH_SAMPLES", 2 * 6 * 48 * 80)
    stream = read_stream(encoded.read_bytes())
    assert [len(batch) for batch in decode_frames(stream)] in ([2, 2, 2], [1] * 6, [3, 3])
    events: list[Event] = []
    report = nervcodec.decode(str(encoded), str(tmp_path / "a.mkv"), observe=events.append)
    assert report.frames == 6
    assert events[-1] == FramesDone(stage="decode", frames=6, total=6)


def test_a_huge_file_of_another_kind_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.nerv"
    with path.open("wb") as file:
        file.truncate(1 << 42)
    with pytest.raises(UnsupportedStream, match="not a"):
        nervcodec.probe(str(path))


def test_fast_is_nearly_the_same_picture_where_there_is_bfloat16_and_the_same_elsewhere(
    arithmetic: Precision, encoded: Path
) -> None:
    stream = read_stream(encoded.read_bytes())
    exact, fast = (torch.cat(list(decode_frames(stream, device="cpu", fast=fast))) for fast in (False, True))
    errors = (exact.double() - fast.double()).square().mean()
    assert (errors > 0) == (arithmetic == "bfloat16")
    assert errors < 255**2 / 10**5  # 50 dB


def test_a_fast_decode_is_no_conformant_one(encoded: Path, tmp_path: Path) -> None:
    for fast in (False, True):
        options = nervcodec.DecodeOptions(fast=fast)
        assert nervcodec.decode(str(encoded), str(tmp_path / f"{fast}.mkv"), options).conformant != fast


@pytest.mark.gpu
def test_cuda_decodes_nearly_the_same_picture(encoded: Path) -> None:
    stream = read_stream(encoded.read_bytes())
    cpu, cuda = (torch.cat(list(decode_frames(stream, device=device))).int() for device in ("cpu", "cuda"))
    assert (cpu - cuda).abs().max() <= 1
    assert ((cpu - cuda) != 0).float().mean() <= 0.001
