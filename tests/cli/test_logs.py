"""Messages of commands: which are written, at which verbosity, and where."""

import logging
import re
from pathlib import Path

import pytest

import nervcodec
from nervcodec.cli.main import run
from nervcodec.codec.segment.report import EncodeReport
from nervcodec.codec.segment.search import Candidate, search
from nervcodec.codec.target import Target
from nervcodec.metrics.value import Quality
from tests.conftest import THREADS
from tests.golden.make import FOLDER

FILE = str(FOLDER / "v3" / "dnerv.nerv")
QUICK = ["--frames", "0:2", "--resize", "48x32", "--size", "4k", "--steps", "3", "--audio", "none", "--gop", "1"]
STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} "


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-q"], []),
        ([], ["out.y4m: 4 frames in"]),
        (
            ["-v"],
            [
                "version 3, layers: 1, segments: (4,)",
                f"frames 0 to 3 of 4 on cpu, threads: {THREADS}",
                "out.y4m: 4 frames",
            ],
        ),
        (
            ["-vv"],
            [
                "nervcodec.codec.decoding.decode: ",
                "nervcodec.codec.decoding.decode: ",
                "nervcodec.codec.decoding.frames: ",
                "out.y4m: ",
            ],
        ),
    ],
)
def test_as_much_is_said_as_is_asked_for(
    options: list[str], said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["decode", FILE, "-o", str(tmp_path / "out.y4m"), "--device", "cpu", *options]) == 0
    found = capsys.readouterr()
    assert found.out == ""
    assert len(found.err.splitlines()) == len(said)
    assert all(part in line for part, line in zip(said, found.err.splitlines(), strict=True))


def test_errors_are_said_however_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["decode", str(tmp_path / "none.nerv"), "-q"]) == 3
    assert "No such file" in capsys.readouterr().err
    assert run(["decode", FILE, "-q", "-v"]) == 2
    assert "exclude each other" in capsys.readouterr().err


def test_a_log_has_calls_decisions_results_and_errors_one_after_the_other(sample: str, tmp_path: Path) -> None:
    log, path = tmp_path / "a.log", tmp_path / "a.nerv"
    assert run(["encode", sample, "-o", str(path), *QUICK, "-q", "--log-file", str(log)]) == 0
    assert run(["encode", sample, "-o", str(path), *QUICK, "--log-file", str(log)]) == 5
    lines = log.read_text().splitlines()
    assert all(re.match(f"{STAMP}(DEBUG|INFO|ERROR) nervcodec[.]", line) for line in lines)
    expected = [
        rf"called with: encode .*/{Path(sample).name} -o .* -q --log-file",
        r"fits on \w",
        "2 frames of 48x32, 25 frames/s",
        r"layer 1: dnerv: 4,281 weights; strides \(2, 2, 2, 2\)",
        "layer 1: Recipe.steps=3,",
        "dnerv, 4,281 weights, 2 frames, 3 steps",
        "segment 0: frames 2",
        rf"layer 1: {path.stat().st_size} bytes so far; its groups: content \d+, difference \d+, stem",
        rf"a.nerv: YUV PSNR .* {path.stat().st_size:,} bytes",
        "called with: encode",
        "ERROR .*a.nerv exists; -y replaces it",
    ]
    assert len(lines) == len(expected)
    for pattern, line in zip(expected, lines, strict=True):
        assert re.search(pattern, line)


def test_a_log_that_cannot_be_written_is_an_output_error_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["decode", FILE, "-o", str(tmp_path / "a.mkv"), "--log-file", str(tmp_path)]) == 5
    assert not list(tmp_path.iterdir())
    capsys.readouterr()
    assert run(["decode", FILE, "-o", str(tmp_path / "a.mkv"), "--log-file", "/dev/full"]) == 0
    assert (
        capsys.readouterr().err.splitlines()[0] == "nervc: /dev/full: No space left on device; nothing more is logged"
    )


def test_a_search_logs_its_trials(caplog: pytest.LogCaptureFixture) -> None:
    def fit(at: float) -> Candidate:
        values = dict.fromkeys(("file_bytes", "frames", "parameters", "steps", "bits_per_pixel"), 1)
        seconds = {"fit_seconds": 1.0, "decode_seconds": 1.0}
        return Candidate(EncodeReport(quality=Quality(at / 2, None), layers=(), **values, **seconds), b"")  # type: ignore[arg-type]

    with caplog.at_level(logging.INFO, "nervcodec"):
        search(Target("psnr", 34), 50, (0, 100), 4, fit)
    assert caplog.messages[0] == "fit 1 at 50: psnr is 25, target 34, off by -90.00 tolerances"


def test_the_library_alone_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nervcodec.decode(FILE, str(tmp_path / "a.y4m"))
    assert capsys.readouterr() == ("", "")
    (handler,) = logging.getLogger("nervcodec").handlers
    assert isinstance(handler, logging.NullHandler)
