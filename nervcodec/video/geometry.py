"""Centre crops and antialiased resizing."""

from functools import lru_cache
from math import ceil
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from nervcodec.picture import map_size
from nervcodec.samples import depth_of, nearest
from nervcodec.video.colour import Frame
from nervcodec.video.view import Filter, View

T = TypeVar("T", bound=np.generic)


def apply_view(frame: Frame, view: View) -> Frame:
    """Crop and resize one frame `[H, W, 3]`."""
    if view.crop:
        frame = centre_crop(frame, *view.crop)
    size = view.scaled(frame.shape[1], frame.shape[0])
    if size != (frame.shape[1], frame.shape[0]):
        frame = resize(frame, *size, view.resize_filter)
    return frame


def view_planes(luma: Frame, chroma: Frame, view: View) -> tuple[Frame, Frame]:
    """Crop and resize planes `[H, W, 1]` and `[H/2, W/2, 2]`; a crop begins where a sample of colour does."""
    if view.crop:
        width, height = view.crop
        top, left = ((old - new) // 4 for old, new in zip(luma.shape, (height, width), strict=False))
        rows, columns = map_size("yuv420", height, width)
        luma = luma[2 * top : 2 * top + height, 2 * left : 2 * left + width]
        chroma = chroma[top : top + rows, left : left + columns]
    width, height = view.scaled(luma.shape[1], luma.shape[0])
    if (height, width) != luma.shape[:2]:
        rows, columns = map_size("yuv420", height, width)
        luma = resize(luma, width, height, view.resize_filter)
        chroma = resize(chroma, columns, rows, view.resize_filter)
    return luma, chroma


def grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """A mask `[H, W]` with all pixels up to `reach` rows and columns away."""
    marked = torch.from_numpy(np.ascontiguousarray(mask)).float()[None]
    pooled: NDArray[np.bool_] = F.max_pool2d(marked, 2 * reach + 1, stride=1, padding=reach)[0].bool().numpy()
    return pooled


def view_mask(mask: NDArray[np.bool_], view: View) -> NDArray[np.bool_]:
    """Which pixels of a view any pixel of a mask `[H, W]` has a part in."""
    if view.crop:
        mask = centre_crop(mask, *view.crop)
    height, width = mask.shape
    new_width, new_height = view.scaled(width, height)
    if (new_width, new_height) == (width, height):
        return mask
    marked = torch.from_numpy(np.ascontiguousarray(mask)).float()[None]
    if view.resize_filter != "area" or new_width > width or new_height > height:  # bicubic reaches two pixels far
        reach = [1 + ceil(2 * max(old / new, 1)) for old, new in ((height, new_height), (width, new_width))]
        marked = F.max_pool2d(marked, [2 * r + 1 for r in reach], stride=1, padding=reach)
    seen = _area_weights(new_height, height) @ marked[0] @ _area_weights(new_width, width).T
    touched: NDArray[np.bool_] = (seen > 0).numpy()
    return touched


def centre_crop(frame: NDArray[T], width: int, height: int) -> NDArray[T]:
    """The middle of a frame; an odd remainder goes to the right and bottom."""
    top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - width) // 2
    return frame[top : top + height, left : left + width]


def resize(frame: Frame, width: int, height: int, kind: Filter) -> Frame:
    """A frame `[H, W, C]` in `width` x `height` pixels, rounded to its own depth."""
    shrinks = width <= frame.shape[1] and height <= frame.shape[0]
    pixels = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).float()
    if kind == "area" and shrinks:
        scaled = _area_weights(height, frame.shape[0]) @ pixels @ _area_weights(width, frame.shape[1]).T
    else:
        scaled = F.interpolate(pixels[None], (height, width), mode="bicubic", antialias=True)[0]
    result: Frame = nearest(scaled, depth_of(frame)).permute(1, 2, 0).contiguous().numpy()
    return result


@lru_cache(maxsize=8)
def _area_weights(new: int, old: int) -> torch.Tensor:
    """`[new, old]`: the share of each old sample in each new one, by the length of their overlap."""
    edges = torch.arange(new + 1, dtype=torch.float64) * old / new
    start = torch.arange(old, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], start + 1) - torch.maximum(edges[:-1, None], start)
    return (overlap.clamp(min=0) * new / old).float()
