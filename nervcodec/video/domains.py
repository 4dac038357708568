"""Conversion of decoded frames to pictures in memory, and back for an encoder: RGB, or packed planes of YUV 4:2:0."""

from collections.abc import Callable

import av
import numpy as np
import torch
from torch import Tensor

from nervcodec.picture import ColourTags, VideoFormat
from nervcodec.video.colour import Frame, frame_to_rgb, frame_to_small_rgb, rgb_to_frame
from nervcodec.video.geometry import apply_view, turn_planes, view_planes
from nervcodec.video.view import View
from nervcodec.video.yuv import frame_to_planes, pack, planes_to_frame, planes_to_rgb, unpack

PREVIEW_SIDE = 180
"""Fewest pixels on the shorter side of a preview of a larger picture."""
Converter = Callable[[av.VideoFrame, ColourTags, int, int, View], Frame]
"""A function with the arguments of `frame_to_picture` that makes a picture of a frame."""


def frame_to_picture(frame: av.VideoFrame, tags: ColourTags, depth: int, turns: int, view: View) -> Frame:
    """Make the picture that a view shows of a frame after `turns` quarter turns, at a depth."""
    if view.domain == "rgb":
        return apply_view(np.rot90(frame_to_rgb(frame, tags, depth), turns), view)
    planes = turn_planes(*frame_to_planes(frame, tags, depth), turns)
    return pack(view_planes(*planes, view))


def frame_to_preview(frame: av.VideoFrame, tags: ColourTags, depth: int, turns: int, view: View) -> Frame:
    """Make RGB `[H, W, 3]` of 8 bits, whatever the depth, of what a view shows of a frame after `turns` quarter turns,
    at a whole fraction of its size before any resizing: it takes one pixel of each square, which is fast.
    """
    step = max(min(view.crop or (frame.width, frame.height)) // PREVIEW_SIDE, 1)
    crop = view.crop and (view.crop[0] // step, view.crop[1] // step)
    return apply_view(np.rot90(frame_to_small_rgb(frame, tags, step), turns), View(crop=crop))


def picture_to_frame(picture: Frame, pixel_format: str, video: VideoFormat) -> av.VideoFrame:
    """Make a frame of `pixel_format` for an encoder from a picture of a video."""
    if video.domain == "rgb":
        return rgb_to_frame(picture, pixel_format, video.colour)
    return planes_to_frame(unpack(picture, video), pixel_format, video.colour)


def picture_to_rgb(picture: Frame, video: VideoFormat) -> Frame:
    """Convert a picture of a video to RGB `[H, W, 3]`, as players show it."""
    return picture if video.domain == "rgb" else planes_to_rgb(unpack(picture, video), video.colour)


def rgb_of(picture: Tensor, video: VideoFormat) -> Tensor:
    """RGB `[3, H, W]` of a picture of a video, samples `[C, h, w]`, as players show it, on its device."""
    if video.domain == "rgb":
        return picture
    rgb = picture_to_rgb(picture.permute(1, 2, 0).cpu().numpy(), video)
    return torch.from_numpy(rgb).permute(2, 0, 1).to(picture.device)
