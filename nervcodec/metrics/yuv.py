"""PSNR of luma and chroma, as papers on codecs report it: in 8-bit 4:2:0, weighted 6:1:1."""

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.metrics.quality import PSNR_CAP_DB

RED, BLUE = 0.2126, 0.0722  # luma coefficients of ITU-R BT.709; green has the rest
GREEN = 1 - RED - BLUE
CONVERSION = "BT.709, studio range, 8-bit 4:2:0 by averages of 2x2"
PLANES = ("y", "u", "v")


def yuv_planes(frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Planes Y `[B, H, W]`, U and V `[B, H/2, W/2]` (rounded up), on the 8-bit scale, of RGB `[B, 3, H, W]`, uint8."""
    red, green, blue = (frames.float() / 255).unbind(dim=1)
    luma = RED * red + GREEN * green + BLUE * blue
    differences = torch.stack([(blue - luma) / (2 - 2 * BLUE), (red - luma) / (2 - 2 * RED)], dim=1)
    halved = F.avg_pool2d(differences, 2, ceil_mode=True, count_include_pad=False)
    u, v = (128 + 224 * halved).round().unbind(dim=1)
    return (16 + 219 * luma).round(), u, v


def yuv_psnr(frames: Tensor, reference: Tensor) -> dict[str, Tensor]:
    """PSNR in dB of each frame and plane, peak 255, at most 100; both are RGB `[B, 3, H, W]`, uint8."""
    pairs = zip(PLANES, yuv_planes(frames), yuv_planes(reference), strict=True)
    errors = {name: (a - b).square().mean(dim=(1, 2), dtype=torch.float64) for name, a, b in pairs}
    return {name: (-10 * torch.log10(e / 255**2)).clamp(max=PSNR_CAP_DB) for name, e in errors.items()}
