from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import nervcodec
from nervcodec.bitstream.container import Stream, read_stream
from nervcodec.codec.choices import Between
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.decoding.frames import decode_frames, decode_times
from nervcodec.codec.stream.payload import unpack
from nervcodec.codec.stream.tensors import Tensors
from nervcodec.models.config import PyramidConfig
from nervcodec.models.hnerv.network import HNeRV
from nervcodec.timeline import Moment, Playback, Timeline
from tests.codec.clips import decoded, encoded, mean_psnr, small_clip
from tests.golden.make import FOLDER
from tests.test_interpolation import between as pictures_between

HALF = Fraction(1, 2)
NAMES = ["v1/dnerv", "v3/hnerv", "v3/sdmn", "v3/ffnerv", "v3/layers", "v4/timeline"]


def opened(name: str) -> Stream:
    return read_stream((FOLDER / f"{name}.nerv").read_bytes())


def repeated(stream: Stream, times: int) -> Stream:
    """A file of so many times the segments of another; it has all frames of the video, unless they are in groups."""
    positions, length = stream.header.times.positions, stream.header.times.length
    again = tuple(start + position for start in range(0, times * length, length) for position in positions)
    timeline = Timeline(again, times * length) if stream.header.grouped else None
    header = replace(stream.header, segments=stream.header.segments * times, timeline=timeline)
    layers = tuple(replace(layer, chunks=tuple(layer.chunks) * times) for layer in stream.layers)
    return replace(stream, header=header, layers=layers)


def frames_of(stream: Stream) -> Tensor:
    return torch.cat(list(decode_frames(stream)))


@pytest.mark.parametrize("name", NAMES)
def test_any_file_has_frames_between_and_its_own_stay_as_they_are(name: str) -> None:
    stream = opened(name)
    own = frames_of(stream)
    moments = [Moment(n, f) for n in range(len(own)) for f in (Fraction(0), HALF) if n < len(own) - 1 or not f]
    made = {between: torch.stack(list(frames_at(stream, moments, between))) for between in ("motion", "embedding")}
    assert torch.equal(made["motion"][::2], own)
    assert torch.equal(made["embedding"][::2], own)
    assert torch.equal(made["motion"][1::2], pictures_between(own[:-1], own[1:], HALF, stream.header.video))
    rendered = torch.cat(list(decode_times(stream, [n + 0.5 for n in range(len(own) - 1)])))
    assert torch.equal(made["embedding"][1::2], rendered)


def test_times_between_approach_the_frames_around() -> None:
    stream = opened("v3/hnerv")
    own = frames_of(stream).int()
    before, after = torch.cat(list(decode_times(stream, [1 + 1e-6, 2 - 1e-6]))).int()
    assert (before - own[1]).abs().max() <= 1
    assert (after - own[2]).abs().max() <= 1


def test_nothing_is_blended_across_a_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nervcodec.codec.decoding.links.is_cut", lambda before, after: True)
    stream = opened("v3/dnerv")
    own = frames_of(stream)
    moments = [Moment(n, fraction) for n in range(3) for fraction in (Fraction(1, 4), HALF)]
    for between in ("motion", "embedding"):
        made = torch.stack(list(frames_at(stream, moments, between)))
        assert torch.equal(made, own[[0, 1, 1, 2, 2, 3]])


def test_segments_are_joined_along_the_motion_and_held_by_the_network() -> None:
    stream = opened("v3/hnerv")
    twice, frames, own = repeated(stream, 2), stream.header.frames, frames_of(stream)
    (held,) = decode_times(twice, [frames - 0.5])
    assert torch.equal(held, own[-1:])
    (between,) = frames_at(twice, [Moment(frames - 1, HALF)])
    assert torch.equal(between, pictures_between(own[-1:], own[:1], HALF, stream.header.video)[0])


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nervcodec.codec.decoding.renderer.BATCH_SAMPLES", 2 * 3 * 32 * 64)


