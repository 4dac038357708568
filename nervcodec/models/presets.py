"""The rows of DNeRV's Tables 7 and 8, and of QS-NeRV's Table 3, as named configs.

The meaning of K_c in Table 8 is open: it may be the kernel of the gate ("A", the reading that fits most rows), of
the difference upsampling ("B"), or of both ("C"). The code the authors published uses 3 for both ("official").
"""

from dataclasses import dataclass
from typing import Literal

from nervcodec.errors import RequestError
from nervcodec.models.config import DNeRVConfig, HNeRVConfig
from nervcodec.models.scalable_config import SDMNConfig
from nervcodec.models.sizing import dnerv_config, kernel_sizes, skip_shapes

Reading = Literal["A", "B", "C", "official"]
READINGS: tuple[Reading, ...] = ("A", "B", "C", "official")


@dataclass(frozen=True)
class Row:
    """One row of Table 8 with a difference embedding of Table 7."""

    height: int
    width: int
    stem: int
    """C_init."""
    grid: tuple[int, int]
    """Height and width of the difference embedding."""
    kernel: int
    """K_c."""

    def config(self, reading: Reading = "A") -> DNeRVConfig:
        """The decoder of this row under one reading of K_c."""
        gate, difference = {
            "A": (self.kernel, 1),
            "B": (1, self.kernel),
            "C": (self.kernel, self.kernel),
            "official": (3, 3),
        }[reading]
        return dnerv_config(
            self.height, self.width, self.stem, self.grid, gate_kernel=gate, difference_kernel=difference
        )


ROWS: dict[str, Row] = {
    "bunny-0.35m": Row(640, 1280, 32, (40, 80), 3),
    "bunny-0.75m": Row(640, 1280, 48, (40, 80), 3),
    "bunny-1.5m": Row(640, 1280, 68, (40, 80), 3),
    "bunny-3m": Row(640, 1280, 95, (40, 80), 3),
    "uvg480-3m": Row(480, 960, 110, (40, 80), 1),
    "uvg960-1.58m": Row(960, 1920, 68, (10, 20), 1),
    "uvg960-3m": Row(960, 1920, 92, (10, 20), 1),
    "uvg960-3m-fine": Row(960, 1920, 92, (40, 80), 1),
}


@dataclass(frozen=True)
class SDMNRow:
    """One row of QS-NeRV's Table 3; the size of its invertible networks is ours, to fill what the label leaves."""

    height: int
    width: int
    content: tuple[int, int, int]
    widths: tuple[int, ...]
    """C_init, then Channels: they follow no single rule."""
    strides: tuple[int, ...]
    couplings: int
    growth: int

    def config(self) -> SDMNConfig:
        """The decoder of this row."""
        coarse, fine = skip_shapes(self.content, self.strides)
        return SDMNConfig(
            content=self.content,
            strides=self.strides,
            widths=self.widths,
            kernels=kernel_sizes(len(self.strides)),
            coarse=coarse,
            fine=fine,
            taps=(1, 2),
            skip_channels=self.content[0],
            couplings=self.couplings,
            growth=self.growth,
            affine=1,
        )


SDMN_ROWS: dict[str, SDMNRow] = {
    "sdmn480-3m": SDMNRow(480, 960, (16, 2, 4), (98, 82, 68, 57, 48, 40), (5, 4, 3, 2, 2), 3, 20),
    "sdmn960-3m": SDMNRow(960, 1920, (16, 2, 4), (84, 70, 58, 48, 40, 33), (5, 4, 4, 3, 2), 3, 20),
    "sdmn640-0.75m": SDMNRow(640, 1280, (12, 2, 4), (43, 36, 30, 24, 20, 17), (5, 4, 4, 2, 2), 2, 12),
}


def row_names() -> tuple[str, ...]:
    """All rows."""
    return (*ROWS, *SDMN_ROWS)


def row_config(name: str, height: int, width: int) -> HNeRVConfig:
    """The decoder of a row for a picture of its own size.

    Raises RequestError for another one.
    """
    row = ROWS.get(name) or SDMN_ROWS[name]
    if (row.height, row.width) != (height, width):
        raise RequestError(f"{name} is for {row.width}x{row.height}, the video has {width}x{height}")
    return row.config()


ENCODER_STRIDES: dict[tuple[int, int, int, int], tuple[int, ...]] = {
    (640, 1280, 40, 80): (2, 2, 2, 2),
    (480, 960, 40, 80): (3, 2, 2),
    (960, 1920, 40, 80): (4, 3, 2),
    (960, 1920, 10, 20): (4, 4, 3, 2),
}
"""Table 7: strides of the difference encoder by picture height and width and grid height and width."""
