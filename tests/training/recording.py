"""What a GPU would do, on a CPU: notes of all operations of a step, and graphs that repeat them on the same tensors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

WAITS = {
    "_local_scalar_dense",
    "nonzero",
    "masked_select",
    "unique_dim",
    "_unique2",
    "lift_fresh",
    "is_pinned",
    "equal",
}
"""Names of operations for which a GPU is waited for: numbers read, shapes that depend on numbers, data of Python's."""
READERS = ("to", "cpu", "tolist", "numpy", "item", "__float__", "__bool__", "__int__", "cuda", "pin_memory")
Call = tuple[Any, tuple[Any, ...], dict[str, Any], Any]


class Recording(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the operations within its block."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, made))
        return made

    def waits(self) -> list[str]:
        """Names of operations that a GPU would be waited for in."""
        found = [_name(func) for func, *_ in self.calls if _name(func) in WAITS]
        for func, args, *_ in self.calls:
            if _name(func) in ("index", "index_put_") and any(i.dtype == torch.bool for i in tree_leaves(args[1])):
                found.append(f"{_name(func)} by a mask")
        return found

    def wide(self) -> list[str]:
        """Names of operations that make float64."""
        return [_name(func) for func, _, _, made in self.calls if torch.float64 in _dtypes(made)]


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Recording, list[str]]]:
    """Notes the operations within the block, and the names of methods that bring tensors to Python or elsewhere."""
    read: list[str] = []
    with monkeypatch.context() as patches, Recording() as recording:
        for name in READERS:
            patches.setattr(Tensor, name, _noting(name, getattr(Tensor, name), read))
        yield recording, read


class Recorder:
    """In place of CUDA graphs: a step is recorded, and repeated operation by operation, with the numbers it had."""

    def __init__(self) -> None:
        self.captured = self.replayed = 0

    def warm(self, step: Callable[[], None]) -> None:
        """Take a step."""
        step()

    def capture(self, step: Callable[[], None]) -> Callable[[], None]:
        """The step is taken at once, so the first call, which a graph of CUDA needs for that, does nothing."""
        self.captured += 1
        with Recording() as recording:
            step()
        taken = True

        def graph() -> None:
            nonlocal taken
            if not taken:
                self.replayed += 1
                replay(recording.calls)
            taken = False

        return graph


@torch.no_grad()
def replay(calls: list[Call]) -> None:
    """Repeat operations on the same tensors, and put what they make where it was made."""
    for func, args, kwargs, made in calls:
        again = func(*args, **kwargs)
        for old, new in zip(tree_leaves(made), tree_leaves(again), strict=True):
            if isinstance(old, Tensor) and old.data_ptr() != new.data_ptr():
                old.detach().copy_(new.detach())


def _name(func: Any) -> str:
    return str(func.overloadpacket.__name__)


def _dtypes(made: Any) -> set[torch.dtype]:
    return {tensor.dtype for tensor in tree_leaves(made) if isinstance(tensor, Tensor)}


def _noting(name: str, method: Callable[..., Any], read: list[str]) -> Callable[..., Any]:
    def noting(*args: Any, **kwargs: Any) -> Any:
        if name != "to" or any(isinstance(a, str) for a in (*args, *kwargs.values())):
            read.append(name)
        return method(*args, **kwargs)

    return noting
