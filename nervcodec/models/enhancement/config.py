"""Config of the enhancement networks of QS-NeRV (EEN, ACM MM 2024)."""

from dataclasses import dataclass
from math import prod

from nervcodec.models.config import PyramidConfig, convolution_parameters
from nervcodec.models.limits import require


@dataclass(frozen=True, kw_only=True)
class EnhancementConfig(PyramidConfig):
    """A pyramid that corrects the frames of the layers below (EEN of QS-NeRV, ACM MM 2024; its inside is ours)."""

    join: int
    """Number of stages before the frames of the layers below join; 0 means at the stem."""

    def __post_init__(self) -> None:
        require(0 <= self.join <= len(self.strides), f"frames that join after stage {self.join}")
        super().__post_init__()

    @property
    def join_scale(self) -> int:
        """Side of a cell of the map that the frames below join, in pixels of these frames."""
        return prod(self.strides[self.join :])

    @property
    def largest_map(self) -> int:
        return max(super().largest_map, self.channels * prod(self.padded_size))

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "join")

    @property
    def parameters(self) -> int:
        return super().parameters + convolution_parameters(
            self.channels * self.join_scale**2, self.widths[self.join], 3
        )
