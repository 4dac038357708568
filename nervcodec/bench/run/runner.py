"""Runs the points of a benchmark, each in a process of its own, into results.jsonl; finished points are kept."""

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic

from nervcodec.bench.environment import environment
from nervcodec.bench.record import Record, append_record, mend_records, read_records
from nervcodec.bench.run.point import Point, run_point
from nervcodec.errors import NervcodecError, OutputError
from nervcodec.events import Observer, PointDone, PointsRunning, ignore
from nervcodec.extras import needing

RESULTS = "results.jsonl"
WORK = ".work"
"""Folder of the points' temporary files during a run."""
TICK_SECONDS = 0.5
"""Seconds between two checks of the workers, and between two messages of a worker."""


@dataclass(frozen=True)
class Outcome:
    """Outcome of a run: the records of its points."""

    records: list[Record]
    """Records of the points that were asked for and are done, in this run or an earlier one, in the order asked for."""
    failed: list[Record]
    """Records of the points that failed in this run."""
    known: int
    """Number of points that were done in earlier runs."""


POINT_HOURS = 24
"""Hours after which a point is given up, unless a caller says otherwise."""


def run_points(
    points: Sequence[Point],
    folder: Path,
    jobs: int = 1,
    observe: Observer = ignore,
    *,
    timeout: float = POINT_HOURS * 3600,
) -> Outcome:
    """Measure all points that `folder / RESULTS` does not have, `jobs` at a time; points that failed are tried again.

    A line is written as a whole when its point is done, and is on the disk before another point starts. A point that
    takes more than `timeout` seconds is ended, with the encoder that it runs, and has failed.

    Raises OutputError where another run is at work in the folder, or nothing can be written.
    """
    results = folder / RESULTS
    with _alone_in(folder):
        mend_records(results)
        done = {record["key"]: record for record in read_records(results) if record["status"] == "done"}
        _clear(folder / WORK)
        wanted = {point.key: point for point in points}
        known_of_wanted = {key: record for key, record in done.items() if key in wanted}
        run = _Run(folder, jobs, timeout, known_of_wanted, observe)
        known = len(run.done)
        try:
            run.work([point for key, point in wanted.items() if key not in run.done])
        finally:
            run.stop()
            shutil.rmtree(folder / WORK, ignore_errors=True)
    return Outcome([run.done[key] for key in wanted if key in run.done], run.failed, known)


@dataclass
class _Worker:
    """A process with its point."""

    point: Point
    process: BaseProcess
    connection: Connection
    share: float = 0.0
    started: float = field(default_factory=monotonic)


@dataclass
class _Run:
    folder: Path
    jobs: int
    timeout: float
    """Seconds that a point may take."""
    done: dict[str, Record]
    observe: Observer
    failed: list[Record] = field(default_factory=list)
    workers: list[_Worker] = field(default_factory=list)

    def work(self, points: list[Point]) -> None:
        """Measure all of these points."""
        context = _context()
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        surroundings = {**environment(), "threads": threads, "jobs": self.jobs}
        waiting = points[::-1]
        while waiting or self.workers:
            while waiting and len(self.workers) < self.jobs:
                self.workers.append(_start(context, waiting.pop(), self.folder, threads))
            self._tell(waiting)
            ready = wait([worker.connection for worker in self.workers], timeout=TICK_SECONDS)
            for worker in [worker for worker in self.workers if worker.connection in ready]:
                self._hear(worker, surroundings)
            for worker in [worker for worker in self.workers if monotonic() - worker.started > self.timeout]:
                _end(worker)
                self._note(worker, worker.point.failed("Timeout", f"not done in {self.timeout:g} s"), surroundings)

    def stop(self) -> None:
        """End the workers that still run."""
        for worker in self.workers:
            _end(worker)

    def _hear(self, worker: _Worker, surroundings: dict[str, object]) -> None:
        """Take a message of a worker: the share of its point that is done, or its record; or note that it died."""
        try:
            said = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join()
            said = worker.point.failed("Killed", f"the process ended with {worker.process.exitcode}")
        if isinstance(said, float):
            worker.share = max(worker.share, said)  # a fit starts again for another layer, or for a target
            return
        worker.process.join()
        self._note(worker, said, surroundings)

    def _note(self, worker: _Worker, record: Record, surroundings: dict[str, object]) -> None:
        """Write the record of a worker that has ended."""
        self.workers.remove(worker)
        record["environment"] = surroundings
        record["finished"] = datetime.now(UTC).isoformat(timespec="seconds")
        append_record(self.folder / RESULTS, record)
        if record["status"] == "done":
            self.done[record["key"]] = record
        else:
            self.failed.append(record)
        self.observe(PointDone(record))

    def _tell(self, waiting: list[Point]) -> None:
        done = len(self.done) + len(self.failed)
        total = done + len(waiting) + len(self.workers)
        share = (done + sum(worker.share for worker in self.workers)) / max(total, 1)
        running = tuple(worker.point.name for worker in self.workers)
        self.observe(PointsRunning(done, total, share, running, self._seconds_left(waiting)))

    def _seconds_left(self, waiting: list[Point]) -> float | None:
        """Seconds left, estimated by points of the same codec, or of all codecs where it has none yet."""
        took: dict[str, list[float]] = {}
        for record in self.done.values():
            took.setdefault(record["codec"], []).append(record["seconds"])
        if not took:
            return None
        means = {codec: sum(seconds) / len(seconds) for codec, seconds in took.items()}
        usual = sum(means.values()) / len(means)
        left = sum(means.get(point.codec, usual) for point in waiting)
        left += sum((1 - worker.share) * means.get(worker.point.codec, usual) for worker in self.workers)
        return left / self.jobs


def _start(context: BaseContext, point: Point, folder: Path, threads: int) -> _Worker:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(point, folder, threads, sender), daemon=True)  # type: ignore[attr-defined]
    process.start()
    sender.close()
    return _Worker(point, process, receiver)


def _work(point: Point, folder: Path, threads: int, connection: Connection) -> None:
    """Run the point of a worker and send its record; the worker ends with the process that started it."""
    import torch

    if hasattr(os, "setsid"):
        os.setsid()  # a process group for the worker and its encoders, so that the parent can end them all
    tempfile.tempdir = str(folder / WORK)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    last = monotonic()

    def progress(share: float) -> None:
        nonlocal last
        if monotonic() - last >= TICK_SECONDS:
            last = monotonic()
            connection.send(float(share))

    try:
        record = run_point(point, folder, progress)
    except NervcodecError as error:
        record = point.failed(type(error).__name__, str(error))
    except Exception as error:  # a fault of one point, whatever it is, must not end the others
        record = point.failed(type(error).__name__, f"{error}")
    connection.send(record)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    _kill_group(os.getpid())
    os._exit(1)


def _end(worker: _Worker) -> None:
    """End a worker with all processes that it runs; nothing of its point is kept."""
    _kill_group(worker.process.pid)
    worker.process.kill()
    worker.process.join()


def _kill_group(pid: int | None) -> None:
    """End a worker with all processes that it runs, where the system has process groups."""
    if pid is not None and hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _context() -> BaseContext:
    """The way to start processes: forks of one that has loaded torch, except on systems that do not fork."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([run_point.__module__])
    return context


def _clear(folder: Path) -> None:
    """Make an empty folder, and remove what a killed run left there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Lock a folder for the block; the folder is made if it does not exist."""
    with needing("bench"):
        from filelock import FileLock, Timeout
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise OutputError(f"another run is at work in {folder}") from error
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()
