"""Whatever happens to a file, the answer is a typed error or the same frames; never a traceback, never silence."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nervcodec
from nervcodec.bitstream.container import Stream, read_stream, write_stream
from nervcodec.bitstream.format import Header
from nervcodec.bitstream.layer import Chunk, Layer
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.stream.assembly import make_layer, plan_header, stream_bytes
from nervcodec.codec.stream.schema import layer_schema
from nervcodec.errors import BitstreamError, ResourceError, UnsupportedStream
from nervcodec.models.config import PyramidConfig
from nervcodec.models.enhancement.config import EnhancementConfig
from nervcodec.models.ffnerv.config import FFNeRVConfig
from nervcodec.models.hnerv.config import HNeRVConfig
from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.picture import VideoFormat
from nervcodec.quantization import QuantizedTensor
from nervcodec.video.view import View
from tests.bitstream.old import write_old
from tests.golden.make import FOLDER

RNG = np.random.default_rng(0)
UNKNOWN_MODEL = 250
"""Number of a model that no version of the format has."""


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory, sample: str) -> Path:
    """The fixture `encoded` at 8 bits a value: whatever decodes from it wrongly shows."""
    path = tmp_path_factory.mktemp("dense") / "small.nerv"
    view = View(stop=6, resize=(150, 75))
    options = nervcodec.EncodeOptions(view=view, size=9_000, steps=120, seed=3, recipe="paper", prune=0.0)
    nervcodec.encode(sample, str(path), options)
    return path


def outcome(data: bytes) -> torch.Tensor | None:
    """The frames of a file, or None where it is refused as it should be."""
    try:
        return torch.cat(list(decode_frames(read_stream(data))))
    except BitstreamError:
        return None


def test_every_cut_is_refused(encoded: Path) -> None:
    data = encoded.read_bytes()
    assert all(outcome(data[:size]) is None for size in range(len(data)))


def test_every_changed_byte_is_refused(encoded: Path) -> None:
    data = encoded.read_bytes()
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= int(RNG.integers(1, 256))
        assert outcome(bytes(damaged)) is None, position


def test_forged_groups_with_valid_checksums_do_no_harm(encoded: Path) -> None:
    stream = read_stream(encoded.read_bytes())
    (chunk,) = stream.layers[0].chunks
    refused = 0
    for _ in range(150):
        forged = [bytearray(group) for group in chunk.groups]
        victim = forged[RNG.integers(len(forged))]
        for _ in range(RNG.integers(1, 4)):
            victim[RNG.integers(min(len(victim), 40))] = RNG.integers(256)
        layer = replace(stream.layers[0], chunks=(Chunk(tuple(map(bytes, forged))),))
        frames = outcome(write_stream(replace(stream, layers=(layer,))))
        refused += frames is None
        assert frames is None or frames.shape == (6, 6, 38, 75)
    assert refused > 10


def test_forged_descriptions_with_valid_checksums_do_no_harm(encoded: Path) -> None:
    stream = read_stream(encoded.read_bytes())
    refused = 0
    for _ in range(300):
        config = list(stream.layers[0].configs[0])
        config[RNG.integers(len(config))] = int(RNG.choice([0, 1, 2, 7, 255, 5000, 2**20, 2**34]))
        layer = replace(stream.layers[0], configs=(tuple(config),))
        frames = outcome(write_stream(replace(stream, layers=(layer,))))
        refused += frames is None
        assert frames is None or frames.shape == (6, 6, 38, 75)
    assert refused > 200


SEGMENTS = [(1 << 20,), (7,), (5,), (3, 3)]


def with_segments(path: Path, segments: tuple[int, ...]) -> bytes:
    stream = read_stream(path.read_bytes())
    layer = replace(stream.layers[0], chunks=tuple(stream.layers[0].chunks) * len(segments))
    return write_stream(Stream(header=replace(stream.header, segments=segments), layers=(layer,)))


@pytest.mark.parametrize("segments", SEGMENTS)
def test_forged_frame_counts(dense: Path, segments: tuple[int, ...]) -> None:
    assert outcome(with_segments(dense, segments)) is None


@pytest.mark.parametrize("segments", SEGMENTS[1:])
def test_frame_counts_that_few_bits_cannot_betray_do_no_harm(encoded: Path, segments: tuple[int, ...]) -> None:
    frames = outcome(with_segments(encoded, segments))
    assert frames is None or len(frames) == sum(segments)


def test_a_picture_larger_than_the_network(encoded: Path) -> None:
    stream = read_stream(encoded.read_bytes())
    header = replace(stream.header, video=replace(stream.header.video, width=4000))
    assert outcome(write_stream(replace(stream, header=header))) is None


def test_a_small_picture_from_a_vast_network_does_not_exhaust_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PHYS_PAGES": 1 << 18, "SC_PAGE_SIZE": 1 << 12}[name])
    config = HNeRVConfig(content=(1, 2048, 2048), strides=(1, 1), widths=(32, 32, 32), kernels=(1, 1))
    tensors = {
        spec.name: QuantizedTensor(np.zeros(spec.shape, np.int32), (0,)) for g in layer_schema(config, 1) for spec in g
    }
    video = VideoFormat(width=1, height=1, frame_rate=Fraction(1))
    data = stream_bytes(plan_header(video, 1, config), config, tensors)
    assert len(data) < 200
    with pytest.raises(ResourceError, match="decoding needs about"):
        list(decode_frames(read_stream(data)))


def test_a_vast_skip_or_many_networks_do_not_exhaust_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PHYS_PAGES": 1 << 18, "SC_PAGE_SIZE": 1 << 12}[name])
    video = VideoFormat(width=1, height=1, frame_rate=Fraction(1))
    tiny: dict[str, Any] = {"content": (1, 1, 1), "strides": (1,), "widths": (1, 1), "kernels": (1,)}
    vast = tiny | {"content": (1, 1024, 2048)}
    skip: dict[str, Any] = {"coarse": (1, 1, 1), "taps": (0, 1), "couplings": 1, "growth": 16, "affine": 0}
    wide = EnhancementConfig(content=(1, 1, 1), strides=(8, 8), widths=(1900, 1900, 1), kernels=(1, 1), join=2)
    for base, above in (
        (SDMNConfig(**tiny, **skip, fine=(1, 512, 512), skip_channels=500), []),
        (SDMNConfig(**tiny, **skip, fine=(1, 64, 64), skip_channels=65, latent=(1, 255)), []),
        (HNeRVConfig(**tiny), [wide]),
        (FFNeRVConfig(**vast, spans=(2,), reach=4, flow_stage=1), []),
    ):
        layers = tuple(empty_layer(config, 600) for config in (base, *above))
        data = write_stream(Stream(header=Header(video=video, segments=(600,)), layers=layers))
        assert len(data) < 1000
        with pytest.raises(ResourceError, match="decoding needs about"):
            list(decode_frames(read_stream(data)))


def empty_layer(config: PyramidConfig, frames: int) -> Layer:
    """All of its tensors are zero and take next to nothing; none of them is made here."""
    side = bytes([0, 192, 0])  # no flags, step 1, magnitude 0
    return make_layer(config, Chunk(tuple(len(group) * side for group in layer_schema(config, frames))))


def test_contexts_in_a_file_of_version_1_are_refused() -> None:
    data = (FOLDER / "v2" / "contexts.nerv").read_bytes()
    assert outcome(data) is not None
    assert outcome(write_old(read_stream(data), 1)) is None


def test_a_layer_that_is_not_known_leaves_the_ones_below(encoded: Path, tmp_path: Path) -> None:
    stream = read_stream(encoded.read_bytes())
    base = stream.layers[0]
    path = tmp_path / "two.nerv"
    for model, sentence in (
        (base.model, "a network of kind dnerv makes no sense there"),
        (UNKNOWN_MODEL, f"model {UNKNOWN_MODEL} is not known"),
    ):
        path.write_bytes(write_stream(replace(stream, layers=(base, replace(base, model=model)))))
        with pytest.raises(UnsupportedStream, match=f"layer 2: {sentence}.* --layers 1$"):
            nervcodec.decode(str(path), str(tmp_path / "a.y4m"))
        assert not (tmp_path / "a.y4m").exists()
    nervcodec.decode(str(path), str(tmp_path / "one.y4m"), options=nervcodec.DecodeOptions(layers=1))
    nervcodec.decode(str(encoded), str(tmp_path / "base.y4m"))
    assert (tmp_path / "one.y4m").read_bytes() == (tmp_path / "base.y4m").read_bytes()
