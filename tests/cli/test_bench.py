"""`nervc bench` as a user types it."""

import json
from pathlib import Path

import pytest

from nervcodec.cli.main import run

SMALL = ["bench", "--dataset", "bunny", "--frames", "0:3", "--resize", "96x-2", "--points", "1", "--no-vmaf"]


def test_points_and_the_end_are_json_lines(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([*SMALL, "--codecs", "x264", "-o", str(tmp_path), "--json"]) == 0
    said = capfd.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    points = [line for line in lines if line["type"] == "point"]
    assert [point["label"] for point in points] == ["crf=50", "crf=22"]
    written = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [{**record, "type": "point"} for record in written] == points
    assert lines[-1] == {"type": "done", "output": str(tmp_path / "results.jsonl"), "points": 2, "failed": 0}
    assert "the middle 1280x640 of 1280x720; scaled to 96x48" in said.err
    assert "planes of 4:2:0, not converted, at 8 bits" in said.err
    assert {point["domain"] for point in points} == {"yuv420"}


def test_a_dry_run_says_what_it_would_do(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([*SMALL, "--codecs", "dnerv,svt-av1", "-o", str(tmp_path / "out"), "--dry-run"]) == 0
    said = capfd.readouterr()
    assert [line.split(" ", 1)[1] for line in said.out.splitlines()] == [
        "Bunny dnerv quality=50",
        "Bunny svt-av1 crf=63",
        "Bunny svt-av1 crf=28",
    ]
    assert not (tmp_path / "out").exists()


def test_a_failed_point_is_in_the_exit_code(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = [*SMALL, "--codecs", "x264,shvc", "--shm-encoder", str(tmp_path / "none"), "-o", str(tmp_path)]
    assert run(arguments) == 8
    said = capfd.readouterr().err
    assert "Bunny shvc layers=1: failed:" in said
    assert "1 of 3 points failed" in said


@pytest.mark.slow
def test_a_suite_shows_its_figures_beside_the_published(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "--suite", "blocks", "--dataset", "bunny", "--frames", "0:2", "--resize", "64x32"]
    assert run([*arguments, "--steps", "2", "--no-vmaf", "-o", str(tmp_path)]) == 0
    said = capfd.readouterr()
    assert "| Bunny | sdmn:rep | block=rep |" in said.out
    assert "published" in said.out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "--dataset"),
        (["--dataset", "uvg"], 2, "--root"),
        (["--dataset", "uvg", "--root", "nowhere"], 3, "no such folder"),
        (["--dataset", "bunny", "--codecs", "x266"], 2, "codecs are"),
        (["--dataset", "bunny", "--videos", "Beauty"], 2, "Bunny"),
        (["--dataset", "bunny", "--preset", "fast", "--codecs", "x264", "--frames", "200:"], 2, "Bunny"),
    ],
)
def test_what_is_wrong_is_said_at_once(
    arguments: list[str], code: int, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["bench", *arguments]) == code
    assert sentence in capfd.readouterr().err
