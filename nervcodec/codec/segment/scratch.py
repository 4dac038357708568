"""Where the fits of a segment leave what they know, so that nothing is computed twice after an interruption."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from nervcodec.files import replacing
from nervcodec.training.checkpoint import SECONDS, Keeper


class Notes:
    """A record, as JSON has it, of work that comes frame by frame."""

    def __init__(self, path: Path) -> None:
        self.path, self.last = path, monotonic()

    def load(self) -> dict[str, Any]:
        """What was noted last; nothing where nothing was."""
        with suppress(OSError, ValueError):
            record: dict[str, Any] = json.loads(self.path.read_text())
            return record
        return {}

    def save(self, record: Callable[[], dict[str, Any]], *, now: bool = False) -> None:
        """Note it if it is time, or `now`."""
        if now or monotonic() - self.last >= SECONDS:
            self.last = monotonic()
            with replacing(self.path) as temporary:
                temporary.write_text(json.dumps(record()))


class Scratch:
    """A folder for the fits of one segment, which come in the same order whenever the segment is begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries = 0

    def keeper(self) -> Keeper:
        """For the state of the next fit."""
        return Keeper(self._next("safetensors"))

    def recall(self, compute: Callable[[], int]) -> int:
        """A number that was computed here before, or is now."""
        path = self._next("json")
        with suppress(OSError, ValueError):
            return int(json.loads(path.read_text()))
        number = compute()
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(number))
        return number

    def notes(self) -> "Notes":
        """For what is measured next."""
        return Notes(self._next("json"))

    def _next(self, suffix: str) -> Path:
        self.entries += 1
        self.folder.mkdir(exist_ok=True)
        return self.folder / f"{self.entries}.{suffix}"
