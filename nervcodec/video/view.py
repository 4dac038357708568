"""Views: the frames and pixels of a video that are wanted, and their size and depth."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, Literal

from nervcodec.declarations import Range, check_declared
from nervcodec.errors import RequestError
from nervcodec.picture import DEPTHS, MAX_PIXELS, Domain, VideoFormat

Filter = Literal["area", "bicubic"]


EVEN = -2
"""Stands for one side of a new size: the even number that keeps the shape of the picture."""


@dataclass(frozen=True, kw_only=True)
class View:
    """Portion of a video that is wanted: frames [first, stop) at some depth, then a centre crop, then a size."""

    first: int = 0
    stop: int | None = None
    """Number after that of the last frame; None means the end of the video."""
    crop: tuple[int, int] | None = None
    """Width and height of a centre crop, in pixels."""
    resize: tuple[int, int] | None = None
    """New width and height in pixels; one of them may be EVEN."""
    resize_filter: Filter = "area"
    """"area" averages the pixels under each new one; "bicubic" is antialiased too. Enlarging is always bicubic."""
    depth: int | None = None
    """Bits of a sample; None means 8 for a video of at most 8 bits, and 10 for any other."""
    domain: Domain = "rgb"

    stream: Annotated[int | None, Range(0)] = None
    """Index among the video streams of a file, covers not counted; None means the one that ffmpeg would choose: the
    largest, and a default one before others that are not much larger."""

    def __post_init__(self) -> None:
        check_declared(self)
        if self.first < 0 or (self.stop is not None and self.stop <= self.first):
            raise RequestError(f"frames {self.first}:{self.stop} hold nothing")
        if self.depth not in (None, *DEPTHS):
            raise RequestError(f"samples have {' or '.join(map(str, DEPTHS))} bits, not {self.depth}")
        if self.resize == (EVEN, EVEN):
            raise RequestError("a new size needs one side at least")
        if self.resize:
            _check_size(*self.resize)

    def output_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the frames after crop and resize, for a video of the given size.

        Raises RequestError for a crop larger than the picture, and a size above MAX_PIXELS.
        """
        if self.crop and (self.crop[0] > width or self.crop[1] > height):
            raise RequestError(f"a crop of {self.crop[0]}x{self.crop[1]} does not fit into {width}x{height}")
        return self.scaled(*(self.crop or (width, height)))

    def scaled(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a cropped picture after resizing.

        Raises RequestError for a size above MAX_PIXELS.
        """
        if not self.resize:
            return width, height
        new_width, new_height = self.resize
        if new_width == EVEN:
            new_width = _even(width * new_height, height)
        elif new_height == EVEN:
            new_height = _even(height * new_width, width)
        _check_size(new_width, new_height)
        return new_width, new_height

    def sample_aspect(self, width: int, height: int, aspect: Fraction) -> Fraction:
        """Width of a pixel over its height after crop and resize, for a video of the given size and pixels.

        A new size of two given sides keeps the shape of the picture as it is shown; one given side keeps the shape of
        the pixels.
        """
        if not self.resize or EVEN in self.resize:
            return aspect
        old, new = self.crop or (width, height), self.resize
        return aspect * Fraction(old[0] * new[1], old[1] * new[0])


def as_stored(view: View, video: VideoFormat) -> View:
    """A view that has the depth and the domain of a video in a file or a fit."""
    return replace(view, depth=video.depth, domain=video.domain)


def _even(dividend: int, divisor: int) -> int:
    """The even number nearest to a quotient, at least two; the larger one of two that are equally near."""
    return 2 * max((dividend + divisor) // (2 * divisor), 1)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise RequestError(f"a picture of {width}x{height} is larger than {MAX_PIXELS} pixels")
