"""Graphs of ONNX operators, made node by node; knows the names of operators, not the library."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Constant = float | Sequence[int] | NDArray[np.float32]
"""A number or an array that an operator takes: float32, or int64 for a sequence of integers."""


@dataclass(frozen=True)
class Node:
    """An operator with the names of what it takes and of what it makes."""

    kind: str
    """Name of the operator in ONNX."""
    inputs: tuple[str, ...]
    """Names of inputs, outputs of other nodes and initializers; an empty name is an input that is left out."""
    output: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """Operators in the order in which they run, and the arrays that they use."""

    nodes: list[Node] = field(default_factory=list)
    initializers: dict[str, NDArray[Any]] = field(default_factory=dict)
    """Weights and constants by name."""

    def add(self, kind: str, *inputs: str | Constant, output: str = "", **attributes: Any) -> str:
        """Append an operator and return the name of its output; each input is a name or a constant."""
        names = tuple(value if isinstance(value, str) else self._constant(value) for value in inputs)
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(Node(kind, names, output, attributes))
        return output

    def _constant(self, value: Constant) -> str:
        array = np.asarray(value)
        name = f"constant_{len(self.initializers)}"
        self.initializers[name] = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        return name

    def cut(self, x: str, axis: int, start: int, stop: int) -> str:
        """The slice [start, stop) of `x` along an axis; negative ends count from the end of the axis."""
        return self.add("Slice", x, [start], [stop], [axis])

    def resize(self, x: str, height: int, width: int) -> str:
        """A map `[B, C, h, w]` at another size, bilinearly, pixels being cells (without aligned corners)."""
        sizes, centres = [height, width], "half_pixel"
        return self.add("Resize", x, "", "", sizes, axes=[2, 3], mode="linear", coordinate_transformation_mode=centres)
