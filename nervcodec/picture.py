"""What describes a video apart from its pixels, the same on both sides of the file."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Chroma = Literal["rgb", "444", "422", "420", "grey"]
CHROMA_FORMATS: tuple[Chroma, ...] = ("rgb", "444", "422", "420", "grey")
"""How a video samples colour; wire ids are positions, append only."""

MAX_PIXELS = 1 << 26
"""Of a picture, 8192 x 8192; larger ones are refused before they are decoded."""

UNSPECIFIED = 2
"""The code point of a colour property that the video does not name."""
STUDIO, FULL = 0, 1


@dataclass(frozen=True, kw_only=True)
class ColourTags:
    """Code points of ITU-T H.273, each below 256."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    sample_range: int = UNSPECIFIED
    """STUDIO, FULL or UNSPECIFIED."""


@dataclass(frozen=True, kw_only=True)
class VideoFormat:
    """Size, rate and colour of a video."""

    width: int
    height: int
    """In pixels."""
    frame_rate: Fraction
    """In frames per second."""
    colour: ColourTags = ColourTags()
    chroma: Chroma = "rgb"
