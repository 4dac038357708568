"""Masks of the missing pixels of a video: from a picture, a picture for each frame, or the boxes of the papers."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nervcodec.errors import RequestError
from nervcodec.picture import SHALLOW
from nervcodec.planes import LUMA, pack_planes
from nervcodec.video.geometry import Mask, any_of_squares, grown, view_mask, view_plane_masks
from nervcodec.video.images import SUFFIXES, is_pattern
from nervcodec.video.mask_rules import BOXES, CENTER, check_mask
from nervcodec.video.reader import Video, read_frames
from nervcodec.video.view import View

PLACES = [(Fraction(y, 4), Fraction(x, 4)) for y, x in ((2, 2), (1, 1), (1, 3), (3, 1), (3, 3))]
"""Centres of boxes as shares of height and width (HNeRV's code); a single box lies in the middle."""
WHITE = 128
"""The least sample of 8 bits that marks a missing pixel."""


def load_masks(spec: str, video: Video, frames: int, view: View = View()) -> Tensor:  # noqa: B008
    """Masks of the missing samples of a number of frames of a video, seen through a view.

    They are bool, `[T, 1, H, W]` of pixels in RGB, `[T, 6, H/2, W/2]` of samples in YUV 4:2:0.

    `boxes:5x50` means five boxes of 50 pixels a side, `center:1/4` one box in the middle with a quarter of both sides,
    in the picture after the view. Any other name is a picture that is white where pixels are missing, for all frames,
    or a folder, pattern or video with one such picture for each frame. A mask of the size of the video covers all that
    missing pixels affect: pixels of RGB that share their samples of colour, and those samples. A mask of the size of
    the view is taken unchanged, and covers samples of colour that have a missing pixel.

    Raises RequestError for a malformed rule, another size or number of masks, or a frame without any pixel or any
    colour left; VideoError for pictures that cannot be read.
    """
    check_mask(spec)
    width, height = view.output_size(*video.source_size)
    made = _boxes(spec, height, width)
    masks, is_viewed = ([made], True) if made is not None else _pictures(spec, video, view, frames)
    stacked = torch.cat([_seen(mask, video.colour_reach, view, is_viewed=is_viewed) for mask in masks])
    for plane in torch.split(stacked, LUMA, dim=1):
        if plane.flatten(1).all(dim=1).any():
            raise RequestError(f"{spec}: a frame has no pixel left")
    return stacked.expand(frames, -1, -1, -1)


def _seen(mask: Mask, reach: int, view: View, *, is_viewed: bool) -> Tensor:
    """Turn a mask of a view's or the video's pixels into `[1, 1, H, W]`, or `[1, 6, H/2, W/2]` in YUV 4:2:0."""
    if view.domain == "rgb":
        return torch.from_numpy(mask if is_viewed else view_mask(grown(mask, reach), view))[None, None]
    planes = mask, any_of_squares(grown(mask, reach))
    if not is_viewed:
        planes = view_plane_masks(*planes, view)
    luma, chroma = (torch.from_numpy(np.ascontiguousarray(plane))[None, None] for plane in planes)
    return pack_planes(luma, chroma.expand(-1, 2, -1, -1))


def _boxes(spec: str, height: int, width: int) -> Mask | None:
    """The mask that a rule describes; None for a name that is no rule."""
    if match := BOXES.fullmatch(spec):
        return _box_mask(height, width, PLACES[: int(match[1])], int(match[2]), int(match[2]))
    if match := CENTER.fullmatch(spec):
        share = int(match[1])
        return _box_mask(height, width, PLACES[:1], max(height // share, 1), max(width // share, 1))
    return None


def _box_mask(height: int, width: int, places: list[tuple[Fraction, Fraction]], tall: int, wide: int) -> Mask:
    mask = np.zeros((height, width), np.bool_)
    for y, x in places:
        top, left = int(y * height) - tall // 2, int(x * width) - wide // 2
        mask[max(top, 0) : top + tall, max(left, 0) : left + wide] = True
    return mask


def _pictures(spec: str, video: Video, view: View, frames: int) -> tuple[list[Mask], bool]:
    """Masks made of pictures, and whether these have the size of the view rather than that of the video."""
    still = Path(spec).suffix.lower() in SUFFIXES and not is_pattern(spec)
    sizes = video.source_size, view.output_size(*video.source_size)
    part = View(depth=SHALLOW) if still else View(depth=SHALLOW, first=view.first, stop=view.stop)
    with read_frames(spec, part) as pictures:
        found = pictures.format.width, pictures.format.height
        if found not in sizes:
            raise RequestError("{}: masks of {}x{} for pictures of {}x{}".format(spec, *found, *video.source_size))
        masks: list[Mask] = [np.max(picture, axis=2) >= WHITE for picture in pictures.frames]
    if len(masks) != (1 if still else frames):
        raise RequestError(f"{spec}: {len(masks)} masks for {frames} frames")
    return masks, found != video.source_size
