"""`nervc compare` as users type it."""

import csv
import json
from pathlib import Path

import pytest

from tests.bench.report.synthetic import failed, record, write
from tests.conftest import Nervc


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of two codecs on two videos, where one codec takes half the rate, and of a failed point."""
    points = [
        record(video, codec, f"q={i}", share * 0.01 * 2**i, 30.0 + 2 * i, ms_ssim=None, vmaf=None)
        for video in ("a", "b")
        for codec, share in (("x265", 1.0), ("dnerv", 0.5))
        for i in range(3)
    ]
    return write(tmp_path, [*points, failed("a", "dnerv", "q=9", "no")])


def test_prints_the_table_for_pipes(nervc: Nervc, results: Path) -> None:
    done = nervc("compare", results)
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "### BD-rate against x265 at equal PSNR, %"
    assert lines[4] == "| dnerv | -50.00 | -50.00 | -50.00 | 2 |"
    assert b"failed points, which are left out: 1" in done.stderr


def test_without_x265_the_first_codec_is_the_anchor(nervc: Nervc, results: Path, tmp_path: Path) -> None:
    lines = [line for line in results.read_text().splitlines() if '"x265"' not in line]
    others = tmp_path / "others.jsonl"
    others.write_text("\n".join([*lines, *(line.replace('"dnerv"', '"hnerv"') for line in lines)]) + "\n")
    page = tmp_path / "r.html"
    done = nervc("compare", others, "--html", page)
    assert (done.returncode, page.exists()) == (0, True)
    assert b"without x265, compared with hnerv; --anchor chooses another" in done.stderr
    refused = nervc("compare", others, "--anchor", "x265")
    assert (refused.returncode, b"there is no curve x265" in refused.stderr) == (2, True)


def test_json(nervc: Nervc, results: Path) -> None:
    done = nervc("compare", results, "--anchor", "dnerv", "--metric", "psnr-yuv", "--json")
    (answer,) = map(json.loads, done.stdout.splitlines())
    assert answer.keys() == {"type", "anchor", "metric", "codecs", "failed", "outputs"}
    assert (answer["type"], answer["anchor"], answer["metric"]) == ("done", "dnerv", "psnr-yuv")
    assert (answer["failed"], answer["outputs"]) == (1, [])
    assert answer["codecs"]["x265"]["bd_rate"] == pytest.approx(100)
    assert answer["codecs"]["x265"]["videos"]["b"].keys() == {"bd_rate", "bd_quality"}


def test_two_builds_are_compared_codec_by_codec(nervc: Nervc, results: Path, tmp_path: Path) -> None:
    later = [json.loads(line) for line in results.read_text().splitlines() if '"dnerv"' in line]
    later = [r | {"bpp": r["bpp"] / 2} for r in later if r["status"] == "done"]
    new = write(tmp_path, later, "new.jsonl")
    done = nervc("compare", new, "--before", results)
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "### BD-rate against the same codec before, at equal PSNR, %"
    assert lines[4] == "| dnerv | -50.00 | -50.00 | -50.00 | 2 |"
    (answer,) = map(json.loads, nervc("compare", new, "--before", results, "--json").stdout.splitlines())
    assert answer.keys() == {"type", "metric", "codecs", "failed", "outputs"}
    assert answer["codecs"]["dnerv"]["videos"] == {"a": {"bd_rate": -50.0}, "b": {"bd_rate": -50.0}}
    refused = nervc("compare", new, "--before", results, "--anchor", "dnerv")
    assert (refused.returncode, b"neither --anchor nor --html" in refused.stderr) == (2, True)


def test_writes_all_outputs(nervc: Nervc, results: Path, tmp_path: Path) -> None:
    targets = [tmp_path / name for name in ("r.html", "r.md", "r.csv")]
    command = ["compare", results, "--html", targets[0], "--markdown", targets[1], "--csv", targets[2]]
    done = nervc(*command)
    assert (done.returncode, done.stdout) == (0, b"")
    assert targets[0].read_text().startswith("<!DOCTYPE html>")
    titles = [line for line in targets[1].read_text().splitlines() if line.startswith("### ")]
    assert titles[:2] == ["### BD-rate against x265 at equal PSNR, %", "### BD-PSNR against x265 at equal rate"]
    assert titles[-3:] == ["### Speed", "### Points", "### Failed points"]
    (row,) = csv.DictReader(targets[2].read_text().splitlines())
    assert float(row["average"]) == pytest.approx(-50)
    again = nervc(*command)
    assert (again.returncode, again.stderr.count(b"\n")) == (5, 1)
    assert nervc("compare", results, "--csv", targets[2], "-y").returncode == 0


def test_bad_input_is_one_sentence(nervc: Nervc, results: Path, tmp_path: Path) -> None:
    wrong = write(tmp_path, [{"key": "k", "video": "a"}], "wrong.jsonl")
    for arguments, code, words in (
        ([results, "--anchor", "x266"], 2, b"there is no curve x266; there are: x265, dnerv"),
        ([results, "--html", tmp_path / "r.html", "--pictures", "c"], 2, b"there is no video c"),
        ([tmp_path / "none.jsonl"], 3, b"none.jsonl"),
        ([wrong], 3, b"wrong.jsonl: point 'k'"),
        ([results, "--metric", "vmaf"], 2, b"no point has VMAF; there are: psnr, psnr-yuv"),
        ([results, "--csv", tmp_path / "no" / "r.csv"], 5, b"there is no folder"),
    ):
        done = nervc("compare", *arguments)
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (code, b"", 1)
        assert words in done.stderr
    assert not (tmp_path / "r.html").exists()


def test_loads_neither_torch_nor_what_draws(results: Path) -> None:
    from tests.test_architecture import modules_after

    loaded = modules_after(f"from nervcodec.cli.main import run\nassert run(['compare', {str(results)!r}]) == 0")
    assert "scipy" in loaded
    assert not loaded & {"torch", "matplotlib", "jinja2", "PIL"}
    assert not modules_after("from nervcodec.cli.main import run\nrun(['compare', '--help'])") & {
        "torch",
        "numpy",
        "scipy",
    }
