"""Raw planes, `.yuv`, which have no header: their format is read from the name of the file."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from nervcodec.errors import VideoError

SUFFIX = ".yuv"
EXAMPLE = "name_1920x1080_120fps_420_8bit.yuv"
SIZE = re.compile(r"(?:^|[_\- ])([1-9]\d{0,4})x([1-9]\d{0,4})(?=$|[_\- ])", re.IGNORECASE)
RATE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)(?:fps|hz|p)?", re.IGNORECASE)
SAMPLING = re.compile(r"(?:p|yuv)?(400|420|422|444)p?", re.IGNORECASE)
BITS = re.compile(r"(\d{1,2})(?:b|bit|bits)", re.IGNORECASE)
DEPTHS = "8, 9, 10, 12, 14 or 16"
PLANES = {"400": "gray", "420": "yuv420p", "422": "yuv422p", "444": "yuv444p"}
READ = {f"{plane}{depth}" for plane in PLANES.values() for depth in ("", "9le", "10le", "12le", "14le", "16le")}
DEFAULT_RATE = Fraction(25)


@dataclass(frozen=True)
class RawFormat:
    """Format of raw planes, as the name of their file describes it."""

    width: int
    height: int
    pixels: str
    """FFmpeg's name of the pixel format; samples above 8 bits are little-endian pairs of bytes."""
    frame_rate: Fraction
    """Frames per second."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame; the sizes of chroma are rounded up."""
        pixel = av.VideoFormat(self.pixels, self.width, self.height)
        samples = sum(plane.width * plane.height for plane in pixel.components)
        return samples * (1 if pixel.components[0].bits == 8 else 2)


def is_raw(path: Path) -> bool:
    """Whether a file is raw planes, by its suffix."""
    return path.suffix.lower() == SUFFIX


def raw_format(path: Path) -> RawFormat:
    """The format that a name such as `Beauty_1920x1080_120fps_420_8bit_YUV.yuv` describes.

    After the size come, in any order, the rate (`120fps`, `60Hz`, `24p`, or a bare number), the sampling (`420`,
    `P422`, `yuv444p`), the bits (`10bit`, `10b`) or both of these as FFmpeg calls them (`yuv420p10le`). Their defaults
    are 25 frames per second, 4:2:0 and 8 bits.

    Raises VideoError for a name without a size or with a format that cannot be read.
    """
    size = list(SIZE.finditer(path.stem))
    if not size:
        raise VideoError(f"{path}: raw video needs its size in its name, such as {EXAMPLE}")
    rate, sampling, bits, named = DEFAULT_RATE, "420", 8, None
    for word in re.split(r"[_\- ]", path.stem[size[-1].end() :]):
        if match := SAMPLING.fullmatch(word):
            sampling = match[1]
        elif match := RATE.fullmatch(word):
            rate = Fraction(match[1]) or rate
        elif match := BITS.fullmatch(word):
            bits = int(match[1])
        else:
            named = _pixel_format(word) or named
    pixels = named or _planes(sampling, bits)
    if pixels not in READ:
        raise VideoError(
            f"{path}: raw {named or f'planes of {bits} bits'} cannot be read, only planes of {DEPTHS} bits"
        )
    return RawFormat(int(size[-1][1]), int(size[-1][2]), pixels, rate)


def raw_frames(path: Path, raw: RawFormat) -> int:
    """The number of frames in a file, from its size.

    Raises VideoError where the size is not that of a whole number of frames.
    """
    size, each = path.stat().st_size, raw.frame_bytes
    if size % each:
        raise VideoError(
            f"{path}: {size} bytes are no whole number of frames of {raw.width}x{raw.height} {raw.pixels}, {each} bytes"
            f" each; size, sampling and bits stand in the name, such as {EXAMPLE}"
        )
    return size // each


def _planes(sampling: str, bits: int) -> str:
    return PLANES[sampling] + ("" if bits == 8 else f"{bits}le")


def _pixel_format(word: str) -> str | None:
    """FFmpeg's pixel format that a word names, if any."""
    try:
        return av.VideoFormat(word.lower()).name
    except ValueError:
        return None
