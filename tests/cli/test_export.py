"""`nervc export`: pages and networks."""

import json
from pathlib import Path

import av
import pytest

import nervcodec
from nervcodec.export.original import read_original
from nervcodec.video.view import View
from tests.conftest import SAMPLE, Nervc
from tests.golden.make import FOLDER

GOLDEN = FOLDER / "v10" / "dnerv.nerv"
PART = ("--frames", "0:4", "--resize", "46x25")
"""What of the sample clip is in the golden file."""


def test_a_page(nervc: Nervc, tmp_path: Path) -> None:
    done = nervc("export", GOLDEN, "-o", tmp_path / "a.html")
    assert done.returncode == 0
    assert b"are the player" in done.stderr
    assert nervc("export", GOLDEN, "-o", tmp_path / "a.html").returncode == 5
    assert nervc("export", GOLDEN, "-o", tmp_path / "a.html", "-y").returncode == 0
    assert nervc("export", GOLDEN, "-o", tmp_path / "b.HTM").returncode == 0
    assert (tmp_path / "b.HTM").read_bytes() == (tmp_path / "a.html").read_bytes()


def test_a_folder(nervc: Nervc, tmp_path: Path) -> None:
    assert nervc("export", GOLDEN, "-o", f"{tmp_path / 'site'}/", "-q").returncode == 0
    assert (tmp_path / "site" / "index.html").exists()
    assert nervc("export", GOLDEN, "-o", tmp_path / "site").returncode == 5


def test_networks(nervc: Nervc, tmp_path: Path) -> None:
    done = nervc("export", FOLDER / "v10" / "groups.nerv", "-o", tmp_path / "a.onnx", "--json")
    record = json.loads(done.stdout)
    assert record["models"] == [str(tmp_path / "a_001.onnx"), str(tmp_path / "a_002.onnx")]
    assert (record["frames"], record["frames_between"], record["filtered"]) == (6, 8, True)
    said = nervc("export", FOLDER / "v10" / "groups.nerv", "-o", tmp_path / "a.onnx", "-y").stderr.decode()
    assert "6 frames of the file, in 2 networks: a_001.onnx and so on" in said
    assert "without the 8 frames between them, without the temporal filter" in said


def test_the_original_is_measured_and_coded_frame_by_frame(nervc: Nervc, tmp_path: Path) -> None:
    done = nervc("export", GOLDEN, "-o", tmp_path / "a.html", "--beside", SAMPLE, *PART, "--json")
    record = json.loads(done.stdout.splitlines()[-1])
    view = View(stop=4, resize=(46, 25))
    verified = nervcodec.verify(str(GOLDEN), str(SAMPLE), view)
    assert record["psnr"] == pytest.approx(verified.psnr_db, abs=0.01)
    original = read_original(str(GOLDEN), str(SAMPLE), view, lambda _: None)
    (tmp_path / "a.mp4").write_bytes(original.mp4)
    with av.open(str(tmp_path / "a.mp4")) as container:
        frames = list(container.decode(video=0))
    assert [(frame.width, frame.height) for frame in frames] == [(46, 25)] * 4
    assert [frame.time for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.12])
    assert len(original.psnrs_db) == 4


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("-o", "a.gif"), 2, "a.gif: write to .html, .onnx or a folder/"),
        (("-o", "-"), 2, "-: write to .html, .onnx or a folder/"),
        (("-o", "a.html", "--beside", "none.mp4"), 3, "none.mp4: no such file"),
        (("-o", "a.html", "--layers", "1"), 2, "--layers is for networks"),
        (("-o", "a.onnx", "--beside", SAMPLE), 2, "--beside and parts of a video are for pages"),
        (("-o", "a.html", "--resize", "46x25"), 2, "say --beside VIDEO"),
        (("-o", "a.html", "--beside", SAMPLE), 2, "give the --crop and --resize of the encode"),
        (("-o", "a.html", "--beside", SAMPLE, "--resize", "46x25", "--frames", "0:3"), 2, "has 3 of the 4 frames"),
        (("-o", "nowhere/a.html"), 5, "there is no folder"),
    ],
)
def test_refusals(
    arguments: tuple[str, ...],
    code: int,
    sentence: str,
    nervc: Nervc,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = nervc("export", GOLDEN, *arguments)
    assert done.returncode == code
    assert sentence in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_refused(nervc: Nervc, tmp_path: Path) -> None:
    (tmp_path / "cut.nerv").write_bytes(GOLDEN.read_bytes()[:-9])
    done = nervc("export", tmp_path / "cut.nerv", "-o", tmp_path / "a.html")
    assert done.returncode == 4
    assert not (tmp_path / "a.html").exists()
