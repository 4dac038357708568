"""Config of FFNeRV (ACM MM 2023): frames that borrow from their neighbours along flows."""

from dataclasses import dataclass
from math import prod

from nervcodec.models.config import PyramidConfig, convolution_parameters
from nervcodec.models.limits import MAX_COARSER_GRIDS, MAX_REACH, MAX_SPAN, require

FLOW_CHANNELS = 3
"""Number of channels for each neighbour: a flow along x and y, and a weight."""


@dataclass(frozen=True, kw_only=True)
class FFNeRVConfig(PyramidConfig):
    """The pyramid of HNeRV over temporal grids of several resolutions, and flows to neighbouring frames (FFNeRV)."""

    spans: tuple[int, ...]
    """Frames from a row to the next in each grid besides `content`, which has a row at every frame; increasing."""
    reach: int
    """Number of neighbours on each side of a frame that the frame borrows from."""
    flow_stage: int
    """Number of stages before flows and weights leave the pyramid; 0 means after the stem."""

    def __post_init__(self) -> None:
        require(len(self.spans) <= MAX_COARSER_GRIDS, f"{len(self.spans)} grids beside content")
        ordered = all(a < b for a, b in zip((1, *self.spans), (*self.spans, MAX_SPAN + 1), strict=True))
        require(ordered, f"grids with a row every {self.spans} frames")
        require(1 <= self.reach <= MAX_REACH, f"a reach of {self.reach} frames")
        require(0 <= self.flow_stage <= len(self.strides), f"flows that leave after stage {self.flow_stage}")
        super().__post_init__()

    @property
    def flow_scale(self) -> int:
        """Side of a cell of the map of flows, in pixels of the rendered picture."""
        return prod(self.strides[self.flow_stage :])

    @property
    def head_channels(self) -> int:
        """Channels of the head: the independent frame, its weight and that of borrowed pixels (FFNeRV, section 3.2)."""
        return self.channels + 2

    @property
    def latent_channels(self) -> int:
        """Number of channels of all grids together, each of which has the shape of `content`."""
        return self.content[0] * len(self.embeddings)

    @property
    def largest_map(self) -> int:
        return max(super().largest_map, self.head_channels * prod(self.padded_size))

    @property
    def largest_render(self) -> int:
        """Number of values in the largest maps of as many frames as a window has: their pyramids, and what they borrow
        from each neighbour."""
        window, neighbours = 1 + 2 * self.reach, 2 * self.reach
        borrowed = window * neighbours * (self.channels + 2 * FLOW_CHANNELS) * prod(self.padded_size)
        return max((1 + 4 * self.reach) * self.largest_map, borrowed)

    @property
    def embeddings(self) -> dict[str, tuple[int, int, int]]:
        return {"content": self.content} | {f"content_{span}": self.content for span in self.spans}

    @property
    def span_of(self) -> dict[str, int]:
        return dict(zip(self.embeddings, (1, *self.spans), strict=True))

    @property
    def window(self) -> int:
        return self.reach

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "head_flow")

    @property
    def parameters(self) -> int:
        channels, last = self.content[0], self.widths[-1]
        stem = self.widths[0] * (self.latent_channels - channels)  # beyond what HNeRV's stem has
        head = convolution_parameters(last, self.head_channels, 3) - convolution_parameters(last, self.channels, 3)
        flows = convolution_parameters(self.widths[self.flow_stage], 2 * self.reach * FLOW_CHANNELS, 1)
        return super().parameters + stem + head + flows
