"""Storage for the fits of a segment, so that nothing is computed twice after an interruption."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from nervcodec.files import replacing
from nervcodec.training.checkpoint import SECONDS, Keeper


class Notes:
    """A JSON file with a record of work that is done frame by frame."""

    def __init__(self, path: Path) -> None:
        self.path, self.last = path, monotonic()

    def load(self) -> dict[str, Any]:
        """The record that was saved last; empty if there is none."""
        with suppress(OSError, ValueError):
            record: dict[str, Any] = json.loads(self.path.read_text())
            return record
        return {}

    def save(self, record: Callable[[], dict[str, Any]], *, now: bool = False) -> None:
        """Save a record if the last one is old enough, or `now`."""
        if now or monotonic() - self.last >= SECONDS:
            self.last = monotonic()
            with replacing(self.path) as temporary:
                temporary.write_text(json.dumps(record()))


class Scratch:
    """A folder for the fits of one segment, which run in the same order each time the segment is begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries = 0

    def keeper(self) -> Keeper:
        """A keeper for the state of the next fit."""
        return Keeper(self._next("safetensors"))

    def recall(self, compute: Callable[[], Sequence[int]]) -> list[int]:
        """Numbers from the folder if they were computed before; else they are computed and saved."""
        path = self._next("json")
        with suppress(OSError, ValueError, TypeError):
            return [int(number) for number in json.loads(path.read_text())]
        numbers = list(compute())
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(numbers))
        return numbers

    def notes(self) -> "Notes":
        """Notes for the next measurement."""
        return Notes(self._next("json"))

    def _next(self, suffix: str) -> Path:
        self.entries += 1
        self.folder.mkdir(exist_ok=True)
        return self.folder / f"{self.entries}.{suffix}"
