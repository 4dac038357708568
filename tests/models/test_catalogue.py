"""A model is a folder and one entry of the catalogue: another model is added here, and every command knows it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nervcodec.errors import RequestError
from nervcodec.models.catalogue import MODELS, base_names, model_of, model_of_row, row_config, row_names
from nervcodec.models.config import PyramidConfig
from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.networks import build_decoder, build_encoder
from nervcodec.models.sizing import NetworkRequest
from nervcodec.models.wire import pack_config

ADDED = """
import sys
from nervcodec.models import catalogue
from tests.models.toy.config import ToyConfig, choose_toy
catalogue.MODELS["toy"] = catalogue.Model(
    name="toy", method="Toy", wire_id=200, config=ToyConfig, choose=choose_toy,
    decoder="tests.models.toy.network:Toy", planes=False,
)
from nervcodec.cli.main import run
sys.exit(run(sys.argv[1:]))
"""
ROOT = Path(__file__).parent.parent.parent


def nervc_with_toy(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `nervc` in a process whose catalogue has one more model."""
    command = [sys.executable, "-c", ADDED, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_a_model_is_added_by_its_folder_and_one_entry(sample: str, tmp_path: Path) -> None:
    path, frames = tmp_path / "a.nerv", tmp_path / "a.y4m"
    small = ["--frames", "0:3", "--resize", "48x32", "--steps", "30", "--audio", "none", "--threads", "1", "--json"]
    encoded = nervc_with_toy("encode", sample, "-o", path, "--model", "toy", *small)
    assert encoded.returncode == 0, encoded.stderr
    done = json.loads(encoded.stdout.splitlines()[-1])
    assert (done["domain"], done["bytes"]) == ("rgb", path.stat().st_size)
    info = json.loads(nervc_with_toy("info", path, "--json").stdout)
    assert (info["model"], info["config"]["gain"], info["parameters"]) == ("toy", 3, done["parameters"])
    decoded = nervc_with_toy("decode", path, "-o", frames)
    assert decoded.returncode == 0, decoded.stderr
    assert frames.read_bytes().count(b"FRAME\n") == 3
    assert "toy" in nervc_with_toy("encode", "--help").stdout
    refused = nervc_with_toy("encode", sample, "-o", path, "-y", "--model", "toy", "--embeddings", "encoder", *small)
    assert (refused.returncode, "Toy has no encoder" in refused.stderr) == (2, True)
    points = nervc_with_toy("bench", "--dataset", "bunny", "--codecs", "toy", "--points", "1", "--dry-run")
    assert (points.returncode, "toy" in points.stdout) == (0, True)


def test_without_its_entry_a_model_is_unknown(sample: str, tmp_path: Path) -> None:
    class Forgotten(PyramidConfig):
        pass

    config = Forgotten(content=(1, 1, 1), strides=(2,), widths=(1, 1), kernels=(1,))
    for build in (build_decoder, pack_config, model_of):
        with pytest.raises(TypeError, match="no model in the catalogue has a Forgotten"):
            build(config)
    path = tmp_path / "a.nerv"
    small = ["--frames", "0:2", "--resize", "48x32", "--steps", "2", "--audio", "none"]
    assert nervc_with_toy("encode", sample, "-o", path, "--model", "toy", *small).returncode == 0
    done = subprocess.run(
        [sys.executable, "-m", "nervcodec", "info", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "model 200 is not known to this decoder" in done.stderr) == (4, True)


def test_wire_ids_and_names_are_unique() -> None:
    assert len({model.wire_id for model in MODELS.values()}) == len(MODELS)
    assert all(name == model.name for name, model in MODELS.items())
    assert base_names() == ("dnerv", "hnerv", "sdmn", "ffnerv")


def test_what_has_no_encoder_says_so() -> None:
    config = MODELS["ffnerv"].choose(NetworkRequest(height=32, width=48, frames=2, weights=5000))
    with pytest.raises(TypeError, match="FFNeRV has no encoder"):
        build_encoder(config, build_decoder(config))


@pytest.mark.parametrize("name", row_names())
def test_rows_are_for_their_own_picture(name: str) -> None:
    model = model_of_row(name)
    row = model.rows[name]
    config = row_config(name, NetworkRequest(height=row.height, width=row.width, frames=10, weights=1))
    assert model_of(config) is model
    assert config.padded_size >= (row.height, row.width)
    with pytest.raises(RequestError, match=f"{name} is for {row.width}x{row.height}, the video has 64x32"):
        row_config(name, NetworkRequest(height=32, width=64, frames=10, weights=1))
    with pytest.raises(RequestError, match="no row is called none"):
        model_of_row("none")


def test_hnerv_is_a_model_of_its_own() -> None:
    config = hnerv_config(32, 48, 4)
    assert type(config) is not PyramidConfig
    assert model_of(config).name == "hnerv"
