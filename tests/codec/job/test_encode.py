from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

import nervcodec
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.footage import load_clip
from nervcodec.codec.segment.planning import default_weights, plan_config, plan_recipe, rate_of_quality
from nervcodec.codec.stream.assembly import plan_header
from nervcodec.codec.stream.layers import layer_configs
from nervcodec.codec.stream.payload import decoder_state, unpack
from nervcodec.errors import OutputError, RequestError, ResourceError, VideoError
from nervcodec.models.dnerv.config import DNeRVConfig
from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from tests.codec.clips import load_planes, yuv_psnr

SMALL = EncodeOptions(view=View(stop=4, resize=(60, 34)), audio="none", size=5_000, steps=40, model="dnerv")
PAST_THE_END = 500
"""Number of a frame after the last frame of the sample."""
TOO_MANY_COPIES = 10**5
"""Copies of a clip that no memory holds."""


def independent_psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    """Mean over frames, from the definition, in float64."""
    errors = ((a.double() - b.double()) ** 2).mean(dim=(1, 2, 3))
    return float((10 * torch.log10(255**2 / errors)).mean())


@pytest.mark.parametrize(("model", "domain"), [("hnerv", "rgb"), ("dnerv", "rgb"), ("dnerv", "yuv420")])
def test_the_report_is_what_the_decoder_makes_of_the_file(sample: str, tmp_path: Path, model: Any, domain: Any) -> None:
    options = replace(SMALL, model=model, domain=domain, size=50_000, view=View(stop=3, resize=(181, 162)))
    path, frames = tmp_path / "a.nerv", tmp_path / "a.mkv"
    report = nervcodec.encode(sample, str(path), options)
    assert report.file_bytes == path.stat().st_size
    assert report.bits_per_pixel == pytest.approx(8 * path.stat().st_size / (181 * 162 * 3))
    nervcodec.decode(str(path), str(frames))
    if domain == "rgb":
        expected = independent_psnr(load_clip(str(frames), View())[1], load_clip(sample, options.view)[1])
    else:
        expected = yuv_psnr(load_planes(str(frames), View()), load_planes(sample, options.view), 162, 181)
    assert report.psnr_db == pytest.approx(expected, abs=1e-4)
    assert report.ms_ssim is not None
    assert 0 < report.ms_ssim < 1


