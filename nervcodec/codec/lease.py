"""One worker at a time: a file that says who works in a folder, and whose age says whether it still does."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LEASE = "lease.json"
HEARTBEAT = 5.0
"""Seconds from a sign of life to the next."""
EXPIRY = 30.0
"""Seconds without one after which a worker on another machine counts as dead."""


@contextmanager
def lease(folder: Path) -> Iterator[bool]:
    """Whether the folder is ours, while the block lasts; a worker that died holds it no longer."""
    path = folder / LEASE
    held = _take(path)
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(path, ended), daemon=True)
    if held:
        beating.start()
    try:
        yield held
    finally:
        ended.set()
        if held:
            beating.join()
            path.unlink(missing_ok=True)


def _take(path: Path) -> bool:
    """Become the holder of a lease that is free; whether that was so."""
    if _is_held(path):
        return False
    path.unlink(missing_ok=True)
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:  # another one was quicker
        return False
    with os.fdopen(file, "w") as lease_file:
        json.dump({"host": socket.gethostname(), "process": os.getpid()}, lease_file)
    return True


def _is_held(path: Path) -> bool:
    try:
        holder, age = json.loads(path.read_text()), time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    except ValueError:  # it is being written
        return True
    if holder["host"] == socket.gethostname():
        return _lives(holder["process"])
    return age < EXPIRY


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _beat(path: Path, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT):
        path.touch()
