"""Planes of YUV 4:2:0 from end to end: when they are fitted, and that all that works in RGB works in them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch import Tensor

import nervcodec
from nervcodec.bitstream.container import Stream, read_stream
from nervcodec.bitstream.format import Header
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.job.survey import choose_domain
from nervcodec.codec.options import EncodeOptions
from nervcodec.errors import RequestError
from nervcodec.models.dnerv.sizing import dnerv_config
from nervcodec.models.domains import for_domain
from nervcodec.models.enhancement.sizing import enhancement_config
from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.networks import build_decoder
from nervcodec.models.sdmn.sizing import sdmn_config
from nervcodec.models.sizing import choose_strides
from nervcodec.picture import BT709, STUDIO, ColourTags, VideoFormat
from nervcodec.timeline import Moment
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames
from tests.codec.clips import ALWAYS_KEPT, encoded, load_planes, small_clip, yuv_psnr

VIDEO = VideoFormat(width=45, height=25, frame_rate=Fraction(25), chroma="420")
OPTIONS = EncodeOptions(view=View(first=60, stop=64, resize=(45, 25)), audio="none", gop=1, size=5000, steps=30)
PLANES = replace(OPTIONS, domain="yuv420")


@pytest.mark.parametrize(
    ("options", "chroma", "domain"),
    [
        (OPTIONS, "420", "yuv420"),
        (OPTIONS, "422", "rgb"),
        (OPTIONS, "444", "rgb"),
        (OPTIONS, "rgb", "rgb"),
        (OPTIONS, "grey", "rgb"),
        (replace(OPTIONS, recipe="paper"), "420", "rgb"),
        (replace(OPTIONS, row="sdmn640-0.75m", size=None), "420", "rgb"),
        (replace(OPTIONS, model="ffnerv"), "420", "rgb"),
        (replace(OPTIONS, embeddings="encoder", difference_source="flow"), "420", "rgb"),
        (replace(OPTIONS, domain="rgb"), "420", "rgb"),
        (PLANES, "422", "yuv420"),
        (PLANES, "rgb", "yuv420"),
        (replace(PLANES, recipe="paper"), "420", "yuv420"),
    ],
)
def test_which_domain_is_chosen(options: EncodeOptions, chroma: Any, domain: str) -> None:
    assert choose_domain(options, replace(VIDEO, chroma=chroma)) == domain


@pytest.mark.parametrize(
    "change",
    [
        {"row": "sdmn640-0.75m", "size": None},
        {"model": "ffnerv"},
        {"embeddings": "encoder", "difference_source": "flow"},
    ],
)
def test_what_is_for_rgb_only_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="are for RGB"):
        replace(PLANES, **change)


def test_grey_has_no_colour_to_halve(tmp_path: Path) -> None:
    path = str(tmp_path / "grey.mkv")
    with write_frames(path, replace(VIDEO, chroma="grey")) as sink:
        sink(np.full((25, 45, 3), 90, np.uint8))
    with pytest.raises(RequestError, match="grey video has no planes"):
        nervcodec.encode(path, str(tmp_path / "a.nerv"), replace(PLANES, view=View()))


@pytest.mark.parametrize("size", [(720, 1280), (1080, 1920), (2160, 3840), (1600, 2560), (25, 46), (7, 3)])
def test_networks_end_a_stage_earlier(size: tuple[int, int]) -> None:
    height, width = size
    assert choose_strides(height, width)[-1] == 2
    grid = (dnerv_config(*size, 9, difference_grid(size))).difference[1:]
    for config in (
        hnerv_config(*size, 9),
        dnerv_config(*size, 9, grid),
        sdmn_config(*size, 9),
        enhancement_config(*size, 9),
    ):
        planar = for_domain("yuv420", config)
        assert [2 * side for side in planar.padded_size] == list(config.padded_size)
        assert planar.content == config.content
        with torch.device("meta"):
            parameters = sum(p.numel() for p in build_decoder(planar).parameters())
        assert planar.parameters == parameters
        assert for_domain("rgb", config) is config


def difference_grid(size: tuple[int, int]) -> tuple[int, int]:
    config = hnerv_config(*size, 9)
    return config.content[1], config.content[2]


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        replace(OPTIONS, model="sdmn", size=20_000, steps=12),
        replace(OPTIONS, model="hnerv", embeddings="encoder", loss="l1-ssim", steps=12),
        replace(OPTIONS, layers=2, min_gain=ALWAYS_KEPT),
        replace(OPTIONS, segment="2"),
        replace(PLANES, recipe="paper", bits=6, steps=12),
    ],
    ids=["dnerv", "sdmn", "encoder", "layers", "segments", "paper"],
)
def test_files_hold_planes(sample: str, tmp_path: Path, options: EncodeOptions) -> None:
    path, target = tmp_path / "a.nerv", tmp_path / "a.mkv"
    report = nervcodec.encode(sample, str(path), options)
    stream = read_stream(path.read_bytes())
    assert (report.domain, stream.header.video.domain) == ("yuv420", "yuv420")
    made, original = torch.cat(list(decode_frames(stream))), load_planes(sample, options.view)
    assert made.shape == original.shape == (4, 6, 13, 23)
    expected = yuv_psnr(made, original, 25, 45)
    assert report.psnr_db == pytest.approx(expected, abs=1e-4)
    assert nervcodec.verify(str(path), sample, options.view).psnr_db == pytest.approx(expected, abs=1e-4)
    assert report.bits_per_pixel == pytest.approx(8 * path.stat().st_size / (4 * 45 * 25))
    nervcodec.decode(str(path), str(target))
    decoded = load_planes(str(target), View())
    width = slice(None, -1)  # what pads an odd side is not written
    assert torch.equal(decoded[:, 4:], made[:, 4:])
    assert torch.equal(decoded[:, :4, :-1, width], made[:, :4, :-1, width])


def test_a_view_that_names_a_domain_does_no_harm(sample: str, tmp_path: Path) -> None:
    options = replace(OPTIONS, domain="rgb", steps=2, view=replace(OPTIONS.view, domain="yuv420"))
    assert nervcodec.encode(sample, str(tmp_path / "a.nerv"), options).domain == "rgb"


def test_a_fit_learns_colour_and_light(sample: str, tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    report = nervcodec.encode(sample, str(path), replace(OPTIONS, steps=150, quality=80.0))
    original = load_planes(sample, OPTIONS.view)
    flat = original.double().mean(dim=(0, 2, 3), keepdim=True).expand_as(original)
    assert report.psnr_db > yuv_psnr(flat, original, 25, 45) + 4


def test_ten_bits_stay_ten_bits(tmp_path: Path) -> None:
    tags = ColourTags(primaries=9, transfer=16, matrix=9, sample_range=STUDIO)
    video, path = replace(VIDEO, depth=10, colour=tags, domain="yuv420"), str(tmp_path / "deep.mkv")
    ramp = np.arange(13 * 23 * 6).reshape(13, 23, 6) % 1024
    with write_frames(path, video) as sink:
        for shift in range(3):
            sink(np.roll(ramp, shift, axis=1).astype(np.int16))
    nervcodec.encode(path, str(tmp_path / "a.nerv"), replace(OPTIONS, view=View()))
    header = read_stream((tmp_path / "a.nerv").read_bytes()).header
    assert header.video == replace(video, frame_rate=header.video.frame_rate)
    nervcodec.decode(str(tmp_path / "a.nerv"), str(tmp_path / "b.mkv"))
    with read_frames(str(tmp_path / "b.mkv"), View(domain="yuv420")) as read:
        assert (read.format.depth, read.format.colour) == (10, tags)


def test_rgb_becomes_yuv_by_bt709_when_it_is_asked_for(tmp_path: Path) -> None:
    clip = small_clip(2)
    data, report = encoded(tmp_path, clip, replace(PLANES, view=View()))
    video = read_stream(data).header.video
    assert (report.domain, video.chroma, video.colour.matrix, video.colour.sample_range) == (
        "yuv420",
        "420",
        BT709,
        STUDIO,
    )


def test_frames_between_move_light_and_colour() -> None:
    """A bright red square on grey moves by four pixels."""
    frames = []
    for left in (8, 12):
        luma, chroma = np.full((48, 64), 60, np.uint8), np.full((24, 32, 2), 128, np.uint8)
        luma[16:32, left : left + 24], chroma[8:16, left // 2 : left // 2 + 12, 1] = 160, 200
        frames.append((luma, chroma))
    video = replace(VIDEO, width=64, height=48, domain="yuv420", colour=ColourTags(matrix=1, sample_range=STUDIO))
    packed = [as_packed(*frame) for frame in frames]
    (made,) = between(packed, video)
    luma, chroma = np.full((48, 64), 60.0), np.full((24, 32), 128.0)
    luma[16:32, 10:34], chroma[8:16, 5:17] = 160, 200
    blended = (packed[0].float() + packed[1].float()) / 2
    wanted = as_packed(luma, np.stack([np.full_like(chroma, 128), chroma], axis=2))
    for channels in (slice(0, 4), slice(5, 6)):
        own, naive = ((x.float() - wanted)[channels].square().mean() for x in (made, blended))
        assert own < naive / 3


def as_packed(luma: Any, chroma: Any) -> Tensor:
    squares = [torch.from_numpy(luma[y::2, x::2].copy()) for y in (0, 1) for x in (0, 1)]
    return torch.stack([*squares, *torch.from_numpy(chroma).permute(2, 0, 1)])


def between(packed: list[Tensor], video: VideoFormat) -> list[Tensor]:
    """The frame in the middle, where a file decodes to these."""
    stream = Stream(header=Header(video=video, segments=(2,)), layers=())
    with patch("nervcodec.codec.decoding.between.decode_frames", lambda *_, **__: iter([torch.stack(packed)])):
        return list(frames_at(stream, [Moment(0, Fraction(1, 2))]))


def test_frames_of_a_file_are_themselves_between_others(sample: str, tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    nervcodec.encode(sample, str(path), OPTIONS)
    stream = read_stream(path.read_bytes())
    own = torch.cat(list(decode_frames(stream)))
    moments = [Moment(n, Fraction(part, 2)) for n in range(3) for part in (0, 1)]
    for way in ("motion", "embedding"):
        made = torch.stack(list(frames_at(stream, moments, way)))
        assert torch.equal(made[::2], own[:3])
        nearest = torch.minimum((made[1::2].int() - own[:3]).abs(), (made[1::2].int() - own[1:]).abs())
        assert nearest.float().mean() < 8
