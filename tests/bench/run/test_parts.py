"""Figures of a point over frames and pixels that its fit has not seen."""

import pytest
import torch
from torch import Tensor

from nervcodec.bench.codecs.material import Coded, Material
from nervcodec.bench.codecs.networks import NetworkCodec
from nervcodec.bench.run.parts import Parts, measure_parts
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.segment.footage import load_clip
from nervcodec.video.view import View
from tests.codec.clips import mean_psnr
from tests.conftest import SAMPLE

VIEW = View(stop=7, resize=(46, 25))
SETTING = {"model": "hnerv", "size": 3000, "steps": 60, "quality": 95.0}
KEPT, MISSING = [0, 2, 4, 6], [1, 3, 5]


def measured(setting: dict[str, object]) -> tuple[Parts, Coded, Tensor, Tensor]:
    """Figures over portions of the clip, stream, decoded clip, and original."""
    material = Material(str(SAMPLE), VIEW, *load_clip(str(SAMPLE), VIEW))
    codec = NetworkCodec()
    coded = codec.encode(material, setting)
    decoded = codec.decode(material, coded)
    return measure_parts(codec, coded, decoded, material, setting), coded, decoded, material.clip


@pytest.fixture(scope="module")
def interpolated() -> tuple[Parts, Coded, Tensor, Tensor]:
    return measured({**SETTING, "keep_every": 2})


def test_frames_seen_and_unseen_are_those_of_the_decoded_clip(
    interpolated: tuple[Parts, Coded, Tensor, Tensor],
) -> None:
    parts, coded, decoded, clip = interpolated
    assert decoded.shape == clip.shape
    for name, frames in (("seen", KEPT), ("blind", MISSING)):
        assert parts[name]["psnr"] == pytest.approx(mean_psnr(decoded[frames].int() - clip[frames].int()), abs=1e-4)
    assert "--keep-every 2" in coded.command
    stream = read_stream(coded.data)
    linear = torch.stack(list(frames_at(stream, tuple(stream.header.times.moments(MISSING)), "embedding")))
    assert parts["linear"]["psnr"] == pytest.approx(mean_psnr(linear.int() - clip[MISSING].int()), abs=1e-4)
    assert (parts["assisted"]["bytes"] or 0) > len(coded.data)


def test_baselines_are_made_of_the_seen_frames_alone(interpolated: tuple[Parts, Coded, Tensor, Tensor]) -> None:
    parts, _, decoded, clip = interpolated
    for name, frames in (("decoded", decoded[KEPT]), ("originals", clip[KEPT])):
        means = (frames[:-1].double() + frames[1:]) / 2
        found = parts[f"average of {name}"]["psnr"]
        assert found == pytest.approx(mean_psnr(means - clip[MISSING]), abs=0.05)  # our averages are rounded
        assert f"minterpolate of {name}" not in parts  # these pictures are too small for it
    assert parts["average of originals"]["bytes"] is None


def test_models_without_embeddings_of_frames_are_not_assisted() -> None:
    parts = measured({"model": "ffnerv", "size": 15_000, "steps": 5, "keep_every": 2})[0]
    assert "blind" in parts
    assert "assisted" not in parts


def test_masked_pixels_and_composites() -> None:
    parts, coded, decoded, clip = measured({**SETTING, "mask": "boxes:1x10"})
    assert "--mask boxes:1x10" in coded.command
    difference = decoded.int() - clip.int()
    hidden = torch.zeros(25, 46, dtype=torch.bool)
    hidden[7:17, 18:28] = True
    assert parts["masked"]["psnr"] == pytest.approx(mean_psnr(difference[..., hidden]), abs=1e-4)
    assert parts["seen"]["psnr"] == pytest.approx(mean_psnr(difference[..., ~hidden]), abs=1e-4)
    assert parts["whole"]["psnr"] == pytest.approx(mean_psnr(difference), abs=1e-4)
    assert parts["composite"]["psnr"] == pytest.approx(mean_psnr(difference * hidden), abs=1e-4)


def test_clips_too_short_to_leave_something_out_have_no_parts() -> None:
    view = View(stop=2, resize=(46, 25))
    material, setting = Material(str(SAMPLE), view, *load_clip(str(SAMPLE), view)), {**SETTING, "keep_every": 2}
    coded = NetworkCodec().encode(material, setting)
    assert measure_parts(NetworkCodec(), coded, material.clip, material, setting) == {}


def test_other_points_have_no_parts() -> None:
    assert measured({**SETTING, "steps": 5})[0] == {}
