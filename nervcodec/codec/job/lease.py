"""One worker at a time: a file that says who works in a folder, and whose age says whether it still does."""

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
"""Is there for the moment in which a lease changes hands: of several who find a dead worker's, one takes it."""
HEARTBEAT = 5.0
"""Seconds from a sign of life to the next."""
EXPIRY = 30.0
"""Seconds without one after which a worker on another machine counts as dead."""


EXPIRY_HERE = 60.0
"""The same for one of this machine that seems to live."""


@dataclass(frozen=True)
class Holder:
    """A process, somewhere."""

    host: str
    process: int

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, one of this machine."""
        return self.host == socket.gethostname()


@contextmanager
def lease(folder: Path) -> Iterator[bool]:
    """Whether the folder is ours, while the block lasts; a worker that died holds it no longer."""
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
    """Who holds the lease of a folder, alive or not; None for nobody, or one who is about to."""
    try:
        return Holder(**json.loads((folder / LEASE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def is_held(folder: Path) -> bool:
    """Whether somebody who lives holds the lease of a folder."""
    age, known = _age(folder / LEASE), holder(folder)
    if age is None:
        return False
    can_ask = os.name == "posix"  # elsewhere the question would be a signal
    if known and known.is_here and can_ask:
        return _lives(known.process) and age < EXPIRY_HERE  # by then another process may have its number
    return age < EXPIRY


def _take(path: Path) -> bool:
    """Become the holder of a lease that is free; whether that was so."""
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
    """Make a file in our name; whether there was none, but for one that somebody died over."""
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
    """Seconds since the last sign of life; None where there is no such file."""
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
    """Whether a process has ended, and its parent has not asked how; only Linux tells."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def _beat(folder: Path, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT):
        if holder(folder) == _ourselves():
            with suppress(OSError):  # the folder is gone, and with it what there was to work on
                os.utime(folder / LEASE)
