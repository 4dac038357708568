"""Pictures seen from other places."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Mode = Literal["bilinear", "bicubic"]


def warp(frames: Tensor, flows: Tensor, mode: Mode = "bilinear") -> Tensor:
    """Frames `[B, C, H, W]` sampled for each pixel (x, y) at (x, y) + flow; flows are `[B, 2, H, W]`, in pixels.

    Bicubic sampling is sharper, and may leave the range of the frames; coordinates outside count as at the border.
    """
    height, width = frames.shape[2:]
    x = torch.arange(width, device=frames.device) + flows[:, 0]  # [B, H, W]
    y = torch.arange(height, device=frames.device)[:, None] + flows[:, 1]
    seen = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=3)  # pixels are cells of [-1, 1]
    return sample(frames, seen, mode)


def sample(pictures: Tensor, places: Tensor, mode: Mode) -> Tensor:
    """Pictures `[B, C, H, W]` at places `[B, h, w, 2]`, x and y in [-1, 1] from edge to edge; outside is the border.

    On a CPU, rows are divided among the threads, for PyTorch divides only a batch; this changes no bit.
    """
    batch, channels = pictures.shape[:2]
    height, width = places.shape[1:3]
    threads = torch.get_num_threads() if pictures.device.type == "cpu" else 1
    wanted = max(threads // batch, 1)
    divisors = [number for number in range(1, 2 * wanted) if height % number == 0]
    stripes = min((number for number in divisors if number >= wanted), default=divisors[-1])
    whole = pictures[:, None].expand(-1, stripes, -1, -1, -1).flatten(0, 1) if stripes > 1 else pictures
    rows = places.reshape(batch * stripes, height // stripes, width, 2)
    seen = F.grid_sample(whole, rows, mode=mode, padding_mode="border", align_corners=False)
    if stripes == 1:
        return seen
    return seen.unflatten(0, (batch, stripes)).transpose(1, 2).reshape(batch, channels, height, width)  # type: ignore[no-untyped-call, no-any-return]
