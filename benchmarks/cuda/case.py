"""What the parts of the benchmark share: where they run, and what one of their measurements is."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any, Literal

import torch

from benchmarks.memory import high_water

Figures = dict[str, Any]
"""Results of a measurement, as JSON has them."""
Case = tuple[str, Callable[[], Figures]]
"""A measurement of a part: its name, and what makes it."""
DeviceName = Literal["cpu", "cuda"]
CPU: DeviceName = "cpu"
ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "tests" / "data" / "bunny_1280x720_132f.mp4")
GOLDEN = ROOT / "tests" / "golden"


class Skipped(Exception):
    """A measurement that the machine or the time left does not allow; says why."""


@dataclass(frozen=True)
class Bench:
    """Where and how large a part measures."""

    device: DeviceName
    quick: bool
    """Whether sizes are tiny: whether everything works, without a figure that means anything."""
    folder: Path
    """Folder for files that a later part reads."""
    ends: float
    """Time of `time.monotonic` at which the part is stopped."""

    @property
    def place(self) -> torch.device:
        """The device for torch."""
        return torch.device(self.device)

    def need(self, seconds: float) -> None:
        """Raise Skipped if a part has fewer seconds left than it needs."""
        left = self.ends - monotonic()
        if left < seconds:
            raise Skipped(f"needs {seconds:.0f} s, and {left:.0f} s are left")

    def peak_mb(self) -> int:
        """Most megabytes of the GPU's memory that tensors took since `forget_peak`; on a CPU, of the whole process."""
        return round((torch.cuda.max_memory_allocated() if self.device == "cuda" else high_water()) / 1e6)

    def forget_peak(self) -> None:
        """Begin anew to note the peak of the GPU's memory, without what is no longer used."""
        if self.device == "cuda":
            gc.collect()
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()


def seconds_of(bench: Bench, work: Callable[[], object]) -> float:
    """Seconds of some work, up to the end of what it has the GPU do."""
    _finish(bench)
    started = perf_counter()
    work()
    _finish(bench)
    return perf_counter() - started


def laps(bench: Bench, work: Callable[[int], object], numbers: range) -> list[float]:
    """Milliseconds from the end of one call of `work` to the end of the next, for a call with each of some numbers.

    On CUDA the GPU notes the times (CUDA events), so that nothing waits for it between the calls.
    """
    if bench.device == "cpu":
        return [1000 * seconds_of(bench, partial(work, number)) for number in numbers]
    events = [torch.cuda.Event(enable_timing=True) for _ in range(len(numbers) + 1)]  # type: ignore[no-untyped-call]
    events[0].record()
    for number, event in zip(numbers, events[1:], strict=True):
        work(number)
        event.record()
    torch.cuda.synchronize()
    return [before.elapsed_time(after) for before, after in pairwise(events)]


def _finish(bench: Bench) -> None:
    if bench.device == "cuda":
        torch.cuda.synchronize()
