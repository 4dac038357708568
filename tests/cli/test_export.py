"""`nervc export` as a user types it."""

import json
from pathlib import Path

import pytest

from nervcodec.bitstream.format import VERSION
from tests.conftest import Nervc
from tests.golden.make import FOLDER

GOLDEN = FOLDER / f"v{VERSION}" / "dnerv.nerv"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["a.html", "a.HTM"])
def test_a_page_is_one_file(nervc: Nervc, name: str) -> None:
    done = nervc("export", GOLDEN, "-o", name, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total_bytes"] == Path(name).stat().st_size
    assert nervc("export", GOLDEN, "-o", name).stderr.decode() == f"nervc: {name} exists; -y replaces it\n"
    assert nervc("export", GOLDEN, "-o", name, "-y").returncode == 0


def test_other_targets_are_folders(nervc: Nervc) -> None:
    assert nervc("export", GOLDEN, "-o", "page").returncode == 0
    assert sorted(path.name for path in Path("page").iterdir()) == ["decoder.js", "index.html", "video.nerv"]
    assert (Path("page") / "video.nerv").read_bytes() == GOLDEN.read_bytes()
    assert nervc("export", GOLDEN, "-o", "page").returncode == 5


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["-o", "-"], 5, "a page goes to a file or a folder, not to standard output"),
        (["-o", "none/a.html"], 5, "there is no folder none"),
        (["-o", "a.html", "--beside", "none.mp4"], 3, "none.mp4: no such file"),
        (["-o", "a.html", "--layers", "1"], 2, "--layers is for networks"),
        (["-o", "a.html", "--frames", "0:2"], 2, "say --beside VIDEO"),
        (["-o", "a.onnx", "--beside", "none.mp4"], 2, "a network has no original beside it"),
    ],
)
def test_what_makes_no_sense_leaves_nothing(nervc: Nervc, arguments: list[str], code: int, sentence: str) -> None:
    done = nervc("export", GOLDEN, *arguments)
    assert (done.returncode, done.stdout) == (code, b"")
    assert sentence in done.stderr.decode()
    assert not list(Path().iterdir())


def test_a_damaged_file_is_refused(nervc: Nervc) -> None:
    Path("cut.nerv").write_bytes(GOLDEN.read_bytes()[:-9])
    done = nervc("export", "cut.nerv", "-o", "a.html")
    assert done.returncode == 4
    assert "cut.nerv: layer 1" in done.stderr.decode()
    assert not Path("a.html").exists()
