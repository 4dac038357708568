"""A process that measures one point of a benchmark, with the encoders that it runs."""

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic

from nervcodec.bench.run.point import Point, run_point
from nervcodec.errors import NervcodecError

WORK = ".work"
"""Folder of the points' temporary files during a run."""
TICK_SECONDS = 0.5
"""Seconds between two checks of the workers, and between two messages of a worker."""


@dataclass
class Worker:
    """A process, and the point that it measures."""

    point: Point
    process: BaseProcess
    connection: Connection
    """Gives the share of the point that is done, now and then, and at last its record."""
    share: float = 0.0
    started: float = field(default_factory=monotonic)


def start(context: BaseContext, point: Point, folder: Path, threads: int) -> Worker:
    """Begin to measure a point, with torch on a number of threads."""
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(point, folder, threads, sender), daemon=True)  # type: ignore[attr-defined]
    process.start()
    sender.close()
    return Worker(point, process, receiver)


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


def end(worker: Worker) -> None:
    """End a worker with all processes that it runs; nothing of its point is kept."""
    _kill_group(worker.process.pid)
    worker.process.kill()
    worker.process.join()


def _kill_group(pid: int | None) -> None:
    """End a worker with all processes that it runs, where the system has process groups."""
    if pid is not None and hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def fork_context() -> BaseContext:
    """The way to start processes: forks of one that has loaded torch, except on systems that do not fork."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([run_point.__module__])
    return context
