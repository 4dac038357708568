"""Groups of frames: the frames between those of a file are frames of the video."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import nervcodec
from nervcodec.bitstream.container import Stream, read_stream, write_stream
from nervcodec.bitstream.format import read_header, write_header
from nervcodec.bitstream.ways import BY_LEVELS, read_way
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.segment.footage import load_clip, load_footage
from nervcodec.codec.segment.grouping import choose_groups
from nervcodec.codec.segment.planning import plan_recipe, rate_of_quality
from nervcodec.errors import CorruptStream, RequestError, UnsupportedStream
from nervcodec.planes import unpack_planes
from nervcodec.timeline import Timeline
from nervcodec.video.images import images_in
from nervcodec.video.view import View
from tests import plain_corrections, plain_motion
from tests.codec.clips import load_planes, yuv_psnr
from tests.conftest import SAMPLE, Nervc

WIDTH, HEIGHT = 91, 65
VIEW = View(first=60, stop=69, resize=(WIDTH, HEIGHT))
HALF = Fraction(1, 2)
OPTIONS = nervcodec.EncodeOptions(view=VIEW, gop=4, model="hnerv", size=4000, steps=60, audio="none")


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("grouped") / "a.nerv"
    nervcodec.encode(str(SAMPLE), str(path), OPTIONS)
    return path


def planes(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Y `[T, 1, H, W]`, and U and V, of packed pictures."""
    return unpack_planes(pictures, HEIGHT, WIDTH)


def opened(path: Path) -> Stream:
    return read_stream(path.read_bytes())


def shown(path: Path, tmp_path: Path, **playback: object) -> Tensor:
    target = str(tmp_path / "a.y4m")
    options = nervcodec.DecodeOptions(playback=nervcodec.Playback(**playback))  # type: ignore[arg-type]
    nervcodec.decode(str(path), target, options, overwrite=True)
    return load_planes(target, View())


