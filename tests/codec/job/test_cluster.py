"""A Ray cluster makes the bytes that one worker makes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import nervcodec
from nervcodec.codec.job.cluster import fit_chain_at
from nervcodec.codec.job.folder import open_job
from nervcodec.codec.job.lease import holder
from nervcodec.codec.job.progress import work_running
from nervcodec.errors import RequestError
from tests.codec.job.test_workers import OPTIONS

ARGUMENTS = "--frames 0:12 --resize 46x25 --segment 3 --model hnerv --size 3k --recipe paper --steps 150 --threads 1"


def test_without_ray_it_is_said_what_to_install(sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RequestError, match=r"ray is not installed: pip install 'nervcodec\[cluster\]'"):
        nervcodec.encode(sample, str(tmp_path / "a.nerv"), replace(OPTIONS, cluster="local"))
    assert not list(tmp_path.iterdir())


def test_storage_has_to_be_shared(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"does not see .*elsewhere: a cluster needs storage that all of it shares"):
        fit_chain_at(str(tmp_path / "elsewhere"), 0)


@pytest.mark.slow
def test_no_cluster_at_an_address(sample: str, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    command = [sys.executable, "-m", "nervcodec", "encode", sample, "-o", str(tmp_path / "a.nerv")]
    done = subprocess.run([*command, *ARGUMENTS.split(), "--cluster", "127.0.0.1:9"], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"no Ray cluster answers at 127.0.0.1:9" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["a worker is killed", "all is stopped"])
def test_two_workers(sample: str, tmp_path: Path, number: signal.Signals) -> None:
    pytest.importorskip("ray")
    alone, output = tmp_path / "alone.nerv", tmp_path / "a.nerv"
    nervcodec.encode(sample, str(alone), OPTIONS)
    command = [sys.executable, "-m", "nervcodec", "encode", sample, "-o", str(output), *ARGUMENTS.split()]
    folder = tmp_path / "a.nerv.job"
    with subprocess.Popen([*command, "--cluster", "local", "--workers", "2"]) as process:
        while not (folder / "job.json").exists() or not (state := work_running(open_job(folder))).done_frames:
            assert process.poll() is None
            time.sleep(0.05)
        first = (state.running or (1,))[0] - 1
        known = holder(folder / "chains" / str(first))
        assert known
        assert known.process != process.pid
        os.kill(known.process if number == signal.SIGKILL else process.pid, number)
    if number == signal.SIGTERM:
        assert process.returncode == 143
        assert not list(folder.glob("chains/*/lease.json"))
        subprocess.run(command, check=True)
    assert process.returncode in (0, 143)
    assert output.read_bytes() == alone.read_bytes()
    assert not folder.exists()
