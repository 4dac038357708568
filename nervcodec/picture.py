"""What describes a video apart from its pixels, the same on both sides of the file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

Chroma = Literal["rgb", "444", "422", "420", "grey"]
CHROMA_FORMATS: tuple[Chroma, ...] = ("rgb", "444", "422", "420", "grey")
"""How a video samples colour; wire ids are positions, append only."""

Domain = Literal["rgb", "yuv420"]
DOMAINS: tuple[Domain, ...] = ("rgb", "yuv420")
"""In what samples pictures are fitted; wire ids are positions, append only."""
CHANNELS: dict[Domain, int] = {"rgb": 3, "yuv420": 6}
"""Of a picture in memory: `[3, H, W]`, or `[6, H/2, W/2]` (`nervcodec.planes`)."""

SHALLOW, DEEP = DEPTHS = 8, 10
"""Bits of a sample of a picture."""
MAX_PIXELS = 1 << 26
"""Of a picture, 8192 x 8192; larger ones are refused before they are decoded."""

UNSPECIFIED = 2
"""The code point of a colour property that the video does not name."""
STUDIO, FULL = 0, 1
BT709 = 1
"""The code point of that matrix."""


@dataclass(frozen=True, kw_only=True)
class ColourTags:
    """Code points of ITU-T H.273, each below 256."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    sample_range: int = UNSPECIFIED
    """STUDIO, FULL or UNSPECIFIED."""


Chromaticity = tuple[int, int]
"""x and y of CIE 1931, in 50000ths."""


@dataclass(frozen=True, kw_only=True)
class MasteringDisplay:
    """The display a video was made on, in the units of SMPTE ST 2086; zeros where the video does not say."""

    red: Chromaticity = (0, 0)
    green: Chromaticity = (0, 0)
    blue: Chromaticity = (0, 0)
    white: Chromaticity = (0, 0)
    max_luminance: int = 0
    min_luminance: int = 0
    """In 10000ths of a candela per square metre."""

    @classmethod
    def of(cls, coordinates: Sequence[int], max_luminance: int, min_luminance: int) -> "MasteringDisplay":
        """From x and y of red, green, blue and white, in this order."""
        red, green, blue, white = zip(coordinates[::2], coordinates[1::2], strict=True)
        return cls(
            red=red, green=green, blue=blue, white=white, max_luminance=max_luminance, min_luminance=min_luminance
        )


@dataclass(frozen=True, kw_only=True)
class ContentLight:
    """How bright a video becomes, by CTA-861.3, in candelas per square metre."""

    max_content: int
    """Of its brightest pixel (MaxCLL)."""
    max_average: int
    """Of its brightest frame, on average (MaxFALL)."""


@dataclass(frozen=True, kw_only=True)
class VideoFormat:
    """Size, rate and colour of a video; its pictures stand upright."""

    width: int
    height: int
    """In pixels."""
    frame_rate: Fraction
    """In frames per second; where frames are not equally far apart, nominal (see Clock)."""
    colour: ColourTags = ColourTags()
    chroma: Chroma = "rgb"
    depth: int = SHALLOW
    """Bits of a sample, one of DEPTHS."""
    domain: Domain = "rgb"
    sample_aspect: Fraction = Fraction(1)
    """Width of a pixel over its height."""
    mastering: MasteringDisplay | None = None
    content_light: ContentLight | None = None

    @property
    def pixels(self) -> int:
        """Of a picture."""
        return self.width * self.height

    def bits_per_pixel(self, file_bytes: float, frames: int) -> float:
        """Bits for each pixel of a number of frames that take so many bytes: 8 * bytes / (width * height * frames)."""
        return 8 * file_bytes / (self.pixels * frames)

    @property
    def map_size(self) -> tuple[int, int]:
        """Height and width of a picture in memory."""
        return map_size(self.domain, self.height, self.width)


def in_domain(video: VideoFormat, domain: Domain) -> VideoFormat:
    """The format of a video's pictures in a domain; what is RGB becomes YUV by BT.709, in studio range (ours)."""
    if domain == "rgb":
        return replace(video, domain=domain)
    colour = replace(video.colour, matrix=BT709, sample_range=STUDIO) if video.chroma == "rgb" else video.colour
    return replace(video, domain=domain, chroma="420", colour=colour)


def sample_bytes(depth: int) -> int:
    """Bytes that a sample takes in memory (`nervcodec.samples`)."""
    return 1 if depth == SHALLOW else 2


def map_size(domain: Domain, height: int, width: int) -> tuple[int, int]:
    """Height and width in memory of a picture of so many pixels; half of them, rounded up, for YUV 4:2:0."""
    return (height, width) if domain == "rgb" else (-(-height // 2), -(-width // 2))
