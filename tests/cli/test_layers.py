"""`nervc extract`, `nervc merge` and `--layers`, as users type them."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nervcodec.bitstream.container import layer_ends, read_stream, write_stream
from nervcodec.bitstream.format import VERSION
from tests.bitstream.test_container import HEADER
from tests.conftest import Nervc
from tests.golden.make import FOLDER

GOLDEN = FOLDER / f"v{VERSION}" / "dnerv.nerv"
UNKNOWN_MODEL = 250
"""Number in a file that no model has."""
ANY_GAIN, NO_GAIN = "-99", "50"
"""Decibels for `--min-gain` that every layer gains, and that no layer gains."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with out.nerv (two layers above its base), other.nerv (another base), old.nerv (version 2)."""
    stream = read_stream(GOLDEN.read_bytes())
    base = stream.layers[0]
    layers = base, replace(base, model=1, configs=((1, 2),)), replace(base, model=UNKNOWN_MODEL)
    (tmp_path / "out.nerv").write_bytes(write_stream(replace(stream, layers=layers)))
    video = replace(stream.header.video, frame_rate=HEADER.video.frame_rate)
    (tmp_path / "other.nerv").write_bytes(write_stream(replace(stream, header=replace(stream.header, video=video))))
    (tmp_path / "old.nerv").write_bytes((FOLDER / "v2" / "dnerv.nerv").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_extract_and_merge(nervc: Nervc, folder: Path) -> None:
    data = (folder / "out.nerv").read_bytes()
    done = nervc("extract", "out.nerv", "-o", "small.nerv", "--layers", "1")
    assert done.returncode == 0, done.stderr
    size = (folder / "small.nerv").stat().st_size
    assert done.stderr.decode() == f"small.nerv: 1 layer, {size:,} bytes\n"
    assert done.stdout == b""
    assert (folder / "small.nerv").read_bytes() == GOLDEN.read_bytes() == data[:size]

    assert nervc("extract", "out.nerv", "-o", "2.pack", "--packs", "2:2").returncode == 0
    done = nervc("extract", "out.nerv", "-o", "both.pack", "--packs", "2:", "--json")
    pack_size = (folder / "both.pack").stat().st_size
    assert json.loads(done.stdout) == {"type": "done", "output": "both.pack", "bytes": pack_size, "layers": 2}
    assert nervc("extract", "out.nerv", "-o", "3.pack", "--packs", "3:3").returncode == 0

    done = nervc("merge", "small.nerv", "2.pack", "3.pack", "-o", "again.nerv", "--json")
    assert json.loads(done.stdout) == {"type": "done", "output": "again.nerv", "bytes": len(data), "layers": 3}
    assert (folder / "again.nerv").read_bytes() == data
    assert nervc("merge", "small.nerv", "both.pack", "-o", "small.nerv", "-y").returncode == 0
    assert (folder / "small.nerv").read_bytes() == data


def test_a_damaged_layer_leaves_those_below(nervc: Nervc, folder: Path) -> None:
    path = folder / "out.nerv"
    data = bytearray((FOLDER / "v3" / "layers.nerv").read_bytes())
    assert nervc("extract", FOLDER / "v3" / "layers.nerv", "-o", "base.nerv", "--layers", "1").returncode == 0
    data[layer_ends(bytes(data))[1] - 1] ^= 1
    path.write_bytes(data)
    done = nervc("decode", "out.nerv", "-o", "a.y4m")
    assert done.returncode == 4
    assert b"out.nerv: layer 2: segment 0 does not match its checksum" in done.stderr
    assert b"--layers 1" in done.stderr
    assert nervc("decode", "out.nerv", "-o", "a.y4m", "--layers", "1").returncode == 0
    assert nervc("decode", "base.nerv", "-o", "b.y4m").returncode == 0
    assert (folder / "a.y4m").read_bytes() == (folder / "b.y4m").read_bytes()


@pytest.mark.parametrize(
    ("code", "command", "sentence"),
    [
        (2, "extract out.nerv -o a.nerv", "one of --layers and --packs"),
        (2, "extract out.nerv -o a.nerv --layers 1 --packs 2:", "one of --layers and --packs"),
        (2, "extract out.nerv -o a.nerv --layers 4", "layer 4 is asked for, the file ends with layer 3"),
        (2, "extract out.nerv -o a.nerv --packs 1:2", "a pack begins with layer 2"),
        (2, "extract out.nerv -o a.nerv --packs 3:2", "are none"),
        (2, "extract out.nerv -o a.nerv --packs 2", "2:3"),
        (2, "extract out.nerv -o - --layers 1", "not to standard output"),
        (2, "extract out.nerv --layers 1", "--output"),
        (2, "merge out.nerv -o a.nerv", "PACK"),
        (2, "merge out.nerv 2.pack -o -", "not to standard output"),
        (3, "extract none.nerv -o a.nerv --layers 1", "No such file"),
        (4, "merge other.nerv 2.pack -o a.nerv", "2.pack: the pack belongs to another base"),
        (4, "merge out.nerv 2.pack -o a.nerv", "2.pack: the pack begins with layer 2, the file ends with layer 3"),
        (4, "merge old.nerv 2.pack -o a.nerv", "2.pack: a file of format version 2 has one layer"),
        (4, "merge out.nerv other.nerv -o a.nerv", "other.nerv: not an enhancement pack"),
        (4, "decode 2.pack -o a.mkv", "2.pack: an enhancement pack alone: merge it with its base"),
        (4, "info 2.pack", "2.pack: an enhancement pack alone: merge it with its base"),
        (4, "decode out.nerv -o a.mkv", "layer 2: the model description is out of range"),
        (5, "extract out.nerv -o other.nerv --layers 1", "-y replaces it"),
        (5, "merge out.nerv 2.pack -o other.nerv", "-y replaces it"),
    ],
)
def test_errors_are_one_sentence_and_a_code(nervc: Nervc, folder: Path, code: int, command: str, sentence: str) -> None:
    assert nervc("extract", "out.nerv", "-o", "2.pack", "--packs", "2:2").returncode == 0
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = nervc(*command.split(), "--json")
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr.decode()
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["type"], last["code"]) == ("error", code)
    assert sentence in last["message"]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.slow
