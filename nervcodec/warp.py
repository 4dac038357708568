"""Pictures seen from other places."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.picture import VideoFormat
from nervcodec.planes import pack_planes, unpack_planes


def warp(frames: Tensor, flows: Tensor, mode: Literal["bilinear", "bicubic"] = "bilinear") -> Tensor:
    """Frames `[B, C, H, W]` sampled for each pixel (x, y) at (x, y) + flow; flows are `[B, 2, H, W]`, in pixels.

    Bicubic sampling is sharper, and may leave the range of the frames; coordinates outside count as at the border.
    """
    height, width = frames.shape[2:]
    x = torch.arange(width, device=frames.device) + flows[:, 0]  # [B, H, W]
    y = torch.arange(height, device=frames.device)[:, None] + flows[:, 1]
    seen = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=3)  # pixels are cells of [-1, 1]
    return F.grid_sample(frames, seen, mode=mode, padding_mode="border", align_corners=False)


def warp_picture(picture: Tensor, flows: Tensor, video: VideoFormat) -> Tensor:
    """Samples `[B, C, h, w]` in the domain of a video, sampled bicubically, as floats; flows are `[B, 2, H, W]`, in
    pixels of the picture. Planes of chroma have half the mean flow of their pixels.
    """
    if video.domain == "rgb":
        return warp(picture.float(), flows, "bicubic")
    luma, chroma = unpack_planes(picture, video.height, video.width)
    halved = F.avg_pool2d(flows, 2, ceil_mode=True, count_include_pad=False) / 2
    return pack_planes(warp(luma.float(), flows, "bicubic"), warp(chroma.float(), halved, "bicubic"))
