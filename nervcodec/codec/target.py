"""Targets of an encode: a size or a quality that a file should reach."""

from dataclasses import dataclass
from typing import Literal

from nervcodec.errors import RequestError

TargetKind = Literal["psnr", "ms-ssim", "bytes", "bpp"]
TOLERANCES: dict[TargetKind, float] = {"psnr": 0.1, "ms-ssim": 0.002, "bytes": 0.03, "bpp": 0.03}
"""Largest deviation from a target that counts as reached: in dB, in MS-SSIM, and as shares of the size."""
LIMITS: dict[TargetKind, tuple[float, float]] = {
    "psnr": (5.0, 70.0),
    "ms-ssim": (0.05, 0.9999),
    "bytes": (500.0, 1e9),
    "bpp": (1e-5, 10.0),
}


@dataclass(frozen=True)
class Target:
    """A size or a quality that a file should reach."""

    kind: TargetKind
    value: float
    """Target value in dB, MS-SSIM, bytes or bits per pixel, by `kind`."""

    def __post_init__(self) -> None:
        if self.kind not in LIMITS:
            raise RequestError(f"a target is one of {', '.join(LIMITS)}, not {self.kind}")
        low, high = LIMITS[self.kind]
        if not low <= self.value <= high:
            raise RequestError(f"a target of {self.kind} lies between {low:g} and {high:g}, not {self.value:g}")

    @property
    def is_size(self) -> bool:
        """Whether the target is a size, not a quality."""
        return self.kind in ("bytes", "bpp")
