"""Encodes that were interrupted, at any moment, go on to the same bytes."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nervcodec
from nervcodec.codec.job.lease import LEASE, lease
from nervcodec.codec.options import EncodeOptions
from nervcodec.errors import OutputError, RequestError
from nervcodec.events import Event, FitResumed, FitStarted, FramesDone, Resumed, SegmentStarted, StepDone
from nervcodec.training import fit
from nervcodec.training.recipe import Recipe
from nervcodec.video.view import View
from tests.codec.clips import ALWAYS_KEPT

OPTIONS = EncodeOptions(view=View(stop=9, resize=(46, 25)), size=3000, steps=30, quality=80, segment="3")
NEAR = 12.5
"""Decibels that so few steps reach in two fits."""
NO_WAIT = -1.0
"""Seconds between two reports with which every step is reported."""
LONG_AGO = (0, 0)
"""Times of a file of which every process counts as dead."""


class Stop(BaseException):
    """Somebody pulls the plug."""


@pytest.fixture(autouse=True)
def every_step_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "REPORT_SECONDS", NO_WAIT)


@pytest.fixture
def output(tmp_path: Path) -> str:
    return str(tmp_path / "a.nerv")


def stopped(sample: str, output: str, options: EncodeOptions, events: int) -> list[Event]:
    """What is told by an encode that is stopped at one of its events."""
    seen: list[Event] = []

    def watch(event: Event) -> None:
        seen.append(event)
        if len(seen) == events:
            raise Stop

    with suppress(Stop):
        nervcodec.encode(sample, output, options, observe=watch)
    assert Path(output).exists() == (len(seen) < events)
    return seen


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        replace(OPTIONS, layers=2, segment="none", min_gain=ALWAYS_KEPT),
        pytest.param(
            replace(OPTIONS, quality=None, target=nervcodec.Target("psnr", NEAR), segment="5"), marks=pytest.mark.slow
        ),
        replace(OPTIONS, keep_every=2, assisted=True, model="hnerv", segment="5"),
    ],
    ids=["segments", "layers", "target", "assisted"],
)
def test_stopped_at_any_event_the_file_is_the_same(
    sample: str, output: str, tmp_path: Path, options: EncodeOptions
) -> None:
    events: list[Event] = []
    whole = str(tmp_path / "whole.nerv")
    expected = nervcodec.encode(sample, whole, options, observe=events.append)
    rng, resumed = np.random.default_rng(1), 0
    for moment in sorted(rng.integers(25, len(events) // 3, 4).tolist()):
        if not Path(output).exists():
            seen = stopped(sample, output, options, moment)
            resumed += any(isinstance(event, Resumed | FitResumed) for event in seen)
    report = nervcodec.encode(sample, output, options, overwrite=True)
    assert Path(output).read_bytes() == Path(whole).read_bytes()
    assert (report.psnr_db, report.steps, report.parameters) == (expected.psnr_db, expected.steps, expected.parameters)
    assert resumed
    assert not Path(output + ".job").exists()


def test_nothing_is_done_twice(sample: str, output: str) -> None:
    stopped(sample, output, OPTIONS, 60)
    events: list[Event] = []
    nervcodec.encode(sample, output, OPTIONS, observe=events.append)
    assert not any(isinstance(event, FramesDone) and event.stage == "survey" for event in events)
    (note,) = [event for event in events if isinstance(event, Resumed)]
    assert (note.segments_done, note.segments, note.frames_done, note.frames) == (1, 3, 3, 9)
    assert [event.segment for event in events if isinstance(event, SegmentStarted)] == [2, 3]
    steps = [event.step for event in events if isinstance(event, StepDone)]
    assert steps[0] > 1
    assert sum(isinstance(event, FitStarted) for event in events) == 2


def test_damaged_work_is_done_again(sample: str, output: str, tmp_path: Path) -> None:
    nervcodec.encode(sample, str(tmp_path / "whole.nerv"), OPTIONS)
    stopped(sample, output, OPTIONS, 100)
    job = Path(output + ".job")
    part, states = job / "0.part", [*job.glob("*/*.safetensors")]
    assert states
    for path in (part, *states):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    nervcodec.encode(sample, output, OPTIONS)
    assert Path(output).read_bytes() == (tmp_path / "whole.nerv").read_bytes()


def test_the_work_of_another_encode_is_not_lost(sample: str, output: str) -> None:
    stopped(sample, output, OPTIONS, 60)
    with pytest.raises(
        RequestError, match=r"a\.nerv\.job has the work of another encode \(steps, seed differ\); --fresh"
    ):
        nervcodec.encode(sample, output, replace(OPTIONS, seed=1, steps=31))
    assert list(Path(output + ".job").glob("*.part"))
    nervcodec.encode(sample, output, replace(OPTIONS, seed=1, steps=5), fresh=True)
    assert Path(output).exists()
    assert not Path(output + ".job").exists()


def test_a_plan_without_work_binds_nobody(sample: str, output: str) -> None:
    stopped(sample, output, OPTIONS, 5)  # while it looks through the video
    assert not Path(output + ".job").exists()
    stopped(sample, output, OPTIONS, 14)
    nervcodec.encode(sample, output, replace(OPTIONS, steps=3))


def test_one_process_at_a_time(sample: str, output: str, tmp_path: Path) -> None:
    folder = Path(output + ".job")
    folder.mkdir()
    with lease(folder) as held:
        assert held
        with lease(folder) as again:
            assert not again
        with pytest.raises(OutputError, match="another process writes"):
            nervcodec.encode(sample, output, OPTIONS)
    assert not (folder / LEASE).exists()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for holder in ({"host": os.uname().nodename, "process": dead.pid}, {"host": "elsewhere", "process": 1}):
        (folder / LEASE).write_text(json.dumps(holder))
        os.utime(folder / LEASE, LONG_AGO)
        with lease(folder) as held:
            assert held
    (folder / LEASE).write_text(json.dumps({"host": "elsewhere", "process": 1}))
    with lease(folder) as held:
        assert not held


KILLED = """
import os, signal, sys, threading
from nervcodec.cli.main import run
from nervcodec.training.checkpoint import Keeper
Keeper.__init__.__defaults__ = (0.05,)
step, delay, keep, done = int(sys.argv[1]), float(sys.argv[2]), Keeper.keep, 0
def counted(*arguments, **named):
    global done
    done += 1
    if done == step:
        threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return keep(*arguments, **named)
