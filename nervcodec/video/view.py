"""Which frames and pixels of a video are wanted."""

from dataclasses import dataclass
from typing import Literal

from nervcodec.errors import RequestError
from nervcodec.picture import MAX_PIXELS

Filter = Literal["area", "bicubic"]


@dataclass(frozen=True, kw_only=True)
class View:
    """Which part of a video is wanted: frames [first, stop), then a centre crop, then a size."""

    first: int = 0
    stop: int | None = None
    """None means to the end."""
    crop: tuple[int, int] | None = None
    """Width and height in pixels."""
    resize: tuple[int, int] | None = None
    """Width and height in pixels."""
    resize_filter: Filter = "area"
    """"area" averages the pixels under each new one; "bicubic" is antialiased too. Enlarging is always bicubic."""

    def __post_init__(self) -> None:
        if self.first < 0 or (self.stop is not None and self.stop <= self.first):
            raise RequestError(f"frames {self.first}:{self.stop} hold nothing")
        if self.resize and self.resize[0] * self.resize[1] > MAX_PIXELS:
            raise RequestError(f"a picture of {self.resize[0]}x{self.resize[1]} is larger than {MAX_PIXELS} pixels")

    def output_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the frames that leave, for a video of the given size.

        Raises RequestError for a crop larger than the picture.
        """
        if self.crop and (self.crop[0] > width or self.crop[1] > height):
            raise RequestError(f"a crop of {self.crop[0]}x{self.crop[1]} does not fit into {width}x{height}")
        return self.resize or self.crop or (width, height)
