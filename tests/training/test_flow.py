"""Optical flow in place of differences: what it is, and that nothing but the encoder notices."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

import nervcodec
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.planning import plan_config
from nervcodec.errors import RequestError
from nervcodec.picture import VideoFormat
from nervcodec.samples import from_unit, to_unit
from nervcodec.training.flow import PIXELS, flow_fields
from nervcodec.training.network import Network
from nervcodec.training.recipe import Recipe
from nervcodec.video.view import View

SMALL = EncodeOptions(view=View(stop=3, resize=(60, 34)), size=5_000, steps=10, embeddings="encoder")
FLOW = {"difference_source": "flow"}


def shifted(shifts: list[tuple[int, int]]) -> torch.Tensor:
    """A clip of one smooth random texture, moved by (x, y) pixels from frame to frame."""
    noise = np.random.default_rng(0).normal(size=(96, 128))
    waves = np.hypot(np.fft.fftfreq(96)[:, None], np.fft.fftfreq(128))
    texture = np.fft.ifft2(np.fft.fft2(noise) * np.exp(-((waves * 16) ** 2))).real
    texture = (128 + 100 * texture / np.abs(texture).max()).astype(np.uint8)
    frames = [np.roll(texture, (y, x), axis=(0, 1)) for x, y in shifts]
    return torch.from_numpy(np.stack(frames))[:, None].repeat(1, 3, 1, 1)


def test_the_flow_of_a_moved_picture_is_its_motion() -> None:
    pytest.importorskip("cv2")
    fields = flow_fields(shifted([(0, 0), (3, 1), (3, -1)])).float() * PIXELS
    assert fields.shape == (3, 4, 96, 128)
    middle = fields[:, :, 24:-24, 24:-24].flatten(2).median(dim=2).values
    expected = torch.tensor([[0.0, 0, 3, 1], [-3, -1, 0, -2], [0, 2, 0, 0]])
    torch.testing.assert_close(middle, expected, atol=0.2, rtol=0)
    assert fields[0, :2].abs().max() == fields[2, 2:].abs().max() == 0


def test_the_flow_of_10_bits_is_that_of_8() -> None:
    pytest.importorskip("cv2")
    clip = shifted([(0, 0), (3, 1)])
    deep = from_unit(to_unit(clip), 10)
    assert deep.dtype == torch.int16
    assert torch.equal(flow_fields(deep), flow_fields(clip))


def test_a_fit_with_flow_makes_a_file_like_any_other(sample: str, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    path, frames = tmp_path / "a.nerv", tmp_path / "a.mkv"
    report = nervcodec.encode(sample, str(path), EncodeOptions(**{**vars(SMALL), **FLOW, "recipe": "paper"}))
    nervcodec.decode(str(path), str(frames))
    assert report.steps == 10
    assert frames.stat().st_size > 0


def test_only_the_difference_embedding_follows_the_flow() -> None:
    pytest.importorskip("cv2")
    clip, config = (
        shifted([(0, 0), (3, 1)]),
        plan_config(SMALL, VideoFormat(width=128, height=96, frame_rate=Fraction(25)), 2),
    )
    recipe = Recipe(steps=1, embeddings="encoder", difference_source="flow", reduced_precision=False)
    network = Network(clip, config, recipe, torch.Generator())
    made = [network.encode(torch.tensor([0]))]
    assert network.flow is not None
    network.flow.neg_()
    made.append(network.encode(torch.tensor([0])))
    assert torch.equal(made[0]["content"], made[1]["content"])
    assert not torch.equal(made[0]["difference"], made[1]["difference"])
    network.settle()
    assert network.flow is None


def test_without_opencv_a_fit_with_flow_says_so(sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(RequestError, match="nervcodec\\[flow\\]"):
        nervcodec.encode(sample, str(tmp_path / "a.nerv"), EncodeOptions(**{**vars(SMALL), **FLOW}))


@pytest.mark.parametrize(
    "other", [{"embeddings": "free"}, {"model": "hnerv"}, {"model": "sdmn"}, {"size": None, "row": "sdmn480-3m"}]
)
def test_flow_is_for_the_encoder_of_dnerv(other: dict[str, object]) -> None:
    with pytest.raises(RequestError, match=r"of DNeRV: choose --(model dnerv|embeddings encoder)"):
        EncodeOptions(**{**vars(SMALL), **FLOW, **other})
