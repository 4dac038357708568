"""Choosing frames and pixels: ranges, centre crops, antialiased resizing."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch.nn import functional as F

from nervcodec.errors import RequestError
from nervcodec.video.colour import Frame

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

    def output_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the frames that leave, for a video of the given size.

        Raises RequestError for a crop larger than the picture.
        """
        if self.crop and (self.crop[0] > width or self.crop[1] > height):
            raise RequestError(f"a crop of {self.crop[0]}x{self.crop[1]} does not fit into {width}x{height}")
        return self.resize or self.crop or (width, height)

    def apply(self, frame: Frame) -> Frame:
        """Crop and resize one frame `[H, W, 3]`."""
        if self.crop:
            frame = centre_crop(frame, *self.crop)
        if self.resize and self.resize != (frame.shape[1], frame.shape[0]):
            frame = resize(frame, *self.resize, self.resize_filter)
        return frame


def centre_crop(frame: Frame, width: int, height: int) -> Frame:
    """The middle of a frame; an odd remainder goes to the right and bottom."""
    top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - width) // 2
    return frame[top : top + height, left : left + width]


def resize(frame: Frame, width: int, height: int, kind: Filter) -> Frame:
    """A frame of `width` x `height` pixels, rounded to 8 bits."""
    shrinks = width <= frame.shape[1] and height <= frame.shape[0]
    pixels = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).float()
    if kind == "area" and shrinks:
        scaled = _area_weights(height, frame.shape[0]) @ pixels @ _area_weights(width, frame.shape[1]).T
    else:
        scaled = F.interpolate(pixels[None], (height, width), mode="bicubic", antialias=True)[0]
    result: Frame = scaled.round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
    return result


@lru_cache(maxsize=8)
def _area_weights(new: int, old: int) -> torch.Tensor:
    """`[new, old]`: the share of each old sample in each new one, by the length of their overlap."""
    edges = torch.arange(new + 1, dtype=torch.float64) * old / new
    start = torch.arange(old, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], start + 1) - torch.maximum(edges[:-1, None], start)
    return (overlap.clamp(min=0) * new / old).float()
