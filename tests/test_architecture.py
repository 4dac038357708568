"""Rules of the architecture: imports point down, each outside library has one door, nothing grows too long."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "nervcodec"
FILES = sorted(ROOT.rglob("*.py"))
RANKS = {
    "__main__": 7,
    "cli": 6,
    "bench": 5,
    "export": 4,
    "codec": 3,
    "training": 2,
    "entropy": 1,
    "quantization": 0,
    "models": 0,
    "bitstream": 0,
    "metrics": 0,
    "video": 0,
    "picture": -1,
    "planes": -1,
    "files": -1,
    "motion": 0,
    "warp": -1,
    "windows": -1,
    "cosine": -1,
    "levels": -1,
    "corrections": 1,
    "interpolation": 1,
    "temporal_filter": 2,
    "fill": -1,
    "timeline": -1,
    "memory": -1,
    "extras": -1,
    "precision": -1,
    "events": -1,
    "version": -3,
    "declarations": -2,
    "errors": -3,
    "samples": -2,
}
ROOMS = {"choices": 0, "target": 0, "options": 1, "device": 1, "stream": 2, "decoding": 3, "segment": 4, "job": 5}
"""Ranks of the modules and folders of codec/, among which imports point down too."""
DOORS = {
    "av": "video",
    "constriction": "entropy",
    "click": "cli",
    "rich": "cli",
    "pytorch_msssim": "metrics training",
    "cv2": "training",
    "safetensors": "training",
    "subprocess": "metrics bench codec",
    "filelock": "bench",
    "imageio_ffmpeg": "metrics",
    "scipy": "metrics",
    "matplotlib": "bench",
    "PIL": "bench",
    "jinja2": "bench",
    "ray": "codec",
    "onnx": "export",
    "pickle": "",
}
LONGEST_FILE, LONGEST_BODY = 250, 40


def imports(path: Path) -> Iterator[str]:
    """Names of the modules a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def component(path: Path) -> str:
    """The component of the package that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize(
    "path", [p for p in FILES if p != ROOT / "__init__.py"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_imports_point_down(path: Path) -> None:
    own = component(path)
    for module in imports(path):
        if module.startswith("nervcodec."):
            other = module.split(".")[1]
            assert own == other or RANKS[other] < RANKS[own], f"{own} imports {module}"


def room(module: str) -> int:
    """The rank of a module below nervcodec.codec; options of a decode have that of the options of an encode."""
    return ROOMS["options" if module == "nervcodec.codec.decoding.options" else module.split(".")[2]]


@pytest.mark.parametrize("path", [*(ROOT / "codec").rglob("*.py")], ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down_among_the_rooms_of_the_codec(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
    if name.count(".") > 1 and not name.endswith("codec.__init__"):
        for module in imports(path):
            same = module.split(".")[:3] == name.split(".")[:3]
            if module.startswith("nervcodec.codec.") and not same:
                assert room(module) < room(name), f"{name} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_each_outside_library_has_one_door(path: Path) -> None:
    for module in imports(path):
        library = module.split(".")[0]
        if library in DOORS:
            assert component(path) in DOORS[library].split(), f"{path} imports {module}"


def test_bitstream_knows_neither_torch_nor_models() -> None:
    for path in (ROOT / "bitstream").glob("*.py"):
        assert not {m.split(".")[0] for m in imports(path)} & {"torch", "numpy"}, path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_short(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            assert not body or (body[-1].end_lineno or 0) - body[0].lineno < LONGEST_BODY, f"{path}: {node.name}"


def test_the_map_names_files_that_are_there() -> None:
    document = (ROOT.parent / "docs" / "architecture.md").read_text()
    named = re.findall(r"`([a-z_/]+\.(?:py|md))`", document[: document.index("## Words")])
    assert len(named) > 40
    for name in named:
        places = (ROOT / name, ROOT / "codec" / name, ROOT.parent / name)
        assert any(place.exists() for place in places), name


def test_public_names_are_documented() -> None:
    for path in FILES:
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path}: {node.name}"


def modules_after(code: str) -> set[str]:
    """Names of all modules that a fresh interpreter has loaded after running some code."""
    code += "\nimport sys; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.decode().split())


@pytest.mark.parametrize("module", ["codec.options", "codec.decoding.options", "models.catalogue", "metrics.value"])
def test_what_says_what_there_is_loads_no_library(module: str) -> None:
    loaded = modules_after(f"import nervcodec.{module}")
    assert f"nervcodec.{module}" in loaded
    assert not loaded & {"torch", "av", "numpy"}


def test_the_decoder_never_reaches_training() -> None:
    loaded = modules_after("import nervcodec.codec.decoding.decode")
    assert not [name for name in loaded if name.startswith("nervcodec.training")]
    assert "torch" in loaded


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["encode", "--help"],
        ["worker", "--help"],
        ["verify", "--help"],
        ["decode", "--help"],
        ["encode", "--dump-config"],
        ["bench", "--help"],
        ["info", "nothing.nerv"],
        ["extract", "nothing.nerv", "-o", "base.nerv", "--layers", "1"],
        ["merge", "nothing.nerv", "nothing.nerv", "-o", "whole.nerv"],
        ["compare", "nothing.jsonl"],
    ],
)
def test_what_needs_no_network_loads_no_torch(arguments: list[str]) -> None:
    loaded = modules_after(f"from nervcodec.cli.main import run\nrun({arguments!r})")
    assert "nervcodec.cli.main" in loaded
    assert "torch" not in loaded
