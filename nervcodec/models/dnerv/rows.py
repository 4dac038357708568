"""The rows of DNeRV's Tables 7 and 8 as named configs.

The meaning of K_c in Table 8 is open: it may be the kernel of the gate ("A", the reading that fits most rows), of
the difference upsampling ("B"), or of both ("C"). The code the authors published uses 3 for both ("official").
"""

from dataclasses import dataclass
from typing import Literal

from nervcodec.models.dnerv.config import DNeRVConfig
from nervcodec.models.dnerv.sizing import dnerv_config
from nervcodec.models.sizing import NetworkRequest

Reading = Literal["A", "B", "C", "official"]
READINGS: tuple[Reading, ...] = ("A", "B", "C", "official")


@dataclass(frozen=True)
class DNeRVRow:
    """One row of Table 8 with a difference embedding of Table 7."""

    height: int
    width: int
    stem: int
    """C_init of Table 8: channels after the stem."""
    grid: tuple[int, int]
    """Height and width of the difference embedding."""
    kernel: int
    """K_c of Table 8: a kernel size with several readings."""

    def config(self, reading: Reading = "A") -> DNeRVConfig:
        """The config of this row under one reading of K_c."""
        gate, difference = {
            "A": (self.kernel, 1),
            "B": (1, self.kernel),
            "C": (self.kernel, self.kernel),
            "official": (3, 3),
        }[reading]
        return dnerv_config(
            self.height, self.width, self.stem, self.grid, gate_kernel=gate, difference_kernel=difference
        )

    def config_for(self, request: NetworkRequest) -> DNeRVConfig:
        """The config of this row, whatever else is requested."""
        return self.config()


ROWS: dict[str, DNeRVRow] = {
    "bunny-0.35m": DNeRVRow(640, 1280, 32, (40, 80), 3),
    "bunny-0.75m": DNeRVRow(640, 1280, 48, (40, 80), 3),
    "bunny-1.5m": DNeRVRow(640, 1280, 68, (40, 80), 3),
    "bunny-3m": DNeRVRow(640, 1280, 95, (40, 80), 3),
    "uvg480-3m": DNeRVRow(480, 960, 110, (40, 80), 1),
    "uvg960-1.58m": DNeRVRow(960, 1920, 68, (10, 20), 1),
    "uvg960-3m": DNeRVRow(960, 1920, 92, (10, 20), 1),
    "uvg960-3m-fine": DNeRVRow(960, 1920, 92, (40, 80), 1),
}


ENCODER_STRIDES: dict[tuple[int, int, int, int], tuple[int, ...]] = {
    (640, 1280, 40, 80): (2, 2, 2, 2),
    (480, 960, 40, 80): (3, 2, 2),
    (960, 1920, 40, 80): (4, 3, 2),
    (960, 1920, 10, 20): (4, 4, 3, 2),
}
"""Strides of the difference encoder by picture height and width and grid height and width (DNeRV, Table 7)."""
