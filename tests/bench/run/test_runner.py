"""Runs that are killed and resumed, and runs with points that fail."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from nervcodec.bench.record import Record, read_records
from nervcodec.bench.run.plan import BenchOptions, plan_points
from nervcodec.bench.run.runner import RESULTS, run_points
from nervcodec.errors import OutputError
from nervcodec.events import Event, PointDone, PointsRunning
from nervcodec.video.view import View

VIEW = View(stop=4, resize=(96, 64))


def lines_of(folder: Path) -> list[Record]:
    return list(read_records(folder / RESULTS))


def test_points_are_measured_once(tmp_path: Path) -> None:
    points = plan_points(BenchOptions(dataset="bunny", codecs=("x264", "svt-av1"), points=1, view=VIEW, vmaf=False))
    events: list[Event] = []
    outcome = run_points(points, tmp_path, 2, events.append)
    assert [r["key"] for r in outcome.records] == [p.key for p in points]
    assert not outcome.failed
    assert outcome.known == 0
    first = (tmp_path / RESULTS).read_bytes()
    assert len(lines_of(tmp_path)) == len(points) == 4
    assert sum(isinstance(event, PointDone) for event in events) == 4
    shares = [event.share for event in events if isinstance(event, PointsRunning)]
    assert shares == sorted(shares)

    again = run_points(points, tmp_path, 2)
    assert (again.known, again.records) == (4, outcome.records)
    assert (tmp_path / RESULTS).read_bytes() == first
    record = outcome.records[0]
    assert record["bpp"] == pytest.approx(8 * record["bytes"] / (96 * 64 * 4))
    assert record["kbps"] == pytest.approx(8 * record["bytes"] / 4 * 25 / 1000)
    assert (tmp_path / record["pictures"]["decoded"]).is_file()  # type: ignore[index]
    assert (tmp_path / record["pictures"]["source"]).is_file()  # type: ignore[index]


def test_a_torn_line_is_done_again(tmp_path: Path) -> None:
    points = plan_points(BenchOptions(dataset="bunny", codecs=("x264",), points=1, view=VIEW, vmaf=False))
    run_points(points, tmp_path)
    whole = (tmp_path / RESULTS).read_bytes()
    (tmp_path / RESULTS).write_bytes(whole[:-30])
    outcome = run_points(points, tmp_path)
    assert outcome.known == 1
    assert [r["stream_sha256"] for r in lines_of(tmp_path)] == [
        json.loads(line)["stream_sha256"] for line in whole.splitlines()
    ]


def test_a_point_that_fails_is_a_line_and_is_tried_again(tmp_path: Path) -> None:
    options = BenchOptions(
        dataset="bunny", codecs=("shvc", "x264"), points=1, view=VIEW, vmaf=False, shm_encoder=tmp_path / "none"
    )
    for tries in (1, 2):
        outcome = run_points(plan_points(options), tmp_path / "out")
        assert len(outcome.records) == 2
        (failed,) = outcome.failed
        assert failed["error"]["kind"] == "RequestError"
        assert sum(r["status"] == "failed" for r in lines_of(tmp_path / "out")) == tries


def test_a_point_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """And the encoder that it runs with it."""
    encoder, sign = tmp_path / "TAppEncoderStatic", tmp_path / "alive"
    encoder.write_text(f"#!/bin/sh\nwhile true; do date >> {sign}; sleep 0.1; done\n")
    encoder.chmod(0o755)
    (tmp_path / "encoder_lowdelay_P_scalable.cfg").write_text("")
    options = BenchOptions(dataset="bunny", codecs=("shvc",), points=1, view=VIEW, vmaf=False, shm_encoder=encoder)
    outcome = run_points(plan_points(options), tmp_path / "out", timeout=8)
    assert not outcome.records
    assert [record["error"] for record in outcome.failed] == [{"kind": "Timeout", "message": "not done in 8 s"}]
    if sign.exists():  # not on a machine so slow that the point was ended before
        signs = sign.read_bytes()
        time.sleep(1)
        assert sign.read_bytes() == signs


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    points = plan_points(BenchOptions(dataset="bunny", codecs=("x264",), points=1, view=VIEW, vmaf=False))

    def second(event: Event) -> None:
        with pytest.raises(OutputError, match="another run"):
            run_points(points, tmp_path)

    run_points(points, tmp_path, observe=second)


def test_a_run_killed_at_any_moment_loses_and_repeats_nothing(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("nervc")), "bench", "--dataset", "bunny", "--frames", "0:4"]
    command += ["--resize", "96x64", "--codecs", "x264,x265", "--points", "2", "--no-vmaf", "--jobs", "2"]
    command += ["-o", str(tmp_path)]
    moment = random.Random(5)
    kills, known = 0, 0
    while kills < 2:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        wanted = known + moment.randint(1, 2)
        while process.poll() is None and _whole_lines(tmp_path) < wanted:
            time.sleep(0.002)
        time.sleep(moment.random() / 50)  # shorter than all points take on any machine
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
        assert _whole_lines(tmp_path) >= wanted
        known = _whole_lines(tmp_path)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    keys = [record["key"] for record in lines_of(tmp_path)]
    assert len(keys) == len(set(keys)) == 8
    assert f"8 of 8 points, {known} from earlier runs" in done.stderr


def test_encoders_end_with_the_run_that_started_them(tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    encoder.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    encoder.chmod(0o755)
    (tmp_path / "encoder_lowdelay_P_scalable.cfg").touch()
    command = [str(Path(sys.executable).with_name("nervc")), "bench", "--dataset", "bunny", "--frames", "0:2"]
    command += ["--resize", "96x64", "--codecs", "shvc", "--shm-encoder", str(encoder), "-o", str(tmp_path / "out")]
    for signal_, code in ((signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
        process.send_signal(signal_)
        assert process.wait(20) == code
        _until(partial(_is_gone, int((tmp_path / "pid").read_text())))
        (tmp_path / "pid").unlink()
    assert not lines_of(tmp_path / "out")


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_gone(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return not state.strip() or state.startswith("Z")


def _whole_lines(folder: Path) -> int:
    path = folder / RESULTS
    return path.read_bytes().count(b"\n") if path.exists() else 0
