"""Steps as CUDA graphs: a GPU then gets one order for a whole step in place of a thousand.

A graph repeats what was done once, on the same tensors. So a step may read and change only tensors that stay where they
are, and numbers that change from step to step are tensors too. Steps that differ in what they do are of several
*kinds*, and each has a graph, which is good for one *version* of everything else that the step depends on
(https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs).
"""

import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

LOG = logging.getLogger(__name__)
Step = Callable[[], None]
WARM_STEPS = 8
"""Steps of a version of a kind before it is captured, in which libraries choose algorithms and optimizers make their
states. PyTorch's documentation has 3; a version that is met less often is not worth a capture (ours, not measured)."""


class Runner:
    """Takes steps as they are."""

    def run(self, kind: Hashable, version: Hashable, step: Step) -> None:
        """Take a step of a version of a kind."""
        step()

    def number(self, name: str, value: float) -> float | Tensor:
        """A number that changes from step to step, as a step may use it."""
        return value

    def indices(self, values: Tensor) -> Tensor:
        """Indices that change from step to step, as a step may use them."""
        return values


class Recorder(Protocol):
    """Makes graphs of steps."""

    def warm(self, step: Step) -> None:
        """Take a step in the way in which it will be captured."""

    def capture(self, step: Step) -> Step:
        """A graph of a step, which is not taken; called, it takes the step. Raises RuntimeError where it cannot."""


class CudaRecorder:
    """Makes CUDA graphs.

    generators: all that a step draws from.
    """

    def __init__(self, device: torch.device, generators: Sequence[torch.Generator]) -> None:
        self.device, self.generators = device, generators
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.pool = torch.cuda.graph_pool_handle()  # shared, as no step needs what another one leaves there

    def warm(self, step: Step) -> None:
        """Take a step on the stream on which steps are captured."""
        self.stream.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(self.stream):
            step()
        torch.cuda.current_stream(self.device).wait_stream(self.stream)

    def capture(self, step: Step) -> Step:
        """A CUDA graph of a step."""
        graph = torch.cuda.CUDAGraph()
        for generator in self.generators:
            graph.register_generator_state(generator)  # so that each replay draws other numbers
        with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
            step()
        return graph.replay


@dataclass
class _Kind:
    """What is known of the steps of a kind."""

    version: Hashable
    met: int = 0
    """Number of steps of the version."""
    graph: Step | None = None


class CapturingRunner(Runner):
    """Takes the first steps of a version of a kind as they are, and those that follow by a graph.

    Where a step cannot be captured, that is logged once, and all steps are taken as they are.
    """

    def __init__(self, device: torch.device, recorder: Recorder, warm_steps: int = WARM_STEPS) -> None:
        self.device, self.warm_steps = device, warm_steps
        self.recorder: Recorder | None = recorder
        self._kinds: dict[Hashable, _Kind] = {}
        self._numbers: dict[str, Tensor] = {}
        self._indices: dict[int, Tensor] = {}

    def run(self, kind: Hashable, version: Hashable, step: Step) -> None:
        """Take a step of a version of a kind; the graph of another version is dropped."""
        known = self._kinds.get(kind)
        if known is None or known.version != version:
            known = self._kinds[kind] = _Kind(version)
        known.met += 1
        if self.recorder and known.met > self.warm_steps and not known.graph:
            known.graph = self._captured(self.recorder, step)
        if known.graph:
            known.graph()
        elif self.recorder:
            self.recorder.warm(step)
        else:
            step()

    def number(self, name: str, value: float) -> Tensor:
        """The tensor with a name, which has the number now; it stays where it is."""
        if name not in self._numbers:
            self._numbers[name] = torch.zeros((), device=self.device)
        return self._numbers[name].fill_(value)

    def indices(self, values: Tensor) -> Tensor:
        """The tensor for as many indices, which has the values now; it stays where it is."""
        if len(values) not in self._indices:
            self._indices[len(values)] = torch.empty_like(values)
        return self._indices[len(values)].copy_(values)

    def _captured(self, recorder: Recorder, step: Step) -> Step | None:
        try:
            return recorder.capture(step)
        except RuntimeError as error:
            LOG.warning("a step cannot be captured and is taken order by order: %s", error)
            self.recorder = None
            return None


def runner_for(device: torch.device, generator: torch.Generator, *, captured: bool) -> Runner:
    """What takes the steps of a fit on a device, which draw from a generator; on CUDA by graphs, if `captured`."""
    if captured and device.type == "cuda":
        return CapturingRunner(device, CudaRecorder(device, [generator]))
    return Runner()
