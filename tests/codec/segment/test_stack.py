"""Layers upon layers: each is fitted to what the decoder makes of those below, and pays for its bits or stays away."""

from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import nervcodec
from nervcodec.bitstream.container import layer_ends, read_stream, write_stream
from nervcodec.bitstream.layer import Chunk
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment import stack as stacking
from nervcodec.codec.segment.footage import load_clip
from nervcodec.codec.segment.planning import layer_quality, plan_config, plan_enhancement
from nervcodec.codec.stream.assembly import make_layer
from nervcodec.codec.stream.layers import layer_configs
from nervcodec.codec.stream.payload import pack
from nervcodec.codec.stream.schema import layer_schema
from nervcodec.errors import BitstreamError, UnsupportedStream
from nervcodec.events import Event, FitStarted, LayerDropped
from nervcodec.models.domains import for_domain
from nervcodec.models.enhancement.sizing import enhancement_config
from nervcodec.quantization import QuantizedTensor
from nervcodec.training.fit import fit
from nervcodec.video.view import View
from tests.codec.clips import ALWAYS_KEPT, load_planes, yuv_psnr

SMALL = EncodeOptions(view=View(stop=4, resize=(60, 34)), audio="none", gop=1, size=5_000, steps=40)
NEVER_KEPT = 50.0
"""Decibels as a least gain that no enhancement layer reaches."""


def frames_of(data: bytes, layers: int | None = None) -> Tensor:
    return torch.cat(list(decode_frames(read_stream(data, layers))))


def test_every_layer_is_what_the_report_says(layered: tuple[Path, dict[str, Any]], sample: str) -> None:
    path, report = layered
    data = path.read_bytes()
    clip = load_planes(sample, View(stop=4, resize=(150, 75)))
    assert len(report["layers"]) == 3
    for number, (layer, end) in enumerate(zip(report["layers"], layer_ends(data), strict=True), 1):
        assert layer["bytes"] == end
        assert layer["psnr"] == pytest.approx(yuv_psnr(frames_of(data, number), clip, 75, 150), abs=1e-4)
        assert torch.equal(frames_of(data, number), frames_of(data[:end]))
    gains = np.diff([layer["psnr"] for layer in report["layers"]])
    assert (gains > 0.5).all()
    assert (report["psnr"], report["bytes"]) == (report["layers"][2]["psnr"], len(data))


def test_a_layer_is_fitted_on_what_those_below_decode_to(
    sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Tensor | None] = []

    def spy(*arguments: Any) -> Any:
        seen.append(arguments[4].below)
        return fit(*arguments)

    monkeypatch.setattr("nervcodec.codec.segment.stack.fit", spy)
    path = tmp_path / "a.nerv"
    nervcodec.encode(sample, str(path), replace(SMALL, layers=3, min_gain=ALWAYS_KEPT))
    data = path.read_bytes()
    assert seen[0] is None
    for number, below in enumerate(seen[1:], 1):
        assert below is not None
        assert torch.equal(below, frames_of(data, number))


def test_a_layer_that_does_not_pay_is_not_written_and_says_so(sample: str, tmp_path: Path) -> None:
    events: list[Event] = []
    path, alone = tmp_path / "a.nerv", tmp_path / "b.nerv"
    report = nervcodec.encode(sample, str(path), replace(SMALL, layers=3, min_gain=NEVER_KEPT), observe=events.append)
    (dropped,) = [event for event in events if isinstance(event, LayerDropped)]
    assert (dropped.layer, len(report.layers)) == (2, 1)
    assert dropped.layer_bytes > 0
    assert [event.layer for event in events if isinstance(event, FitStarted)] == [1, 2]
    assert len(read_stream(path.read_bytes()).layers) == 1
    quality = layer_quality(None, 3, 1)
    nervcodec.encode(sample, str(alone), replace(SMALL, quality=quality))
    assert alone.read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_a_target_size_is_that_of_all_layers(sample: str, tmp_path: Path) -> None:
    options = EncodeOptions(
        view=View(stop=8, resize=(96, 64)),
        audio="none",
        steps=300,
        layers=2,
        target=nervcodec.Target("bytes", 8_000),
        min_gain=ALWAYS_KEPT,
        model="hnerv",
        size=40_000,
    )
    report = nervcodec.encode(sample, str(tmp_path / "a.nerv"), options)
    assert report.file_bytes == pytest.approx(8_000, rel=0.03)
    assert 2_000 < report.layers[0].file_bytes < 6_000


