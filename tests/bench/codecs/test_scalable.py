"""SHVC by a stand-in for SHM's encoder, which checks its settings."""

import stat
import sys
from pathlib import Path

import pytest

from nervcodec.bench.codecs.names import find_codec
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import psnr
from tests.bench.codecs.material import small_material

STAND_IN = """#!{python}
import sys
words = sys.argv[1:]
told = {{}}
for name in [words[i + 1] for i, word in enumerate(words) if word == "-c"]:
    for line in open(name):
        key, _, value = line.partition(":")
        told[key.strip()] = value.strip()
layers = int(told["NumLayers"])
quantizers = [words[words.index(f"-q{{layer}}") + 1] for layer in range(layers)]
assert quantizers == ["37", "32", "27"][:layers], quantizers
assert told["Marker"] == "SHM's own"
size = int(told["SourceWidth0"]) * int(told["SourceHeight0"]) * 3 // 2
source = open(told["InputFile0"], "rb").read()
assert len(source) == size * int(told["FramesToBeEncoded"])
for layer in range(layers):
    step = [32, 8, 2][layer]
    coarse = bytes(value // step * step + step // 2 for value in source)
    open(told[f"ReconFile{{layer}}"], "wb").write(coarse)
open(words[words.index("-b") + 1], "wb").write(bytes(1000 * layers))
"""


@pytest.fixture
def shm(tmp_path: Path) -> Path:
    """Path of a stand-in encoder, which only coarsens pictures, in a folder like SHM's."""
    encoder = tmp_path / "bin" / "TAppEncoderStatic"
    encoder.parent.mkdir()
    encoder.write_text(STAND_IN.format(python=sys.executable))
    encoder.chmod(encoder.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "cfg").mkdir()
    (tmp_path / "cfg" / "encoder_lowdelay_P_scalable.cfg").write_text("Marker : SHM's own\n")
    return encoder


def test_more_layers_of_shm_are_better_and_larger(shm: Path) -> None:
    material = small_material(64, 48, 3)
    codec = find_codec("shvc", {}, shm)
    found = []
    for setting in codec.settings(4).values():
        coded = codec.encode(material, setting)
        assert coded.command.startswith("TAppEncoderStatic -c encoder_lowdelay_P_scalable.cfg -c layers.cfg")
        found.append((len(coded.data), float(psnr(codec.decode(material, coded), material.clip).mean())))
    assert [size for size, _ in found] == [1000, 2000, 3000]
    assert found[0][1] + 5 < found[1][1] < found[2][1]


def test_what_shm_lacks_is_said(shm: Path, tmp_path: Path) -> None:
    material = small_material(64, 48, 2)
    with pytest.raises(RequestError, match="No such file"):
        find_codec("shvc", {}, tmp_path / "cfg" / "none").encode(material, {"layers": 1})
    shm.write_text("#!/bin/sh\necho it broke\nexit 3\n")
    with pytest.raises(RequestError, match="it broke"):
        find_codec("shvc", {}, shm).encode(material, {"layers": 1})
    (tmp_path / "cfg" / "encoder_lowdelay_P_scalable.cfg").unlink()
    with pytest.raises(RequestError, match="encoder_lowdelay_P_scalable"):
        find_codec("shvc", {}, shm).encode(material, {"layers": 1})


def test_simulcast_counts_all_layers_and_shows_the_best() -> None:
    material = small_material(96, 64, 4)
    single, simulcast = find_codec("hevc-single", {}), find_codec("hevc-simulcast", {})
    alone = [single.encode(material, s) for s in single.settings(3).values()]
    together = [simulcast.encode(material, s) for s in simulcast.settings(3).values()]
    assert [len(c.data) for c in together] == [sum(len(c.data) for c in alone[: k + 1]) for k in range(3)]
    for a, b in zip(alone, together, strict=True):
        assert (single.decode(material, a) == simulcast.decode(material, b)).all()
