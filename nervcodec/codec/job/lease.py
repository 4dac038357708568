"""Leases of folders: a file names the one worker of a folder, and its age shows whether that worker is alive."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

LEASE = "lease.json"
TAKING = "lease.taking"
"""Name of a file that exists while a lease changes hands, so that only one of several workers takes a dead worker's."""
HEARTBEAT = 5.0
"""Seconds from one sign of life of a worker to the next."""
EXPIRY = 30.0
"""Seconds without a sign of life after which a worker on another machine counts as dead."""


EXPIRY_HERE = 60.0
"""Seconds without a sign of life after which a worker on this machine counts as dead though its process runs."""


@dataclass(frozen=True)
class Holder:
    """A process on some machine."""

    host: str
    process: int

    @property
    def is_here(self) -> bool:
        """Whether the process is, or was, one of this machine."""
        return self.host == socket.gethostname()


@contextmanager
def lease(folder: Path) -> Iterator[bool]:
    """Hold the lease of a folder within the block; yields False if another living worker holds it."""
    path = folder / LEASE
    held = _take(path)
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(folder, ended), daemon=True)
    if held:
        beating.start()
    try:
        yield held
    finally:
        ended.set()
        if held:
            beating.join()
            if holder(folder) == _ourselves():
                path.unlink(missing_ok=True)


def holder(folder: Path) -> Holder | None:
    """The process that holds the lease of a folder, alive or not; None if there is none, or none is written yet."""
    try:
        return Holder(**json.loads((folder / LEASE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def is_held(folder: Path) -> bool:
    """Whether a living worker holds the lease of a folder."""
    age, known = _age(folder / LEASE), holder(folder)
    if age is None:
        return False
    can_ask = os.name == "posix"  # elsewhere `os.kill` would send a signal
    if known and known.is_here and can_ask:
        return _lives(known.process) and age < EXPIRY_HERE  # later another process may have its number
    return age < EXPIRY


def _take(path: Path) -> bool:
    """Take a lease if it is free; returns whether it was taken."""
    taking = path.with_name(TAKING)
    if is_held(path.parent) or not _create(taking):
        return False
    try:
        if is_held(path.parent):
            return False
        path.unlink(missing_ok=True)
        return _create(path)
    finally:
        taking.unlink(missing_ok=True)


def _create(path: Path) -> bool:
    """Create a file that names this process; returns False if it exists, except for one that has expired."""
    if (_age(path) or 0) > EXPIRY:
        path.unlink(missing_ok=True)
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    with os.fdopen(file, "w") as opened:
        json.dump(asdict(_ourselves()), opened)
    return True


def _ourselves() -> Holder:
    return Holder(socket.gethostname(), os.getpid())


def _age(path: Path) -> float | None:
    """Seconds since a file was last written or touched; None if there is no such file."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_dead_but_noted(process)


def _is_dead_but_noted(process: int) -> bool:
    """Whether a process has ended, but its parent has not yet read its exit status; only Linux tells."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def _beat(folder: Path, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT):
        if holder(folder) == _ourselves():
            with suppress(OSError):  # the folder is gone if the job has ended
                os.utime(folder / LEASE)
