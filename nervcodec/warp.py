"""Pictures seen from other places."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F


def warp(frames: Tensor, flows: Tensor, mode: Literal["bilinear", "bicubic"] = "bilinear") -> Tensor:
    """Frames `[B, C, H, W]` sampled for each pixel (x, y) at (x, y) + flow; flows are `[B, 2, H, W]`, in pixels.

    Bicubic sampling is sharper, and may leave the range of the frames; coordinates outside count as at the border.
    """
    height, width = frames.shape[2:]
    x = torch.arange(width, device=frames.device) + flows[:, 0]  # [B, H, W]
    y = torch.arange(height, device=frames.device)[:, None] + flows[:, 1]
    seen = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=3)  # pixels are cells of [-1, 1]
    return F.grid_sample(frames, seen, mode=mode, padding_mode="border", align_corners=False)
