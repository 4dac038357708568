"""What several tests share: the sample clip and one small encoded file."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from nervcodec.cli.main import run
from nervcodec.precision import FORCED, Precision

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SAMPLE = Path(__file__).parent / "data" / "bunny_1280x720_132f.mp4"
THREADS = os.environ.get("OMP_NUM_THREADS", "1")
"""Of torch in every process: one by default, for tests run side by side."""
Nervc = Callable[..., subprocess.CompletedProcess[bytes]]


def run_nervc(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """`nervc` in a process of its own, as a user types it."""
    command = [str(Path(sys.executable).with_name("nervc")), *map(str, arguments)]
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        env=os.environ | {"COLUMNS": "120", "OMP_NUM_THREADS": THREADS},
        check=False,
    )


@pytest.fixture(autouse=True)
def _threads() -> None:
    torch.set_num_threads(int(THREADS))


@pytest.fixture(params=["float32", "bfloat16"])
def arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Precision:
    """Each kind of arithmetic that a machine may have for fits, whatever this one has."""
    precision: Precision = request.param
    monkeypatch.setenv(FORCED, "1" if precision == "bfloat16" else "0")
    return precision


@pytest.fixture(scope="session")
def sample() -> str:
    """The Bunny clip."""
    return str(SAMPLE)


def run_here(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """The same without the seconds that a process takes to begin, where standard input and output are not for bytes."""
    if stdin is not None or "-" in arguments:
        return run_nervc(*arguments, stdin=stdin)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    return subprocess.CompletedProcess(
        args=[str(argument) for argument in arguments],
        returncode=code,
        stdout=out.getvalue().encode(),
        stderr=err.getvalue().encode(),
    )


@pytest.fixture
def nervc(monkeypatch: pytest.MonkeyPatch) -> Nervc:
    """Runs the command line."""
    monkeypatch.setenv("COLUMNS", "120")
    return run_here


@pytest.fixture(scope="session")
def encoded(tmp_path_factory: pytest.TempPathFactory, sample: str) -> Path:
    """A small DNeRV file: 6 frames of 150x75 (odd, so padding is needed)."""
    path = tmp_path_factory.mktemp("encoded") / "small.nerv"
    arguments = ["--frames", "0:6", "--resize", "150x75", "--size", "9k", "--steps", "120", "--seed", "3", "--gop", "1"]
    done = run_nervc("encode", sample, "-o", path, "--audio", "none", *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return path


@pytest.fixture(scope="session")
def layered(tmp_path_factory: pytest.TempPathFactory, sample: str) -> tuple[Path, dict[str, Any]]:
    """A file of three layers, an SDMN below two enhancement networks, and what `encode --json` said last."""
    path = tmp_path_factory.mktemp("layered") / "three.nerv"
    arguments = ["--frames", "0:4", "--resize", "150x75", "--steps", "200", "--quality", "75", "--gop", "1"]
    done = run_nervc(
        "encode", sample, "-o", path, "--audio", "none", "--model", "sdmn", "--layers", "3", *arguments, "--json"
    )
    assert done.returncode == 0, done.stderr.decode()
    return path, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium, for tests marked `browser`."""
    from tests.chromium import launched

    with launched() as browser:
        yield browser
