"""`nervc verify` as scripts use it."""

import json
from pathlib import Path

import pytest

from nervcodec.cli.main import run
from tests.conftest import SAMPLE
from tests.golden.make import FOLDER

FILE = str(FOLDER / "v4" / "dnerv.nerv")
AGAINST = ["--against", str(SAMPLE), "--frames", "0:4", "--resize", "46x25"]


def test_a_whole_file_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", FILE]) == 0
    said = capsys.readouterr()
    assert said.out == f"{FILE}: ok, 4 frames of 46x25, 1 segment, 1 layer, {Path(FILE).stat().st_size:,} bytes\n"
    assert said.err == ""
    assert run(["verify", FILE, "-q", *AGAINST]) == 0
    assert capsys.readouterr() == ("", "")


def test_quality_is_said_and_may_be_too_low(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", FILE, *AGAINST, "--json", "--min-psnr", "5"]) == 0
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (done["type"], done["file"], done["frames"], done["ms_ssim"]) == ("done", FILE, 4, None)
    least = done["psnr"] + 0.1
    assert run(["verify", FILE, *AGAINST, "--min-psnr", str(least)]) == 7
    said = capsys.readouterr()
    assert f"bytes, PSNR {done['psnr']:.2f} dB\n" in said.out
    assert "is less than" in said.err
    assert run(["verify", FILE, *AGAINST, "--min-psnr", str(least), "--json"]) == 7
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["type"], line.get("code")) for line in lines[-2:]] == [("done", None), ("error", 7)]


@pytest.mark.parametrize(
    ("code", "options", "sentence"),
    [
        (2, ["--min-psnr", "30"], "say --against VIDEO"),
        (2, ["--crop", "8x8"], "say --against VIDEO"),
        (2, ["--against", str(SAMPLE)], "are 1280x720, those of the file 46x25"),
        (2, ["--against", str(SAMPLE), "--resize", "46x25"], "more than the 4 frames"),
        (3, ["--against", "none.mp4"], "no such file"),
    ],
)
def test_what_cannot_be_compared_is_said(
    code: int, options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", FILE, *options]) == code
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""


def test_damage_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, data = tmp_path / "a.nerv", Path(FILE).read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert run(["verify", str(path)]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"nervc: {path}: layer 1")
