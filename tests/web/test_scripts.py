"""Modules of the player and of its decoder, as they are joined and as they are kept."""

import re
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

import nervcodec
from nervcodec.export.page import export_page
from nervcodec.export.scripts import WEB, decoder_script, player_script
from tests.golden.make import FOLDER

GOLDEN = FOLDER / "v10" / "dnerv.nerv"
LARGEST_PLAYER = 400_000
"""Most bytes of a page without its video."""
LONGEST_FILE, LONGEST_LINE = 250, 120
NAMES = re.compile(r"^(?:async )?(?:const|let|function\*?|class) (\w+)", re.MULTILINE)
MODULES = sorted(Path(str(WEB)).glob("*.js"))
SOURCES = [*MODULES, *Path(str(WEB)).glob("kernels/*.[ch]")]


@pytest.mark.parametrize("script", [player_script, decoder_script], ids=lambda function: function.__name__)
def test_a_joined_script_has_each_name_once_and_nothing_of_modules(script: object) -> None:
    assert callable(script)
    text = script()
    assert {name for name, count in Counter(NAMES.findall(text)).items() if count > 1} == set()
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)
    assert "</script" not in text.lower()
    assert "<!--" not in text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_is_too_long(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= LONGEST_FILE
    assert max(map(len, lines)) <= LONGEST_LINE


def test_kernels_are_those_of_their_sources() -> None:
    """If this fails, run nervcodec/web/kernels/build.sh."""
    folder = Path(str(WEB)) / "kernels"
    built = dict(line.split()[::-1] for line in (folder / "built.sha256").read_text().splitlines())
    sources = {path.name for path in folder.iterdir() if path.suffix in (".c", ".h", ".sh")}
    assert {Path(name).name for name in built} == {*sources, "kernels.wasm"}
    assert {name: sha256((folder / name).read_bytes()).hexdigest() for name in built} == built


def test_a_page_is_small_and_names_no_address(tmp_path: Path) -> None:
    report = nervcodec.export_page(str(GOLDEN), str(tmp_path / "a.html"))
    page = (tmp_path / "a.html").read_text()
    assert report.total_bytes == len(page.encode())
    assert 200_000 < report.player_bytes < LARGEST_PLAYER
    assert report.total_bytes - report.player_bytes == pytest.approx(GOLDEN.stat().st_size * 4 / 3, abs=100)
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert "default-src 'none'" in page


def test_a_folder_has_page_script_and_file_apart(tmp_path: Path) -> None:
    export_page(str(GOLDEN), f"{tmp_path / 'site'}/")
    files = {path.name: path.read_bytes() for path in (tmp_path / "site").iterdir()}
    assert set(files) == {"index.html", "decoder.js", "video.nerv"}
    assert files["video.nerv"] == GOLDEN.read_bytes()
    assert files["decoder.js"].decode() == decoder_script()
