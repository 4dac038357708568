"""Runs the points of a benchmark, each in a process of its own, into results.jsonl; finished points are kept."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import wait
from pathlib import Path
from time import monotonic

from nervcodec.bench.environment import environment
from nervcodec.bench.record import Record, append_record, mend_records, read_records
from nervcodec.bench.run.point import Point
from nervcodec.bench.run.worker import TICK_SECONDS, WORK, Worker, end, fork_context, start
from nervcodec.errors import OutputError
from nervcodec.events import Observer, PointDone, PointsRunning, ignore
from nervcodec.extras import needing

RESULTS = "results.jsonl"
POINT_HOURS = 24
"""Hours after which a point is given up, unless a caller says otherwise."""


@dataclass(frozen=True)
class Outcome:
    """Outcome of a run: the records of its points."""

    records: list[Record]
    """Records of the points that were asked for and are done, in this run or an earlier one, in the order asked for."""
    failed: list[Record]
    """Records of the points that failed in this run."""
    known: int
    """Number of points that were done in earlier runs."""


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
        known_of_wanted = {k: r for k, r in done.items() if k in wanted and not _lacks_files(wanted[k], r, folder)}
        run = _Run(folder, jobs, timeout, known_of_wanted, observe)
        known = len(run.done)
        try:
            run.work([point for key, point in wanted.items() if key not in run.done])
        finally:
            run.stop()
            shutil.rmtree(folder / WORK, ignore_errors=True)
    return Outcome([run.done[key] for key in wanted if key in run.done], run.failed, known)


@dataclass
class _Run:
    folder: Path
    jobs: int
    timeout: float
    """Seconds that a point may take."""
    done: dict[str, Record]
    observe: Observer
    failed: list[Record] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)

    def work(self, points: list[Point]) -> None:
        """Measure all of these points."""
        context = fork_context()
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        surroundings = {**environment(), "threads": threads, "jobs": self.jobs}
        waiting = points[::-1]
        while waiting or self.workers:
            while waiting and len(self.workers) < self.jobs:
                self.workers.append(start(context, waiting.pop(), self.folder, threads))
            self._tell(waiting)
            ready = wait([worker.connection for worker in self.workers], timeout=TICK_SECONDS)
            for worker in [worker for worker in self.workers if worker.connection in ready]:
                self._hear(worker, surroundings)
            for worker in [worker for worker in self.workers if monotonic() - worker.started > self.timeout]:
                end(worker)
                self._note(worker, worker.point.failed("Timeout", f"not done in {self.timeout:g} s"), surroundings)

    def stop(self) -> None:
        """End the workers that still run."""
        for worker in self.workers:
            end(worker)

    def _hear(self, worker: Worker, surroundings: dict[str, object]) -> None:
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

    def _note(self, worker: Worker, record: Record, surroundings: dict[str, object]) -> None:
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


def _lacks_files(point: Point, record: Record, folder: Path) -> bool:
    """Whether files of a point are to be kept that are not there."""
    kept = record.get("files")
    return point.keep_files and not (
        kept and all((folder / name).exists() for name in (kept["source"], kept["stream"]))
    )


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