Keeper.keep = counted
sys.exit(run(sys.argv[3:]))
"""
"""`nervc` that is killed some seconds after a step, counted over all fits from 1."""


def test_killed_at_random_moments_the_file_is_the_same(sample: str, output: str, tmp_path: Path) -> None:
    options = replace(OPTIONS, model="hnerv", steps=60, quality=None, threads=1)
    nervcodec.encode(sample, str(tmp_path / "whole.nerv"), options)
    arguments = "--frames 0:9 --resize 46x25 --size 3k --steps 60 --segment 3 --model hnerv --threads 1"
    rng = np.random.default_rng(2)
    moments = [(int(rng.integers(5, 45)), float(rng.uniform(0, 0.02))) for _ in range(3)]
    for step, delay, code in [*((step, delay, -signal.SIGKILL) for step, delay in moments), (0, 0.0, 0)]:
        command = [sys.executable, "-c", KILLED, str(step), str(delay), "encode", sample, "-o", output]
        command += arguments.split()
        assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == code
    assert Path(output).read_bytes() == (tmp_path / "whole.nerv").read_bytes()
    assert not Path(output + ".job").exists()


def test_folders_of_others_are_left_alone(sample: str, output: str) -> None:
    folder = Path(output + ".job")
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    for fresh in (False, True):
        with pytest.raises(OutputError, match="has other files than those of an encode"):
            nervcodec.encode(sample, output, OPTIONS, fresh=fresh)
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_a_state_of_another_kind_of_device_is_not_gone_on_with(
    sample: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nervcodec.encode(sample, str(tmp_path / "whole.nerv"), OPTIONS)
    plan = fit._Fitting.__init__

    def elsewhere(self: fit._Fitting, recipe: Recipe, of: str, *others: Any) -> None:
        plan(self, recipe, of.replace("'cpu'", "'cuda'"), *others)

    with monkeypatch.context() as patched:
        patched.setattr(fit._Fitting, "__init__", elsewhere)
        stopped(sample, output, OPTIONS, 30)
    events: list[Event] = []
    nervcodec.encode(sample, output, OPTIONS, observe=events.append)
    assert not any(isinstance(event, FitResumed) for event in events)
    assert Path(output).read_bytes() == (tmp_path / "whole.nerv").read_bytes()


def test_a_part_made_for_another_is_made_again(sample: str, output: str, tmp_path: Path) -> None:
    """Segment 1 refers to segment 0: where that changes, so must it."""
    nervcodec.encode(sample, str(tmp_path / "whole.nerv"), OPTIONS)
    stopped(sample, output, OPTIONS, 100)
    job = Path(output + ".job")
    assert (job / "1.part").exists()
    record = json.loads((job / "1.json").read_text())
    (job / "1.json").write_text(json.dumps({**record, "before": "another"}))
    events: list[Event] = []
    nervcodec.encode(sample, output, OPTIONS, observe=events.append)
    assert [event.segment for event in events if isinstance(event, SegmentStarted)] == [2, 3]
    assert Path(output).read_bytes() == (tmp_path / "whole.nerv").read_bytes()


def test_masks_are_a_part_of_what_is_encoded(sample: str, output: str, tmp_path: Path) -> None:
    mask = tmp_path / "m.png"

    def draw(width: int) -> None:
        picture = np.zeros((25, 46), np.uint8)
        picture[5:10, 5 : 5 + width] = 255
        Image.fromarray(picture).save(mask)

    draw(6)
    masked = replace(OPTIONS, mask=str(mask))
    stopped(sample, output, masked, 60)
    draw(12)
    with pytest.raises(RequestError, match="content differ"):
        nervcodec.encode(sample, output, masked)