def test_ffnerv_with_the_papers_recipe(sample: str, tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    report = nervcodec.encode(sample, str(path), replace(SMALL, model="ffnerv", recipe="paper"))
    decoded = torch.cat(list(decode_frames(read_stream(path.read_bytes()))))
    _, original = load_clip(sample, SMALL.view)
    assert report.psnr_db == pytest.approx(independent_psnr(decoded, original), abs=0.01)


def test_the_same_seed_gives_the_same_bytes(sample: str, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.nerv", "b.nerv", "c.nerv")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        nervcodec.encode(sample, str(path), replace(SMALL, seed=seed))
    a, b, c = (path.read_bytes() for path in paths)
    assert a == b
    assert a != c


def test_two_thread_counts_decode_the_same_picture(encoded: Path) -> None:
    stream = read_stream(encoded.read_bytes())
    frames = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        frames.append(torch.cat(list(decode_frames(stream))).int())
    difference = (frames[0] - frames[1]).abs()
    assert difference.max() <= 1
    assert (difference > 0).float().mean() <= 0.001


def test_colour_and_rate_go_through(sample: str, encoded: Path) -> None:
    with read_frames(sample) as video:
        stream = read_stream(encoded.read_bytes())
        shown = replace(video.format, width=150, height=75, sample_aspect=Fraction(8, 9), domain="yuv420")
        assert stream.header.video == shown


def test_pruned_weights_are_zero_on_the_wire(sample: str, tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    sizes, zeros = [], []
    for prune in (0.0, 0.4):
        nervcodec.encode(sample, str(path), replace(SMALL, recipe="paper", prune=prune), overwrite=True)
        sizes.append(path.stat().st_size)
        stream = read_stream(path.read_bytes())
        ((config,),), (layer,) = layer_configs(stream), stream.layers
        weights = [
            w.flatten()
            for w in decoder_state(config, unpack(config, layer.chunks[0].groups, 4), 4).weights.values()
            if w.ndim > 1
        ]
        zeros.append(float((torch.cat(weights) == 0).float().mean()))
    assert zeros[0] < 0.2
    assert zeros[1] >= 0.399
    assert sizes[1] < 0.9 * sizes[0]


def test_nothing_is_lost_and_nothing_half_written(sample: str, tmp_path: Path) -> None:
    path = tmp_path / "a.nerv"
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists"):
        nervcodec.encode(sample, str(path), SMALL)
    with pytest.raises(VideoError):
        nervcodec.encode("nothing.mp4", str(path), SMALL, overwrite=True)
    with pytest.raises(VideoError, match="no frame"):
        nervcodec.encode(sample, str(path), replace(SMALL, view=View(first=PAST_THE_END)), overwrite=True)
    with pytest.raises(RequestError, match="itself"):
        nervcodec.encode(str(path), str(path), SMALL, overwrite=True)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_clip_larger_than_memory_is_refused(sample: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nervcodec.codec.segment.footage.COPIES", TOO_MANY_COPIES)
    with pytest.raises(ResourceError, match="a clip of 1 frames or more needs"):
        load_clip(sample, View())


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "vvc"},
        {"preset": "ultra"},
        {"row": "none"},
        {"optimizer": "sgd"},
        {"bits": 1, "recipe": "paper"},
        {"bits": 6},
        {"quality": 101},
        {"quality": 50, "recipe": "paper"},
        {"epochs": float("nan")},
        {"steps": 5, "epochs": 5.0},
        {"row": "bunny-3m", "size": 9},
        {"model": "hnerv", "difference_grid": (2, 4)},
        {"model": "hnerv", "row": "sdmn640-0.75m"},
        {"model": "sdmn", "row": "bunny-3m"},
        {"model": "dnerv", "latent": "seeded"},
        {"model": "hnerv", "coupling": "additive"},
        {"model": "ffnerv", "embeddings": "encoder"},
        {"layers": 0},
        {"layers": 17},
    ],
)
def test_contradictory_options(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        EncodeOptions(**wrong)


def test_plans(sample: str) -> None:
    with read_frames(sample, View(crop=(1280, 640))) as video:
        bunny = video.format
    config = plan_config(EncodeOptions(row="bunny-0.35m"), bunny, 132)
    assert isinstance(config, DNeRVConfig)
    assert config.parameters == pytest.approx(300_100, abs=50)
    for recipe, grid in (("paper", (2, 10, 20)), ("rate", (4, 40, 80))):
        config = plan_config(EncodeOptions(size=350_000, recipe=recipe), bunny, 132)  # type: ignore[arg-type]
        assert isinstance(config, DNeRVConfig)
        assert config.parameters == pytest.approx(350_000, rel=0.03)
        assert config.difference == grid
    config = plan_config(EncodeOptions(size=350_000, difference_grid=(40, 80)), bunny, 132)
    assert config.embeddings["difference"] == (4, 40, 80)
    by_paper: list[dict[str, Any]] = [{"recipe": "paper"}, {"embeddings": "encoder"}]
    for chosen, fine, taps in (*((c, (1, 8, 16), (1, 2)) for c in by_paper), ({}, (4, 40, 80), (1, 3))):
        config = plan_config(EncodeOptions(model="sdmn", size=350_000, **chosen), bunny, 132)
        assert isinstance(config, SDMNConfig)
        assert (config.coarse, config.fine, config.taps) == ((1, 4, 8), fine, taps)
    with pytest.raises(RequestError, match="1920x960"):
        plan_config(EncodeOptions(row="uvg960-3m"), bunny, 132)
    with pytest.raises(RequestError, match="l1-ms-ssim needs pictures"):
        plan_recipe(EncodeOptions(loss="l1-ms-ssim"), replace(bunny, height=160), 132)
    assert plan_recipe(EncodeOptions(epochs=2.5, batch=2), bunny, 132).steps == 165
    assert plan_recipe(EncodeOptions(steps=7), bunny, 132).steps == 7
    with pytest.raises(RequestError, match="cannot hold"):
        plan_header(replace(bunny, width=16_400, height=16), 1)
    with pytest.raises(RequestError, match="cannot hold"):
        plan_header(bunny, 1 << 20, config)
    paper = EncodeOptions(recipe="paper")
    assert [default_weights(paper, n) for n in (1, 10**8, 10**12)] == [100_000, 375_000, 3_000_000]


def test_quality_and_length_choose_size_and_rate() -> None:
    assert [rate_of_quality(q) for q in (None, 40, 60)] == pytest.approx([0.04, 0.08, 0.02])
    sizes = [default_weights(EncodeOptions(), 27_000_000, rate_of_quality(q)) for q in (40, 50, 60)]
    assert sizes == pytest.approx([119_693, 190_000, 301_606], rel=1e-3)
    assert default_weights(EncodeOptions(), 8 * 27_000_000) == pytest.approx(4 * 190_000, rel=1e-3)
