"""Ending long work in order: at the next event, or at once after a second signal."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from nervcodec.cli.json_lines import json_line
from nervcodec.events import Event, Observer

try:
    import termios
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

PATIENCE = 4.0
"""Seconds after a signal at which work without any event is ended."""
SHOW_CURSOR = "\x1b[?25h"
REASONS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class Stopped(BaseException):
    """A signal to stop arrived."""

    def __init__(self, number: int) -> None:
        super().__init__(REASONS[signal.Signals(number)])
        self.exit_code = 128 + number


def stop_at_once(number: int, frame: FrameType | None) -> None:
    """Handle a signal in commands that have no work to keep.

    Raises Stopped.
    """
    raise Stopped(number)


@contextmanager
def silent_keys() -> Iterator[None]:
    """Keep the terminal from printing ^C within the block, which would move a bar that is drawn there by a line."""
    if termios is None or not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    silent = [*before]
    silent[3] &= ~termios.ECHOCTL
    termios.tcsetattr(sys.stdin, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


@contextmanager
def stoppable(observe: Observer, *, as_json: bool) -> Iterator[Observer]:
    """Wrap an observer so that it raises Stopped at the first event after SIGINT or SIGTERM, and finished work is kept.

    At a second signal, and where no event comes within PATIENCE, the process ends at once.
    """
    arrived: list[int] = []
    timers: list[threading.Timer] = []

    def note(number: int, frame: FrameType | None) -> None:
        if arrived:
            _leave(number, as_json=as_json)
        arrived.append(number)
        timer = threading.Timer(PATIENCE, _leave, [number], {"as_json": as_json})
        timer.daemon = True
        timer.start()
        timers.append(timer)

    def disarm() -> None:
        while timers:
            timers.pop().cancel()

    def watch(event: Event) -> None:
        if arrived:
            disarm()
            raise Stopped(arrived[0])
        observe(event)

    before = {number: signal.signal(number, note) for number in REASONS}
    try:
        yield watch
    finally:
        disarm()
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, *, as_json: bool) -> None:
    """End the process without waiting for anything."""
    stopped = Stopped(number)
    if sys.stderr.isatty():
        sys.stderr.write(SHOW_CURSOR)
    sys.stderr.write(f"nervc: {stopped} at once; the same command goes on from the last state that was kept\n")
    sys.stderr.flush()
    if as_json:
        json_line({"type": "error", "code": stopped.exit_code, "message": str(stopped)})
    os._exit(stopped.exit_code)
