"""Description of a video apart from its pixels, shared by encoder and decoder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

Chroma = Literal["rgb", "444", "422", "420", "grey"]
CHROMA_FORMATS: tuple[Chroma, ...] = ("rgb", "444", "422", "420", "grey")
"""Ways in which a video samples colour; positions are wire ids, so names may only be appended."""

Domain = Literal["rgb", "yuv420"]
DOMAINS: tuple[Domain, ...] = ("rgb", "yuv420")
"""Kinds of samples that pictures are fitted in; positions are wire ids, so names may only be appended."""
CHANNELS: dict[Domain, int] = {"rgb": 3, "yuv420": 6}
"""Number of channels of a picture in memory: `[3, H, W]`, or `[6, H/2, W/2]` (`nervcodec.planes`)."""

SHALLOW, DEEP = DEPTHS = 8, 10
"""Bits that a sample of a picture may have."""
MAX_PIXELS = 1 << 26
"""Most pixels of a picture, 8192 x 8192; a larger picture is refused before it is decoded."""

UNSPECIFIED = 2
"""The code point of a colour property that the video does not name."""
STUDIO, FULL = 0, 1
BT709 = 1
"""The code point of the matrix of BT.709."""


PRIMARIES = {1: "BT.709", 4: "BT.470M", 5: "BT.470BG", 6: "SMPTE 170M", 7: "SMPTE 240M", 9: "BT.2020", 12: "P3-D65"}
TRANSFERS = {1: "BT.709", 4: "gamma 2.2", 5: "gamma 2.8", 6: "SMPTE 170M", 8: "linear", 13: "sRGB", 14: "BT.2020"}
TRANSFERS |= {15: "BT.2020", 16: "PQ", 18: "HLG"}
MATRIX_NAMES = {0: "RGB", 1: "BT.709", 4: "FCC", 5: "BT.601", 6: "BT.601", 7: "SMPTE 240M", 8: "YCgCo"}
MATRIX_NAMES |= {9: "BT.2020", 10: "BT.2020"}
"""Names of code points of H.273."""


def colour_words(tags: "ColourTags") -> str:
    """Colour properties in words, those that a video does not name together."""
    names = {
        "primaries": PRIMARIES.get(tags.primaries, f"number {tags.primaries}"),
        "transfer": TRANSFERS.get(tags.transfer, f"number {tags.transfer}"),
        "matrix": MATRIX_NAMES.get(tags.matrix, f"number {tags.matrix}"),
        "range": {STUDIO: "studio", FULL: "full"}.get(tags.sample_range, ""),
    }
    codes = dict(zip(names, (tags.primaries, tags.transfer, tags.matrix, tags.sample_range), strict=True))
    unnamed = [name for name, code in codes.items() if code == UNSPECIFIED]
    words = [f"{name} {word}" for name, word in names.items() if name not in unnamed]
    return ", ".join([*words, *([f"{', '.join(unnamed)} not named"] if unnamed else [])])


@dataclass(frozen=True, kw_only=True)
class ColourTags:
    """Code points of ITU-T H.273, each below 256."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    sample_range: int = UNSPECIFIED
    """Range of the samples: STUDIO, FULL or UNSPECIFIED."""


Chromaticity = tuple[int, int]
"""Coordinates x and y of CIE 1931, in 50000ths."""


@dataclass(frozen=True, kw_only=True)
class MasteringDisplay:
    """The display a video was made on, in the units of SMPTE ST 2086; zeros where the video does not say."""

    red: Chromaticity = (0, 0)
    green: Chromaticity = (0, 0)
    blue: Chromaticity = (0, 0)
    white: Chromaticity = (0, 0)
    max_luminance: int = 0
    min_luminance: int = 0
    """Least luminance; both luminances are in 10000ths of a candela per square metre."""

    @classmethod
    def of(cls, coordinates: Sequence[int], max_luminance: int, min_luminance: int) -> "MasteringDisplay":
        """The display whose x and y of red, green, blue and white are given in this order."""
        red, green, blue, white = zip(coordinates[::2], coordinates[1::2], strict=True)
        return cls(
            red=red, green=green, blue=blue, white=white, max_luminance=max_luminance, min_luminance=min_luminance
        )


@dataclass(frozen=True, kw_only=True)
class ContentLight:
    """Brightness of a video by CTA-861.3, in candelas per square metre."""

    max_content: int
    """Brightness of the brightest pixel (MaxCLL)."""
    max_average: int
    """Average brightness of the brightest frame (MaxFALL)."""


@dataclass(frozen=True, kw_only=True)
class VideoFormat:
    """Size, rate and colour of a video; its pictures stand upright."""

    width: int
    height: int
    """Height in pixels; the width is in pixels too."""
    frame_rate: Fraction
    """Frames per second; nominal where frames are not shown at equal intervals (see `nervcodec.timeline.Clock`)."""
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
        """Number of pixels of a picture."""
        return self.width * self.height

    def bits_per_pixel(self, file_bytes: float, frames: int) -> float:
        """Bits per pixel of `frames` frames in `file_bytes` bytes: 8 * bytes / (width * height * frames)."""
        return 8 * file_bytes / (self.pixels * frames)

    @property
    def map_size(self) -> tuple[int, int]:
        """Height and width of a picture in memory."""
        return map_size(self.domain, self.height, self.width)


def in_domain(video: VideoFormat, domain: Domain) -> VideoFormat:
    """The format of a video's pictures in a domain; RGB becomes YUV by BT.709, in studio range (ours)."""
    if domain == "rgb":
        return replace(video, domain=domain)
    colour = replace(video.colour, matrix=BT709, sample_range=STUDIO) if video.chroma == "rgb" else video.colour
    return replace(video, domain=domain, chroma="420", colour=colour)


def sample_bytes(depth: int) -> int:
    """Bytes that a sample takes in memory (`nervcodec.samples`)."""
    return 1 if depth == SHALLOW else 2


def map_size(domain: Domain, height: int, width: int) -> tuple[int, int]:
    """Height and width in memory of a picture of `height` x `width` pixels: for YUV 4:2:0 half of them, rounded up."""
    return (height, width) if domain == "rgb" else (-(-height // 2), -(-width // 2))