GOLDEN = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.glob("v*/*.nerv"))


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("name", GOLDEN)
def test_some_frames_are_what_they_are_among_all(name: str) -> None:
    stream = repeated(opened(name), 2)
    own = frames_of(stream)
    for wanted in ([0], [1], [len(own) - 1], [0, 1, 4, 5], range(1, len(own) - 1)):
        assert torch.equal(torch.cat(list(decode_frames(stream, wanted))), own[list(wanted)])
    assert torch.equal(torch.cat(list(decode_times(stream, range(len(own))))), own)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("between", ["motion", "embedding"])
@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_what_it_is_in_the_whole(name: str, between: Between) -> None:
    stream = repeated(opened(name), 2)
    last = stream.header.frames - 1
    moments = tuple(stream.header.times.moments(Fraction(n, 3) for n in range(3 * last + 2)))
    whole = torch.stack(list(frames_at(stream, moments, between)))
    for part in (range(1), range(1, 2), range(4, 9), range(3 * last - 1, len(moments))):
        made = torch.stack(list(frames_at(stream, moments, between, part)))
        assert torch.equal(made, whole[part.start : part.stop])


@pytest.mark.usefixtures("small_batches")
def test_nothing_is_decoded_that_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, unpacked, rendered = repeated(opened("v3/hnerv"), 3), [], []
    forward = HNeRV.forward

    def spy_unpack(config: PyramidConfig, groups: tuple[bytes, ...], frames: int, *others: Any, **more: Any) -> Tensors:
        unpacked.append(frames)
        return unpack(config, groups, frames, *others, **more)

    def spy_forward(self: HNeRV, embeddings: dict[str, Tensor], times: Tensor) -> Tensor:
        rendered.append(times.tolist())
        return forward(self, embeddings, times)

    monkeypatch.setattr("nervcodec.codec.stream.unpacking.unpack", spy_unpack)
    monkeypatch.setattr(HNeRV, "forward", spy_forward)
    moments = tuple(stream.header.times.moments(range(12)))
    assert len(list(frames_at(stream, moments, numbers=range(6, 7)))) == 1
    assert (unpacked, rendered) == ([4], [[2, 3]])
    unpacked.clear()
    rendered.clear()
    assert len(list(frames_at(stream, [Moment(7, HALF)]))) == 1
    assert (unpacked, rendered) == ([4, 4], [[2, 3], [0, 1]])


OPTIONS = nervcodec.EncodeOptions(model="hnerv", size=3000, steps=60, keep_every=2)
ANY_SIZE = 9.0
"""Tolerance of a size, as a share of it, that every file of these tests meets."""


@pytest.mark.parametrize("target", [None, nervcodec.Target("bytes", 900)])
def test_no_pixel_of_a_frame_that_is_left_out_reaches_the_file(
    tmp_path: Path, target: nervcodec.Target | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nervcodec.codec.segment.search.TOLERANCES", {"bytes": ANY_SIZE})
    options, clip = replace(OPTIONS, target=target), small_clip(6)
    changed = clip.clone()
    changed[[1, 3]] = torch.randint(0, 256, changed[[1, 3]].shape, dtype=torch.uint8)
    (before, told), (after, told_changed) = (encoded(tmp_path, frames, options) for frames in (clip, changed))
    assert before == after
    assert told.missing != told_changed.missing
    changed[2, 0, 0, 0] ^= 255
    assert encoded(tmp_path, changed, options)[0] != before


def test_what_is_told_of_frames_that_were_left_out_is_what_comes_back(tmp_path: Path) -> None:
    clip = small_clip(6)
    _, report = encoded(tmp_path, clip, OPTIONS)
    back = decoded(tmp_path, nervcodec.DecodeOptions(playback=Playback(all_times=True)))
    assert back.shape == clip.shape
    assert report.missing is not None
    assert report.missing.psnr_db == pytest.approx(mean_psnr(back[[1, 3]].int() - clip[[1, 3]].int()), abs=1e-4)
    assert (report.frames, report.missing.ms_ssim, report.assisted_bytes) == (4, None, None)
