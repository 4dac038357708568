"""Several workers make the bytes that one makes, whatever becomes of them."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import nervcodec
from nervcodec.codec.job import workers as staff
from nervcodec.codec.job.cutting import Segment, busiest, chains
from nervcodec.codec.job.folder import Job, open_job
from nervcodec.codec.job.lease import LEASE, holder, lease
from nervcodec.codec.job.progress import Progress, note_failure, note_progress, read_failure, read_progress
from nervcodec.codec.options import EncodeOptions
from nervcodec.errors import FitError, RequestError, WorkersLost
from nervcodec.events import ArithmeticDiffers, Event, SegmentStarted, WorkRunning
from nervcodec.precision import FORCED, Precision
from nervcodec.video.view import View

OPTIONS = EncodeOptions(
    view=View(stop=12, resize=(46, 25)), segment="3", model="hnerv", size=3000, recipe="paper", steps=150, threads=1
)
NEVER_DONE = 1_000_000
"""Number of steps that a fit never comes to in a test."""


@pytest.fixture
def output(tmp_path: Path) -> str:
    return str(tmp_path / "a.nerv")


@pytest.fixture(scope="module")
def expected(sample: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What one worker makes."""
    path = tmp_path_factory.mktemp("alone") / "a.nerv"
    nervcodec.encode(sample, str(path), OPTIONS)
    return path.read_bytes()


def job_of(output: str) -> Job:
    return open_job(Path(output + ".job"))


def workers_of(job: Job) -> dict[int, int]:
    """Processes that work on segments, by the number of the first one of their chain."""
    found = {chain.indices[0] + 1: holder(job.meeting(chain)) for chain in job.chains}
    return {number: known.process for number, known in found.items() if known}


def test_chains() -> None:
    segments = [Segment(0, 3), Segment(3, 6, follows=True), Segment(6, 8), Segment(8, 13)]
    made = chains(segments)
    assert [(chain.indices, chain.frames) for chain in made] == [((0, 1), 6), ((2,), 2), ((3,), 5)]
    assert [busiest(made, workers) for workers in (0, 1, 2, 3, 4)] == [13, 13, 7, 6, 6]


def test_options_can_be_told(tmp_path: Path) -> None:
    target = nervcodec.Target("psnr", 30.5)
    options = replace(OPTIONS, recipe="rate", target=target, difference_grid=(2, 4), model="dnerv", workers=3)
    assert EncodeOptions.from_json(options.to_json()) == options
    assert EncodeOptions.from_json(OPTIONS.to_json()) == OPTIONS
    note_progress(tmp_path, Progress(3, 0.25))
    assert read_progress(tmp_path) == Progress(3, 0.25)
    note_failure(tmp_path, FitError("no numbers"))
    error = read_failure(tmp_path)
    assert (type(error), str(error)) == (FitError, "no numbers")
    (tmp_path / "failure.json").write_text("{}")
    assert read_failure(tmp_path) is None


def test_one_of_two_workers_is_killed(sample: str, output: str, expected: bytes) -> None:
    events: list[Event] = []
    killed: list[int] = []

    def watch(event: Event) -> None:
        events.append(event)
        if isinstance(event, WorkRunning) and event.done_frames and event.running and not killed:
            killed.append(workers_of(job_of(output))[event.running[0]])
            os.kill(killed[0], signal.SIGKILL)

    report = nervcodec.encode(sample, output, replace(OPTIONS, workers=2), observe=watch)
    assert killed
    assert Path(output).read_bytes() == expected
    assert (report.frames, report.segments, report.steps) == (12, 4, 4 * OPTIONS.steps)  # type: ignore[operator]
    states = [event for event in events if isinstance(event, WorkRunning)]
    assert max(len(state.running) for state in states) == 2
    assert {number for state in states for number in state.running} == {1, 2, 3, 4}
    assert sorted(event.segment for event in events if isinstance(event, SegmentStarted)) == [1, 2, 3, 4]
    assert not Path(output + ".job").exists()


def with_helpers(sample: str, output: str, helpers: Callable[[Job], None]) -> None:
    """An encode that leaves the work to helpers, which are called once."""
    called = False

    def watch(event: Event) -> None:
        nonlocal called
        if isinstance(event, WorkRunning) and not called:
            called = True
            helpers(job_of(output))

    nervcodec.encode(sample, output, replace(OPTIONS, workers=0), observe=watch)
    assert called


def test_two_helpers_and_one_of_them_is_killed(sample: str, output: str, expected: bytes) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["nervcodec.codec.job.work"])  # torch is loaded once

    def help_out(job: Job) -> None:
        both = [context.Process(target=nervcodec.work, args=(str(job.folder),)) for _ in range(2)]
        for process in both:
            process.start()
        while len(workers_of(job)) < 2:
            time.sleep(0.05)
        time.sleep(0.5)
        assert sorted(workers_of(job).values()) == sorted(process.pid or 0 for process in both)
        both[0].kill()
        both[0].join()

    with_helpers(sample, output, help_out)
    assert Path(output).read_bytes() == expected
    while multiprocessing.active_children():  # the other one leaves by itself
        time.sleep(0.05)


