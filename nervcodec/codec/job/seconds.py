"""The duration of an encode over all calls that it took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

from nervcodec.files import replacing

SPENT = "seconds"
"""Name of the file in the job folder with the duration of the calls before."""


@contextmanager
def clocked(folder: Path) -> Iterator[Callable[[], float]]:
    """Count the seconds that an encode takes, with those of earlier calls that were interrupted, but not killed."""
    path, started, before = folder / SPENT, monotonic(), 0.0
    with suppress(OSError, ValueError):
        before = float(path.read_text())

    def seconds() -> float:
        return before + monotonic() - started

    try:
        yield seconds
    except BaseException:
        with suppress(OSError), replacing(path) as temporary:
            temporary.write_text(f"{seconds():.3f}")
        raise