@pytest.mark.parametrize("model", ["hnerv", "dnerv", "sdmn"])
def test_sizes_of_enhancement_networks(model: Any, sample: str) -> None:
    video, clip = load_clip(sample, View(stop=2))
    given = EncodeOptions(model=model, size=600_000)
    base = plan_config(given, video, len(clip))
    assert plan_enhancement(given, base, video, len(clip)).parameters == pytest.approx(300_000, rel=0.1)


def test_the_paper_recipe_has_layers_too(sample: str, tmp_path: Path) -> None:
    options = replace(SMALL, recipe="paper", model="sdmn", layers=2, size=20_000, min_gain=ALWAYS_KEPT)
    report = nervcodec.encode(sample, str(tmp_path / "a.nerv"), options)
    assert len(report.layers) == 2
    assert report.parameters == sum(layer.parameters for layer in report.layers)


def test_a_layer_of_zeros_changes_no_sample(encoded: Path) -> None:
    stream = read_stream(encoded.read_bytes())
    config = for_domain("yuv420", enhancement_config(75, 150, 9))
    tensors = {
        spec.name: QuantizedTensor(np.ones(spec.shape, np.int32) * (spec.name != "head.weight"), (192,))
        for group in layer_schema(config, 6)
        for spec in group
        if spec.name != "head.bias"
    } | {"head.bias": QuantizedTensor(np.zeros(6, np.int32), (192,))}
    two = replace(stream, layers=(*stream.layers, make_layer(config, Chunk(pack(config, tensors)))))
    assert torch.equal(frames_of(write_stream(two)), frames_of(encoded.read_bytes()))


def test_networks_out_of_place_are_refused(layered: tuple[Path, dict[str, Any]]) -> None:
    stream = read_stream(layered[0].read_bytes())
    base, second, _ = stream.layers
    for layers, sentence in (((second,), "^layer 1: .*een"), ((base, base), "^layer 2: .*sdmn.*--layers 1")):
        with pytest.raises(UnsupportedStream, match=sentence):
            layer_configs(replace(stream, layers=layers))


def test_forged_enhancements_with_valid_checksums_do_no_harm(layered: tuple[Path, dict[str, Any]]) -> None:
    stream = read_stream(layered[0].read_bytes())
    rng, refused = np.random.default_rng(0), 0
    base, second, _ = stream.layers
    for _ in range(60):
        config = list(second.configs[0])
        config[rng.integers(len(config))] = int(rng.choice([0, 1, 2, 7, 255, 5000, 2**20, 2**34]))
        groups = [bytearray(group) for group in second.chunks[0].groups]
        victim = groups[rng.integers(len(groups))]
        victim[rng.integers(min(len(victim), 40))] = rng.integers(256)
        for forged in (
            replace(second, configs=(tuple(config),)),
            replace(second, chunks=(Chunk(tuple(map(bytes, groups))),)),
        ):
            try:
                frames = frames_of(write_stream(replace(stream, layers=(base, forged))))
                assert frames.shape == (4, 6, 38, 75)
            except BitstreamError:
                refused += 1
    assert refused > 40


def test_layers_lie_closer_where_there_is_little_quality() -> None:
    assert [layer_quality(None, 3, number) for number in (1, 2, 3)] == [20, 35, 50]
    assert [layer_quality(10, 3, number) for number in (1, 2, 3)] == [0, 5, 10]
    assert layer_quality(0, 1, 1) == 0


@pytest.mark.slow
def test_a_size_is_reached_even_if_layers_do_not_pay(sample: str, tmp_path: Path) -> None:
    small = {"view": View(stop=6, resize=(72, 48)), "audio": "none", "steps": 200, "model": "hnerv", "size": 8_000}
    options = EncodeOptions(**small, layers=2, target=nervcodec.Target("bytes", 2_500), min_gain=NEVER_KEPT)  # type: ignore[arg-type]
    report = nervcodec.encode(sample, str(tmp_path / "a.nerv"), options)
    assert len(report.layers) == 1
    assert report.file_bytes == pytest.approx(2_500, rel=0.03)


def test_a_time_limit_becomes_as_many_steps_as_it_has_room_for(
    sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacking, "time_fit", lambda *_: (0.5, 2.0))  # a step, and all besides the steps
    options = replace(SMALL, steps=None, time_limit=60.0)
    begun = monotonic()
    report = nervcodec.encode(sample, str(tmp_path / "a.nerv"), options)
    planned = (stacking.TIME_SHARE * 60.0 - 2.0) / 0.5 - stacking.MEASURING_STEPS * 4
    assert planned - (monotonic() - begun) / 0.5 <= report.steps <= planned
