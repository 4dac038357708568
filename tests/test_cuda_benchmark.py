"""`benchmarks.cuda` on a CPU."""

import json
import subprocess
import sys
from collections.abc import Iterator
from logging import getLogger
from pathlib import Path
from time import monotonic

import pytest
import torch
from click.testing import CliRunner

from benchmarks.cuda.__main__ import main
from benchmarks.cuda.case import Bench, Case, Figures, Skipped
from benchmarks.cuda.parts import PARTS, Part, measurements, told
from benchmarks.record import read_results

ROOT = Path(__file__).parent.parent


def run(folder: Path, *options: str) -> dict[str, dict[str, Figures]]:
    """Results of each part that a run measures on this CPU."""
    command = [sys.executable, "-m", "benchmarks.cuda", "-o", str(folder), "--device", "cpu", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    summary = read_results(folder / "summary.json")
    assert done.stdout.endswith(json.dumps(summary, indent=1) + "\n")
    return {part: read_results(folder / f"{part}.json") for part in summary}


def test_every_part_has_results_on_a_cpu(tmp_path: Path) -> None:
    found = run(tmp_path, "--quick")
    assert list(found) == list(PARTS)
    for name, results in found.items():
        assert results
        for title, figures in results.items():
            assert not {"error", "stopped"} & set(figures), f"{name}, {title}: {figures}"
            assert ("skipped" in figures) == (name in ("graphs", "compiled"))
    (tests,) = found["tests"].values()
    assert tests["tests"] > 0 == tests["failures"] + tests["errors"]
    assert all(one["median_ms"] > 0 and one["peak_mb"] > 0 for one in found["steps"].values())
    assert {one["arithmetic"] for title, one in found["steps"].items() if "float32" in title} == {"torch.float32"}
    assert all(one["psnr_rgb"] > 5 and one["curve"][-1][1] == one["steps"] for one in found["fits"].values())
    assert all(one["samples"] > one["differ"] == 0 for one in found["differences"].values())
    assert all(one["into_y4m_fps"] > 0 and one["rendered_fps"] > 0 for one in found["decoding"].values())
    assert [one["halved_to"] for one in found["memory"].values()] == [[4]]
    assert found["groups"]["encode"]["held"] < found["groups"]["encode"]["frames"]
    assert found["groups"]["golden"]["differ"] == found["groups"]["decode"]["differ"] == 0


def test_parts_are_stopped_when_their_time_is_over(tmp_path: Path) -> None:
    started = monotonic()
    found = run(tmp_path, "--seconds", "1", "--part", "long_fits", "--part", "steps")
    assert monotonic() - started < 60
    assert all("skipped" in figures or "stopped" in figures for figures in found["long_fits"].values())
    assert "stopped" in found["steps"]["the rest"]


def test_a_measurement_fails_alone() -> None:
    def cases(bench: Bench) -> Iterator[Case]:
        yield "good", lambda: {"value": 3}
        yield "bad", lambda: {"value": 1 // 0}
        yield "impossible", skip
        yield "better", better
        raise ValueError("no more")

    def better() -> Figures:
        getLogger("nervcodec.training").warning("nearly %s", "bad")
        return {"value": 4}

    def skip() -> Figures:
        raise Skipped("not here")

    part = Part(cases, lambda figures: f"{figures['value']} units", 1)
    found = dict(measurements(part, Bench("cpu", quick=True, folder=Path(), ends=0)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PARTS, "some", part)
        assert [told("some", figures) for figures in found.values()] == [
            "3 units",
            "error: ZeroDivisionError: integer division or modulo by zero",
            "skipped: not here",
            "4 units; nearly bad",
            "error: ValueError: no more",
        ]
    assert list(found)[-1] == "the rest"


def test_a_machine_without_cuda_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = CliRunner().invoke(main, ["-o", str(tmp_path / "made")])
    assert result.exit_code == 2
    assert "no CUDA device" in result.output
    assert not (tmp_path / "made").exists()
