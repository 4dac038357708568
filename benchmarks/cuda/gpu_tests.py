"""The tests that are marked `gpu`; on a CPU, tests of samples in their place."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from benchmarks.cuda.case import ROOT, Bench, Case, Figures

MARK = "pytest.mark.gpu"
CPU_FILE = ROOT / "tests" / "test_samples.py"


def cases(bench: Bench) -> Iterator[Case]:
    """All tests, as one measurement."""
    if bench.device == "cuda":
        files = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if MARK in path.read_text()]
        yield "marked gpu", lambda: _outcome(files, "gpu")
    else:
        yield "of samples, without a GPU", lambda: _outcome([CPU_FILE], "not gpu and not slow")


def _outcome(files: list[Path], marks: str) -> Figures:
    """Counts of tests, and the names and messages of those that failed; other files need not even be importable."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        words = ["-m", marks, "-W", "default", "-p", "no:cacheprovider", f"--junit-xml={report}", *map(str, files)]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words], check=False, capture_output=True, text=True, cwd=ROOT
        )
        if not report.exists():
            raise RuntimeError(f"pytest made no report: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        suite = ET.parse(report).getroot()[0]
    counts = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors")}
    bad = {
        f"{test.get('classname')}::{test.get('name')}": (problem.text or problem.get("message") or "")[-2000:]
        for test in suite
        for problem in test
        if problem.tag in ("failure", "error")
    }
    return {**counts, "not_run": int(suite.get("skipped", 0)), "seconds": float(suite.get("time", 0)), "failed": bad}


def tell(figures: Figures) -> str:
    """Figures in words."""
    failed = figures["failures"] + figures["errors"]
    return f"{figures['tests']} tests, {failed} failed, {figures['not_run']} skipped, {figures['seconds']:.1f} s"
