"""Centre crops and antialiased resizing of pictures, planes and masks."""

from collections.abc import Callable
from functools import lru_cache, partial
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
Mask = NDArray[np.bool_]
"""A mask `[H, W]`, true where a sample is missing."""


def apply_view(frame: Frame, view: View) -> Frame:
    """Crop and resize one frame `[H, W, 3]`."""
    if view.crop:
        frame = centre_crop(frame, *view.crop)
    size = view.scaled(frame.shape[1], frame.shape[0])
    if size != (frame.shape[1], frame.shape[0]):
        frame = resize(frame, *size, view.resize_filter)
    return frame


def view_planes(luma: Frame, chroma: Frame, view: View) -> tuple[Frame, Frame]:
    """Crop and resize planes `[H, W, 1]` and `[H/2, W/2, 2]`; a crop begins at a sample of chroma."""
    return _viewed(luma, chroma, view, partial(resize, kind=view.resize_filter), _mean_of_squares)


def view_plane_masks(luma: Mask, chroma: Mask, view: View) -> tuple[Mask, Mask]:
    """Masks of the samples of `view_planes` that depend on any sample of masks `[H, W]` and `[H/2, W/2]`."""
    return _viewed(luma, chroma, view, partial(_scale_mask, kind=view.resize_filter), any_of_squares)


def _viewed(
    luma: NDArray[T], chroma: NDArray[T], view: View, scale: Callable[..., NDArray[T]], halve: Callable[..., NDArray[T]]
) -> tuple[NDArray[T], NDArray[T]]:
    """Crop and resize planes; with odd sizes chroma is scaled like luma, for its last sample covers too few pixels."""
    if view.crop:
        width, height = view.crop
        top, left = ((old - new) // 4 for old, new in zip(luma.shape, (height, width), strict=False))
        rows, columns = map_size("yuv420", height, width)
        luma = luma[2 * top : 2 * top + height, 2 * left : 2 * left + width]
        chroma = chroma[top : top + rows, left : left + columns]
    height, width = luma.shape[:2]
    new_width, new_height = view.scaled(width, height)
    if (new_width, new_height) == (width, height):
        return luma, chroma
    if any(side % 2 for side in (height, width, new_height, new_width)):
        halved = halve(scale(_whole(chroma, height, width), new_width, new_height))
    else:
        halved = scale(chroma, new_width // 2, new_height // 2)
    return scale(luma, new_width, new_height), halved


def _whole(chroma: NDArray[T], height: int, width: int) -> NDArray[T]:
    """Repeat chroma so that each pixel has a sample, `[H, W, ...]`."""
    return chroma.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]


def turn_planes(luma: Frame, chroma: Frame, turns: int) -> tuple[Frame, Frame]:
    """Turn planes left by quarters; with odd sizes chroma is made anew, for its squares begin at another edge."""
    if turns and any(side % 2 for side in luma.shape[:2]):
        return np.rot90(luma, turns), _mean_of_squares(np.rot90(_whole(chroma, *luma.shape[:2]), turns))
    return np.rot90(luma, turns), np.rot90(chroma, turns)


def _mean_of_squares(samples: Frame) -> Frame:
    """The mean of each square of 2x2, `[H/2, W/2, C]`, over those of its pixels that exist."""
    pixels = torch.from_numpy(np.ascontiguousarray(samples)).permute(2, 0, 1).float()
    halved = F.avg_pool2d(pixels, 2, ceil_mode=True, count_include_pad=False)
    result: Frame = nearest(halved, depth_of(samples)).permute(1, 2, 0).contiguous().numpy()
    return result


def grown(mask: Mask, reach: int) -> Mask:
    """A mask `[H, W]` extended by all pixels up to `reach` rows and columns away."""
    marked = torch.from_numpy(np.ascontiguousarray(mask)).float()[None]
    pooled: Mask = F.max_pool2d(marked, 2 * reach + 1, stride=1, padding=reach)[0].bool().numpy()
    return pooled


def any_of_squares(mask: Mask) -> Mask:
    """Whether any pixel of each square of 2x2 of a mask is marked, `[H/2, W/2]`, rounded up."""
    marked = torch.from_numpy(np.ascontiguousarray(mask)).float()[None]
    pooled: Mask = F.max_pool2d(marked, 2, ceil_mode=True)[0].bool().numpy()
    return pooled


def view_mask(mask: Mask, view: View) -> Mask:
    """A mask of the pixels of a view that depend on any pixel of a mask `[H, W]`."""
    if view.crop:
        mask = centre_crop(mask, *view.crop)
    size = view.scaled(mask.shape[1], mask.shape[0])
    return mask if size == (mask.shape[1], mask.shape[0]) else _scale_mask(mask, *size, view.resize_filter)


def _scale_mask(mask: Mask, width: int, height: int, kind: Filter) -> Mask:
    """A mask of the samples of `resize` that depend on any sample of a mask `[H, W]`."""
    old_height, old_width = mask.shape
    marked = torch.from_numpy(np.ascontiguousarray(mask)).float()[None]
    if kind != "area" or width > old_width or height > old_height:  # the bicubic filter reaches two pixels to each side
        reach = [1 + ceil(2 * max(old / new, 1)) for old, new in ((old_height, height), (old_width, width))]
        marked = F.max_pool2d(marked, [2 * r + 1 for r in reach], stride=1, padding=reach)
    touched: Mask = (_mean_areas(marked[0], width, height) > 0).numpy()
    return touched


def centre_crop(frame: NDArray[T], width: int, height: int) -> NDArray[T]:
    """The middle of a frame; an odd remainder goes to the right and bottom."""
    top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - width) // 2
    return frame[top : top + height, left : left + width]


def resize(frame: Frame, width: int, height: int, kind: Filter) -> Frame:
    """Resize a frame `[H, W, C]` to `width` x `height` pixels, rounded to its own depth."""
    shrinks = width <= frame.shape[1] and height <= frame.shape[0]
    pixels = torch.from_numpy(np.ascontiguousarray(frame)).float()
    if kind == "area" and shrinks:
        scaled = _mean_areas(pixels, width, height)
    else:
        planes = pixels.permute(2, 0, 1)[None]
        scaled = F.interpolate(planes, (height, width), mode="bicubic", antialias=True)[0].permute(1, 2, 0)
    result: Frame = nearest(scaled, depth_of(frame)).contiguous().numpy()
    return result


def _mean_areas(samples: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """Resize `[H, W, ...]` to `[height, width, ...]`, float, by means over the area that each new sample covers."""
    for axis, new in ((0, height), (1, width)):
        old, samples = samples, samples.new_zeros(())
        count, rest = divmod(old.shape[axis], new)
        if not rest:
            parts = old.reshape(*old.shape[:axis], new, count, *old.shape[axis + 1 :]).unbind(axis + 1)
            samples = sum(parts[1:], parts[0]) / count
            continue
        for indices, shares in zip(*_overlaps(new, old.shape[axis]), strict=True):
            samples = samples + old.index_select(axis, indices) * shares.view(-1, *(1,) * (old.ndim - 1 - axis))
    return samples


@lru_cache(maxsize=8)
def _overlaps(new: int, old: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Indices of the old samples that each new one covers, and their shares in it, both `[most covered, new]`."""
    edges = torch.arange(new + 1, dtype=torch.float64) * old / new
    start = edges[:-1].floor()
    covered = start + torch.arange(int((edges[1:].ceil() - start).max()))[:, None]
    overlaps = torch.minimum(edges[1:], covered + 1) - torch.maximum(edges[:-1], covered)
    return covered.long().clamp(max=old - 1), (overlaps.clamp(min=0) * new / old).float()
