"""Graphs of networks of any weights: those that a fit leaves are often near zero, and would hide what they are for."""

from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from nervcodec.bitstream.container import Stream, read_stream, write_stream
from nervcodec.bitstream.layer import Chunk, Layer
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.stream.assembly import make_layer, plan_header
from nervcodec.codec.stream.payload import pack
from nervcodec.codec.stream.schema import layer_schema
from nervcodec.export.networks import DECODERS
from nervcodec.export.onnx import export_onnx
from nervcodec.models.catalogue import MODELS
from nervcodec.models.config import PyramidConfig
from nervcodec.models.dnerv.config import DNeRVConfig
from nervcodec.models.enhancement.config import EnhancementConfig
from nervcodec.models.ffnerv.config import FFNeRVConfig
from nervcodec.models.hnerv.config import HNeRVConfig
from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.picture import VideoFormat
from nervcodec.quantization import quantize

FRAMES = 7
FINE = 192 - 8 * 8
"""Index of the step 2^-8."""
VIDEO = VideoFormat(width=21, height=11, frame_rate=Fraction(25))
PYRAMID: dict[str, Any] = {
    "content": (4, 2, 3),
    "strides": (2, 1, 2, 2),
    "widths": (9, 8, 7, 6, 5),
    "kernels": (1, 3, 5, 3),
}
SKIPS: dict[str, Any] = {"coarse": (2, 3, 5), "fine": (3, 5, 9), "skip_channels": 6, "growth": 3}
NETWORKS: dict[str, tuple[PyramidConfig, ...]] = {
    "hnerv": (HNeRVConfig(**PYRAMID),),
    "dnerv": (
        DNeRVConfig(**PYRAMID, difference=(2, 4, 6), difference_strides=(1, 2), difference_kernel=3, gate_kernel=5),
    ),
    "sdmn affine": (SDMNConfig(**PYRAMID, **SKIPS, taps=(0, 2), couplings=3, affine=1, latent=(5, 255)),),
    "sdmn additive": (SDMNConfig(**PYRAMID, **SKIPS, taps=(1, 4), couplings=2, affine=0),),
    "ffnerv after the stem": (FFNeRVConfig(**PYRAMID, spans=(2, 3), reach=3, flow_stage=0),),
    "ffnerv at the end": (FFNeRVConfig(**PYRAMID, spans=(), reach=1, flow_stage=4),),
    "een at the stem": (HNeRVConfig(**PYRAMID), EnhancementConfig(**PYRAMID, join=0)),
    "een at the end": (FFNeRVConfig(**PYRAMID, spans=(), reach=2, flow_stage=2), EnhancementConfig(**PYRAMID, join=4)),
}


def random_layer(config: PyramidConfig) -> Layer:
    """A layer whose maps have about the same magnitude from the first to the last."""
    tensors = {}
    for spec in (spec for group in layer_schema(config, FRAMES) for spec in group):
        scale = 1.0 if spec.temporal else 1.5 / max(prod(spec.shape[1:]), 4) ** 0.5
        tensors[spec.name] = quantize(scale * torch.randn(spec.shape), (FINE,))
    return make_layer(config, Chunk(pack(config, tensors)))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_graph_makes_what_its_decoder_makes(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    configs = NETWORKS[name]
    layers = tuple(map(random_layer, configs))
    path = tmp_path / "a.nerv"
    path.write_bytes(write_stream(Stream(header=plan_header(VIDEO, FRAMES, *configs), layers=layers)))
    decoded = torch.cat(list(decode_frames(read_stream(path.read_bytes()), device="cpu"))).int().numpy()
    assert decoded.std() > 10

    export_onnx(str(path), str(tmp_path / "a.onnx"))
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    (frames,) = session.run(["frames"], dict(np.load(tmp_path / "a.npz")))
    differences = np.abs(np.rint(255 * frames).astype(int) - decoded)
    assert differences.max() <= 1
    assert (differences > 0).mean() <= 0.001


def test_each_model_has_a_graph() -> None:
    assert set(DECODERS) == {model.config for model in MODELS.values()}
    assert set(DECODERS) == {type(config) for configs in NETWORKS.values() for config in configs}
