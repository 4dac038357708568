"""Checkpoints: files with the state of a fit, from which it continues as if it had not been interrupted.

The files are safetensors, with everything that is no tensor as JSON in the metadata, and a digest over both.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nervcodec.files import replacing
from nervcodec.training.optimizers import Optimizer

SECONDS = 15.0
"""Seconds between two checkpoints, which are the most that a crash may cost (ours)."""

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """Everything that a fit needs to continue."""

    numbers: dict[str, Any]
    """Everything that is no tensor, as a JSON object."""
    tensors: dict[str, Tensor]


def save_checkpoint(path: Path, state: State) -> None:
    """Write a state to a file, whole or not at all.

    Raises OutputError for what the operating system refuses.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
    text = json.dumps(state.numbers)
    with replacing(path) as temporary:
        save_file(tensors, temporary, {"state": text, "digest": _digest(text, tensors)})


def load_checkpoint(path: Path) -> State | None:
    """The inverse of `save_checkpoint`; None if the file is missing or damaged."""
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dict
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        LOG.warning("%s is damaged and not used: %s", path, error)
        return None
    text = metadata.get("state", "")
    if metadata.get("digest") != _digest(text, tensors):
        LOG.warning("%s does not match its digest and is not used", path)
        return None
    return State(json.loads(text), tensors)


class Keeper:
    """Keeps the state of one fit in a file, saved every `seconds` seconds."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        self.path, self.seconds = path, seconds
        self.last = monotonic()

    def load(self) -> State | None:
        """The state that was saved last; None if there is none."""
        return load_checkpoint(self.path)

    def keep(self, state: Callable[[], State], *, now: bool = False) -> None:
        """Save a state if the last one is old enough, or `now`."""
        if now or monotonic() - self.last >= self.seconds:
            save_checkpoint(self.path, state())
            self.last = monotonic()


def resumable(keeper: Keeper | None, identity: str) -> State | None:
    """The state that was kept of the fit with an identity, which is `plan` in its numbers; None if there is none."""
    state = keeper.load() if keeper else None
    return state if state and state.numbers["plan"] == identity else None


@contextmanager
def leaving(keeper: Keeper | None, state: Callable[[], State]) -> Iterator[None]:
    """Save the state if the block raises anything, before that is raised again."""
    try:
        yield
    except BaseException:
        if keeper:
            keeper.keep(state, now=True)
        raise


def optimizer_state(optimizers: Sequence[Optimizer]) -> dict[str, Tensor]:
    """All tensors that optimizers keep of their parameters, by name."""
    return {
        f"optimizer {index} {number} {key}": value
        for index, optimizer in enumerate(optimizers)
        for number, state in enumerate(optimizer.states)
        for key, value in state.items()
    }


def restore_optimizers(optimizers: Sequence[Optimizer], tensors: Mapping[str, Tensor]) -> None:
    """The inverse of `optimizer_state`; other tensors are ignored."""
    for name, value in tensors.items():
        kind, *where = name.split(" ")
        if kind == "optimizer":
            optimizer, number = optimizers[int(where[0])], int(where[1])
            optimizer.states[number][where[2]] = _placed_like(optimizer.params[number], value)


def _placed_like(parameter: Tensor, value: Tensor) -> Tensor:
    """A value of an optimizer on its parameter's device and, if it has that shape, in the same memory layout."""
    value = value.to(parameter.device)
    return torch.empty_like(parameter, dtype=value.dtype).copy_(value) if value.shape == parameter.shape else value


def _digest(text: str, tensors: dict[str, Tensor]) -> str:
    digest = sha256(text.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()