def test_what_a_worker_meets_ends_the_encode(sample: str, output: str) -> None:
    def fail(job: Job) -> None:
        meeting = job.meeting(job.chains[1])
        meeting.mkdir()
        note_failure(meeting, FitError("the fit failed with 3 seeds"))

    with pytest.raises(FitError, match="the fit failed with 3 seeds"):
        with_helpers(sample, output, fail)
    assert not Path(output + ".job").exists()


def test_workers_that_die_at_once_are_not_started_for_ever(
    sample: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff, "PROGRAM", [sys.executable, "-c", "import sys; sys.exit('no torch here')"])
    with pytest.raises(WorkersLost, match=r"4 workers .* before they took a chain, .* exit code 1: no torch here"):
        nervcodec.encode(sample, output, replace(OPTIONS, workers=2))


def test_threads_are_those_of_the_plan(sample: str, output: str) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, SegmentStarted) and event.segment == 2:
            raise KeyboardInterrupt

    short = replace(OPTIONS, steps=5)
    with pytest.raises(KeyboardInterrupt):
        nervcodec.encode(sample, output, replace(short, threads=2), observe=stop)
    with pytest.raises(RequestError, match=r"\(threads differ\)"):
        nervcodec.encode(sample, output, replace(short, threads=1))
    with pytest.raises(KeyboardInterrupt):
        nervcodec.encode(sample, output, replace(short, threads=None, device="cpu"), observe=stop)
    assert (job_of(output).manifest.options.threads, job_of(output).manifest.options.device) == (2, "cpu")
    nervcodec.encode(sample, output, replace(short, threads=None))


def test_arithmetic_is_that_of_the_plan_where_the_machine_has_it(
    sample: str, output: str, tmp_path: Path, arithmetic: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Event] = []

    def stop(event: Event) -> None:
        if isinstance(event, SegmentStarted) and event.segment == 2:
            raise KeyboardInterrupt

    short = replace(OPTIONS, steps=20, device="cpu")
    nervcodec.encode(sample, str(tmp_path / "whole.nerv"), short, observe=events.append)
    with pytest.raises(KeyboardInterrupt):
        nervcodec.encode(sample, output, short, observe=stop)
    assert job_of(output).manifest.options.precision == arithmetic
    other: Precision = "float32" if arithmetic == "bfloat16" else "bfloat16"
    with pytest.raises(RequestError, match=r"\(precision differ\)"):
        nervcodec.encode(sample, output, replace(short, precision=other))
    monkeypatch.setenv(FORCED, "1" if other == "bfloat16" else "0")
    assert not any(isinstance(event, ArithmeticDiffers) for event in events)
    nervcodec.encode(sample, output, short, observe=events.append)
    told = [event for event in events if isinstance(event, ArithmeticDiffers)]
    if arithmetic == "float32":
        assert Path(output).read_bytes() == (tmp_path / "whole.nerv").read_bytes()
        assert not told
    else:
        assert [event.planned.split()[0] for event in told] == ["bfloat16"]
        assert [event.here.split()[0] for event in told] == ["float32"]


def test_bfloat16_is_refused_where_there_is_none(
    sample: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORCED, "0")
    with pytest.raises(RequestError, match="--precision bfloat16: this cpu has no arithmetic for it"):
        nervcodec.encode(sample, output, replace(OPTIONS, device="cpu", precision="bfloat16"))
    assert not list(tmp_path.iterdir())


def test_of_many_one_takes_what_the_dead_held(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / LEASE).write_text(json.dumps({"host": os.uname().nodename, "process": dead.pid}))
    start, end = threading.Barrier(8), threading.Barrier(8)

    def take(_: int) -> bool:
        start.wait()
        with lease(tmp_path) as held:
            end.wait()
        return held

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1
    assert not list(tmp_path.iterdir())


def test_a_helper_sees_the_same_video(sample: str, tmp_path: Path) -> None:
    source = str(shutil.copy(sample, tmp_path / "a.mp4"))
    said: list[str] = []

    def change(job: Job) -> None:
        os.utime(source)
        with pytest.raises(RequestError, match=r"a\.mp4 cannot be seen from here, or is another video") as refused:
            nervcodec.work(str(job.folder))
        said.append(str(refused.value))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        with_helpers(source, str(tmp_path / "a.nerv"), change)
    assert said


def test_no_job_no_work(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is no folder of an encode"):
        nervcodec.work(str(tmp_path))


def processes_in(folder: Path) -> list[str]:
    """Command lines that name a folder."""
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return [line.decode(errors="replace") for line in lines if str(folder).encode() in line]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are found in /proc")
def test_an_interrupt_leaves_no_process_behind(sample: str, output: str) -> None:
    arguments = f"--frames 0:3 --resize 46x25 --size 3k --model hnerv --workers 2 --steps {NEVER_DONE}"
    command = [sys.executable, "-m", "nervcodec", "encode", sample, "-o", output, *arguments.split()]
    folder = Path(output + ".job")
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while not any(json.loads(path.read_text())["share"] for path in folder.glob("chains/*/progress.json")):
            assert process.poll() is None
            time.sleep(0.1)
        assert any("worker" in line for line in processes_in(folder))
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"the same command goes on from here" in message
    assert b"Traceback" not in message
    assert not processes_in(folder)
    assert list(folder.glob("0/*.safetensors"))
    assert not list(folder.glob(f"chains/*/{LEASE}"))
