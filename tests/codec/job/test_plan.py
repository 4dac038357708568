"""What an encode will take is known before it is begun, and what cannot be is said then."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import nervcodec
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.planning import quality_of_size
from nervcodec.codec.stream.layers import layer_configs
from nervcodec.errors import OutputError, RequestError, ResourceError
from nervcodec.video.view import View
from tests.codec.clips import ALWAYS_KEPT

OPTIONS = EncodeOptions(view=View(stop=6, resize=(46, 25)), model="hnerv", steps=4, segment="3", audio="none", gop=1)


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        replace(OPTIONS, layers=2, min_gain=ALWAYS_KEPT),
        replace(OPTIONS, keep_every=2),
    ],
)
def test_the_plan_is_what_is_done(sample: str, tmp_path: Path, options: EncodeOptions) -> None:
    forecast = nervcodec.plan(sample, options)
    path = tmp_path / "a.nerv"
    report = nervcodec.encode(sample, str(path), options)
    stream = read_stream(path.read_bytes())
    assert [(made.start, made.stop, made.follows) for made in forecast.segments] == [(0, 3, False), (3, 6, True)]
    assert sum(made.steps for made in forecast.segments) == report.steps
    assert sum(made.parameters for made in forecast.segments) == report.parameters
    assert (forecast.frames, forecast.layers) == (6, len(layer_configs(stream)))
    assert forecast.video == stream.header.video
    assert forecast.expected_seconds > 0
    assert not list(tmp_path.glob("*.job"))


def test_sizes_that_are_asked_for_and_those_that_are_likely(sample: str) -> None:
    assert nervcodec.plan(sample, replace(OPTIONS, target=nervcodec.Target("bytes", 9000))).expected_bytes == 9000
    bpp = replace(OPTIONS, target=nervcodec.Target("bpp", 2.0))
    assert nervcodec.plan(sample, bpp).expected_bytes == 2 * 6 * 46 * 25 // 8
    assert nervcodec.plan(sample, replace(OPTIONS, target=nervcodec.Target("psnr", 30.0))).expected_bytes is None
    fine, coarse = (nervcodec.plan(sample, replace(OPTIONS, quality=q)).expected_bytes for q in (80.0, 65.0))
    assert fine is not None
    assert coarse is not None
    assert fine == pytest.approx(2 * coarse, rel=0.01)


def test_networks_for_a_size_are_those_of_the_quality_that_is_likely_for_it(sample: str) -> None:
    larger = replace(OPTIONS, view=View(stop=6, resize=(240, 134)))
    asked = [nervcodec.Target("bpp", 0.5), nervcodec.Target("bytes", 6 * 240 * 134 * 0.5 / 8)]
    plans = [nervcodec.plan(sample, replace(larger, target=target)) for target in asked]
    plans.append(nervcodec.plan(sample, replace(larger, quality=quality_of_size(0.5))))
    weights = {tuple(made.parameters for made in forecast.segments) for forecast in plans}
    assert len(weights) == 1
    assert weights != {tuple(made.parameters for made in nervcodec.plan(sample, larger).segments)}


def test_what_no_memory_holds_is_refused_before_the_work(
    sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PHYS_PAGES": 1 << 16, "SC_PAGE_SIZE": 1 << 12}[name])
    for make in (
        lambda: nervcodec.plan(sample, OPTIONS),
        lambda: nervcodec.encode(sample, str(tmp_path / "a.nerv"), OPTIONS),
    ):
        with pytest.raises(ResourceError, match="fitting 3 frames of 46x25 at a time needs about"):
            make()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_noticed_before_the_work(sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(OutputError, match=r"a\.nerv\.job: about \d+ MB are needed, 0 are free"):
        nervcodec.encode(sample, str(tmp_path / "a.nerv"), OPTIONS)
    assert not list(tmp_path.iterdir())


def test_sound_leaves_room_for_pictures(sample: str, tmp_path: Path) -> None:
    small = replace(OPTIONS, audio="copy", target=nervcodec.Target("bytes", 2000))
    with pytest.raises(RequestError, match=r"\d+ of 2000 bytes are sound"):
        nervcodec.encode(sample, str(tmp_path / "a.nerv"), small)
    assert not list(tmp_path.iterdir())
