"""From options to points: the samples that every codec of a run is given."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nervcodec.bench.run.plan import BenchOptions, plan_points
from nervcodec.bench.run.point import run_point
from nervcodec.errors import RequestError
from nervcodec.video.view import View

VIEW = View(stop=2, resize=(96, 64))


def domains(**options: Any) -> list[str]:
    points = plan_points(BenchOptions(**{"dataset": "bunny", "codecs": ("dnerv", "x264"), "view": VIEW, **options}))
    return list(dict.fromkeys(point.view.domain for point in points))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A clip of RGB: two PNGs of noise."""
    noise = np.random.default_rng(0).integers(0, 256, (2, 65, 97, 3), dtype=np.uint8)
    (tmp_path / "noise").mkdir()
    for number, picture in enumerate(noise):
        Image.fromarray(picture).save(tmp_path / "noise" / f"{number}.png")
    return tmp_path


def test_videos_with_planes_are_measured_in_planes(images: Path) -> None:
    assert domains() == ["yuv420"]
    assert domains(domain="rgb") == ["rgb"]
    assert domains(dataset=str(images)) == ["rgb"]
    assert domains(dataset=str(images), domain="yuv420") == ["yuv420"]


def test_models_and_suites_of_rgb_are_measured_in_rgb() -> None:
    assert domains(codecs=("ffnerv", "x264")) == ["rgb"]
    assert domains(codecs=None, suite="quantization", dataset="bunny") == ["rgb"]
    for only_rgb in ({"codecs": ("ffnerv",)}, {"codecs": None, "suite": "quantization"}):
        with pytest.raises(RequestError, match="--domain rgb"):
            domains(domain="yuv420", **only_rgb)


def test_a_grey_video_has_no_planes(tmp_path: Path) -> None:
    (tmp_path / "grey").mkdir()
    Image.fromarray(np.zeros((64, 96), np.uint8)).save(tmp_path / "grey" / "1.png")
    assert domains(dataset=str(tmp_path), view=View()) == ["rgb"]
    with pytest.raises(RequestError, match="grey is grey and has no planes"):
        domains(dataset=str(tmp_path), view=View(), domain="yuv420")


def test_domains_are_points_of_their_own() -> None:
    options: dict[str, Any] = {"dataset": "bunny", "codecs": ("x264",), "view": VIEW}
    keys = [{point.key for point in plan_points(BenchOptions(**options, domain=d))} for d in ("rgb", "yuv420")]
    assert not keys[0] & keys[1]


@pytest.mark.parametrize("codecs", [("x264", "hnerv"), ("x265", "x265:seed", "hevc-single")])
def test_every_codec_is_given_the_same_planes_of_rgb(codecs: Sequence[str], images: Path, tmp_path: Path) -> None:
    options = BenchOptions(
        dataset=str(images), codecs=tuple(codecs), points=1, domain="yuv420", vmaf=False, fitting={"steps": 2}
    )
    records = [run_point(point, tmp_path, lambda share: None) for point in plan_points(options)]
    assert len({record["source_sha256"] for record in records}) == 1
    assert {(record["width"], record["height"]) for record in records} == {(97, 65)}
    for record in records:
        assert record["conversion"].startswith("RGB to 8-bit 4:2:0 by swscale, matrix BT.709, studio range; coded as ")
        assert record["psnr_yuv"] == pytest.approx(np.mean(record["psnr_yuv_frames"]), abs=1e-3)