def test_all_frames_are_shown_and_measured(tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    report = nervcodec.encode(str(SAMPLE), str(path), OPTIONS)
    header = opened(path).header
    assert (header.grouped, header.frames, header.times.positions) == (True, 3, (0, 4, 8))
    frames, original = shown(path, tmp_path), load_planes(str(SAMPLE), VIEW)
    assert len(frames) == report.frames == 9
    assert report.missing is None
    assert report.psnr_db == pytest.approx(yuv_psnr(frames, original, HEIGHT, WIDTH), abs=1e-4)
    assert report.bits_per_pixel == pytest.approx(8 * path.stat().st_size / (9 * WIDTH * HEIGHT))
    verified = nervcodec.verify(str(path), str(SAMPLE), VIEW)
    assert verified.frames == 9
    assert verified.psnr_db == pytest.approx(report.psnr_db, abs=1e-4)


def test_frames_are_those_of_a_plain_implementation(grouped: Path, tmp_path: Path) -> None:
    """The filter, then frames level by level with their corrections."""
    ((strength,),) = opened(grouped).header.filters
    assert strength > 0
    own, frames = maps(torch.cat(list(decode_frames(opened(grouped))))), maps(shown(grouped, tmp_path))
    for number, held in enumerate(frames[::4]):
        beside = [
            (own[other], plain_motion.motion_at(own[first][0], own[first + 1][0], at) * (other - number))
            for other, first, at in ((number - 1, number - 1, Fraction(1)), (number + 1, number, Fraction(0)))
            if 0 <= other < len(own)
        ]
        assert beside
        compare(held, plain_motion.filtered(own[number], beside, strength))
    (chunk,) = opened(grouped).layers[0].chunks
    steps, blocks = plain_corrections.decode(chunk.groups[-1], 6, -(-HEIGHT // 8), -(-WIDTH // 8), levels=2)
    assert steps[1] == steps[0] - 1
    for at, before, after, level in ((2, 0, 4, 1), (6, 4, 8, 1), *((at, at - 1, at + 1, 0) for at in (1, 3, 5, 7))):
        pair = (own[before // 4], own[after // 4]) if level else (frames[before], frames[after])
        motion = plain_motion.motion_at(pair[0][0], pair[1][0], HALF)
        correction = plain_corrections.luma(steps[level], blocks, at - 1 - at // 4, HEIGHT, WIDTH)
        luma, *chroma = zip(frames[before], frames[after], strict=True)
        whole = plain_motion.plane_between(*luma, motion, HALF, 255 * correction)
        halved = [plain_motion.plane_between(*plane, plain_motion.halved(motion), HALF) for plane in chroma]
        compare(frames[at], (whole, *halved))


def maps(frames: Tensor) -> list[tuple[plain_motion.Map, ...]]:
    """Planes Y, U and V of packed frames."""
    luma, chroma = (x.long().numpy() for x in planes(frames))
    return [(y[0], u, v) for y, (u, v) in zip(luma, chroma, strict=True)]


def compare(made: tuple[plain_motion.Map, ...], plain: tuple[plain_motion.Map, ...]) -> None:
    """The planes of a frame against those of the plain implementation."""
    for plane, other in zip(made, plain, strict=True):
        difference = np.abs(plane - other)
        assert difference.max() <= 1
        assert (difference > 0).mean() <= 0.001


def test_a_fast_decode_is_not_filtered(grouped: Path, tmp_path: Path) -> None:
    target = tmp_path / "fast.y4m"
    nervcodec.decode(str(grouped), str(target), nervcodec.DecodeOptions(fast=True))
    fast, own = load_planes(str(target), View())[::4], torch.cat(list(decode_frames(opened(grouped))))
    filtered = shown(grouped, tmp_path)[::4]
    assert (fast.int() - own.int()).abs().float().mean() < (filtered.int() - own.int()).abs().float().mean() / 2


def test_a_part_of_a_filtered_segment_is_that_of_the_whole(tmp_path: Path) -> None:
    """Two segments whose frames are all fitted, one of them filtered."""
    path = tmp_path / "a.nerv"
    nervcodec.encode(str(SAMPLE), str(path), replace(OPTIONS, gop=1, segment="5"))
    plain, stream = shown(path, tmp_path), opened(path)
    assert stream.header.filters == ()
    path.write_bytes(write_stream(replace(stream, header=replace(stream.header, filters=((0, 30),)))))
    frames = shown(path, tmp_path)
    first = stream.header.segments[0]
    assert torch.equal(frames[:first], plain[:first])
    assert not any(torch.equal(*pair) for pair in zip(frames[first:], plain[first:], strict=True))
    for start, count in ((first, 1), (first + 1, 2), (8, 1)):
        assert torch.equal(shown(path, tmp_path, start=start, count=count), frames[start : start + count])


def test_a_part_of_a_group_is_that_of_the_whole(grouped: Path, tmp_path: Path) -> None:
    frames = shown(grouped, tmp_path)
    for start, count in ((3, 1), (3, 4), (8, 1)):
        assert torch.equal(shown(grouped, tmp_path, start=start, count=count), frames[start : start + count])
    assert len(shown(grouped, tmp_path, factor=2)) == 18


def test_frames_at_other_times_do_not_depend_on_what_is_made_beside_them(grouped: Path, tmp_path: Path) -> None:
    """Groups of four beside frames that are neighbours, and a filter."""
    stream = opened(grouped)
    positions = Timeline((0, 4, 5), 6)
    changed = replace(stream.header, timeline=positions)
    path = tmp_path / "uneven.nerv"
    (chunk,) = stream.layers[0].chunks
    layer = replace(stream.layers[0], chunks=(replace(chunk, groups=(*chunk.groups[:-1], b"")),))
    path.write_bytes(write_stream(replace(stream, header=changed, layers=(layer,))))
    frames = shown(path, tmp_path, factor=2)
    assert len(frames) == 12
    for start in range(12):
        assert torch.equal(shown(path, tmp_path, factor=2, start=start, count=1), frames[start : start + 1])


def test_a_recipe_without_rate_has_corrections_too(tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    nervcodec.encode(str(SAMPLE), str(path), replace(OPTIONS, recipe="paper", steps=20))
    assert opened(path).layers[0].chunks[0].groups[-1]


def test_missing_pixels_and_groups_go_together(tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    report = nervcodec.encode(str(SAMPLE), str(path), replace(OPTIONS, mask="center:1/4", steps=20))
    assert report.frames == len(shown(path, tmp_path)) == 9
    assert report.masked is not None


def test_no_cut_lies_in_a_group(tmp_path: Path) -> None:
    """Four frames of one scene before three of another."""
    folder = tmp_path / "two scenes"
    for view, first in ((View(stop=4, resize=(64, 48)), 1), (View(first=100, stop=103, resize=(64, 48)), 5)):
        _, clip = load_clip(str(SAMPLE), view)
        clip = clip if first == 1 else 255 - clip
        _write(folder, clip, first)
    assert len(images_in(folder)) == 7
    options = replace(OPTIONS, gop=2, view=View(), segment="none", steps=2)
    nervcodec.encode(str(folder), str(tmp_path / "a.nerv"), options)
    assert opened(tmp_path / "a.nerv").header.times.positions == (0, 2, 3, 4, 6)


def _write(folder: Path, clip: Tensor, first: int) -> None:
    folder.mkdir(exist_ok=True)
    for number, picture in enumerate(clip, first):
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(folder / f"{number}.png")


def test_segments_and_layers_have_groups_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    options = replace(OPTIONS, gop=2, segment="5", layers=2, min_gain=-9, steps=4)
    report = nervcodec.encode(str(SAMPLE), str(path), options)
    header = opened(path).header
    assert (header.segments, header.times.positions) == ((3, 3), (0, 2, 3, 4, 6, 8))
    assert report.frames == 9
    base = nervcodec.decode(str(path), str(tmp_path / "b.y4m"), nervcodec.DecodeOptions(layers=1))
    assert base.frames == 9
    original = load_planes(str(SAMPLE), VIEW)
    psnr = yuv_psnr(load_planes(str(tmp_path / "b.y4m"), View()), original, HEIGHT, WIDTH)
    assert report.layers[0].psnr_db == pytest.approx(psnr, abs=1e-4)


def test_info_says_what_the_file_holds(grouped: Path, nervc: Nervc) -> None:
    record = json.loads(nervc("info", grouped, "--json").stdout)
    assert (record["frames"], record["video_frames"], record["grouped"]) == (3, 9, True)
    said = nervc("info", grouped).stdout.decode()
    assert "9 frames (3 in the file, the others along the motion between them; groups of 4)" in said
    assert f"filtered along the motion, strength {record['filters'][0][0]}, " in said


def test_a_group_needs_a_timeline_and_a_way_that_is_known(grouped: Path) -> None:
    header = opened(grouped).header
    assert read_header(write_header(header)) == header
    with pytest.raises(CorruptStream, match="groups need a timeline"):
        read_header(write_header(replace(header, timeline=None, segments=(9,))))
    assert (header.way, read_header(write_header(replace(header, filters=((255,), (0,))))).filters) == (
        BY_LEVELS,
        ((255,), (0,)),
    )
    with pytest.raises(CorruptStream, match="a group of 65 frames is longer than 64"):
        read_header(write_header(replace(header, segments=(2,), filters=(), timeline=Timeline((0, 65), 66))))
    with pytest.raises(CorruptStream, match="a group lies in two segments"):
        read_header(write_header(replace(header, segments=(1, 2), filters=())))
    with pytest.raises(UnsupportedStream, match="way 3 are not known in version 8"):
        read_header(write_header(header), version=8)
    with pytest.raises(UnsupportedStream, match="way 4"):
        read_way(bytes([4]), header.timeline, header.segments)
    with pytest.raises(CorruptStream, match="3 strengths of the filter for 2 segments"):
        read_header(write_header(replace(header, way=2, segments=(2, 1), filters=((1,), (2,), (3,)))))
    with pytest.raises(UnsupportedStream, match="record 6"):
        read_header(write_header(replace(header, filters=((1,),))), version=7)
    with pytest.raises(UnsupportedStream, match="record 5"):
        read_header(write_header(header), version=6)


def test_groups_and_frames_left_out_exclude_each_other() -> None:
    with pytest.raises(RequestError, match="gop and keep every exclude each other"):
        nervcodec.EncodeOptions(gop=2, keep_every=2)


def test_a_preset_gives_the_frames_of_a_file_more_passes() -> None:
    video = load_clip(str(SAMPLE), View(stop=1))[0]
    steps = {
        gop: plan_recipe(nervcodec.EncodeOptions(preset="fast"), video, 400 // gop, shown=400).steps
        for gop in (1, 2, 4)
    }
    assert steps == {1: 12_000, 2: 8400, 4: 8400}
    assert plan_recipe(nervcodec.EncodeOptions(epochs=10), video, 100, shown=400).steps == 1000


def test_groups_are_chosen_where_nothing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    report = nervcodec.encode(str(SAMPLE), str(path), replace(OPTIONS, gop=None))
    header = opened(path).header
    footage = load_footage(str(SAMPLE), replace(VIEW, domain="yuv420"))
    assert header.times == choose_groups(footage, rate_of_quality(None, groups=True))
    assert header.frames < report.frames == 9
    assert nervcodec.plan(str(SAMPLE), replace(OPTIONS, gop=None)).frames == 9


@pytest.mark.parametrize(
    "chosen", [{"keep_every": 2}, {"recipe": "paper"}, {"model": "ffnerv"}, {"row": "bunny-0.35m"}]
)
def test_papers_and_frames_left_out_have_no_groups(chosen: dict[str, Any]) -> None:
    options = nervcodec.EncodeOptions(**chosen)
    assert not options.chooses_groups
    assert not options.groups
