"""Config of DNeRV (CVPR 2023): a pyramid with a gated stream of frame differences."""

from dataclasses import dataclass
from math import prod

from nervcodec.models.config import PyramidConfig, convolution_parameters
from nervcodec.models.limits import MAX_STRIDE, require, require_grid, require_kernel

FUSED_STAGES = 3
"""Number of stages before the gate (DNeRV code: the gate is after the third of five)."""


@dataclass(frozen=True, kw_only=True)
class DNeRVConfig(PyramidConfig):
    """The pyramid of HNeRV with a gated stream of frame differences (DNeRV, CVPR 2023)."""

    difference: tuple[int, int, int]
    """Shape of the difference embedding of one frame: channels, height, width."""
    difference_strides: tuple[int, ...]
    """Upsampling factors from the difference embedding to the map after stage 3."""
    difference_kernel: int
    """Kernel size of the convolutions that upsample the difference embedding."""
    gate_kernel: int
    """Kernel size of the four convolutions of the gate (K_c of Table 8)."""

    def __post_init__(self) -> None:
        require(len(self.strides) > FUSED_STAGES, f"{len(self.strides)} stages for a gate after stage {FUSED_STAGES}")
        require(1 <= len(self.difference_strides) <= FUSED_STAGES, f"{len(self.difference_strides)} difference stages")
        require(all(1 <= s <= MAX_STRIDE for s in self.difference_strides), f"strides {self.difference_strides}")
        require_grid(self.difference)
        require_kernel(self.difference_kernel)
        require_kernel(self.gate_kernel)
        super().__post_init__()
        scale = prod(self.difference_strides)
        upsampled = tuple(scale * side for side in self.difference[1:])
        fused = tuple(prod(self.strides[:FUSED_STAGES]) * side for side in self.content[1:])
        require(upsampled == fused, f"a difference embedding that grows to {upsampled} where {fused} is needed")

    @property
    def embeddings(self) -> dict[str, tuple[int, int, int]]:
        return {"content": self.content, "difference": self.difference}

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "difference_stem", "difference_stages", "gate")

    @property
    def difference_widths(self) -> tuple[int, ...]:
        """Channels along the difference path: n blocks start at c_(3-n) and end at c_3 (our general rule)."""
        return self.widths[FUSED_STAGES - len(self.difference_strides) : FUSED_STAGES + 1]

    @property
    def parameters(self) -> int:
        widths = self.difference_widths
        stem = convolution_parameters(self.difference[0], widths[0], 1)
        stages = sum(
            convolution_parameters(c_in, c_out * stride**2, self.difference_kernel)
            for c_in, c_out, stride in zip(widths, widths[1:], self.difference_strides, strict=False)
        )
        gate = 4 * convolution_parameters(widths[-1], widths[-1], self.gate_kernel)
        return super().parameters + stem + stages + gate