def test_layers_from_encode_to_decode(nervc: Nervc, layered: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    path, report = layered
    small, pack, whole = (tmp_path / name for name in ("small.nerv", "pack.nerv", "whole.nerv"))
    assert nervc("extract", path, "-o", small, "--layers", "1").returncode == 0
    assert small.stat().st_size == report["layers"][0]["bytes"]
    assert nervc("extract", path, "-o", pack, "--packs", "2:3").returncode == 0
    assert nervc("merge", small, pack, "-o", whole).returncode == 0
    assert whole.read_bytes() == path.read_bytes()
    frames = [
        nervc("decode", *arguments, "-o", "-").stdout
        for arguments in ((path, "--layers", "1"), (small,), (path,), (whole, "--layers", "3"))
    ]
    assert frames[0] == frames[1] != frames[2] == frames[3]
    assert len(frames[0]) == len(frames[2]) > 4 * 150 * 75


def test_encode_says_what_each_layer_gives(nervc: Nervc, sample: str, tmp_path: Path) -> None:
    arguments = "--layers", "2", "--frames", "0:2", "--resize", "60x34", "--steps", "40", "--size", "5k"
    done = nervc("encode", sample, "-o", tmp_path / "a.nerv", *arguments, "--min-gain", ANY_GAIN)
    assert done.returncode == 0, done.stderr.decode()
    said = done.stderr.decode()
    assert "layer 2 of 2: een" in said
    assert re.search(r"^--layers 1: YUV PSNR \d+\.\d\d dB, [\d,]+ bytes", said, re.MULTILINE)
    done = nervc("encode", sample, "-o", tmp_path / "a.nerv", "-y", *arguments, "--min-gain", NO_GAIN, "--json")
    kinds = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert kinds.count("dropped") == 1
    assert len(json.loads(done.stdout.splitlines()[-1])["layers"]) == 1
    done = nervc("encode", sample, "-o", tmp_path / "a.nerv", "-y", *arguments, "--min-gain", NO_GAIN)
    assert b"layer 2 is not written:" in done.stderr
