"""What a file should reach: a size or a quality."""

from dataclasses import dataclass
from typing import Literal

from nervcodec.errors import RequestError

TargetKind = Literal["psnr", "ms-ssim", "bytes", "bpp"]
TOLERANCES: dict[TargetKind, float] = {"psnr": 0.1, "ms-ssim": 0.002, "bytes": 0.03, "bpp": 0.03}
"""How near is near enough: decibels, the index itself, and shares of the size."""
LIMITS: dict[TargetKind, tuple[float, float]] = {
    "psnr": (5.0, 70.0),
    "ms-ssim": (0.05, 0.9999),
    "bytes": (500.0, 1e9),
    "bpp": (1e-5, 10.0),
}


@dataclass(frozen=True)
class Target:
    """What a file should be like."""

    kind: TargetKind
    value: float
    """Decibels, index, bytes or bits for each pixel."""

    def __post_init__(self) -> None:
        if self.kind not in LIMITS:
            raise RequestError(f"a target is one of {', '.join(LIMITS)}, not {self.kind}")
        low, high = LIMITS[self.kind]
        if not low <= self.value <= high:
            raise RequestError(f"a target of {self.kind} lies between {low:g} and {high:g}, not {self.value:g}")

    @property
    def is_size(self) -> bool:
        """Whether it asks for bytes, not for quality."""
        return self.kind in ("bytes", "bpp")
