"""PSNR of luma and chroma, as papers on codecs report it: in 8-bit 4:2:0, weighted 6:1:1."""

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.metrics.quality import psnr

RED, BLUE = 0.2126, 0.0722  # luma coefficients of ITU-R BT.709; green has the rest
GREEN = 1 - RED - BLUE
CONVERSION = "BT.709, studio range, 8-bit 4:2:0 by averages of 2x2"
PLANES = ("y", "u", "v")
Planes = tuple[Tensor, Tensor, Tensor]
"""Y `[B, 1, H, W]`, U and V, each `[B, 1, H/2, W/2]` (rounded up), uint8."""


def yuv_planes(frames: Tensor) -> Planes:
    """The planes that BT.709 makes of RGB `[B, 3, H, W]`, uint8."""
    red, green, blue = (frames.float() / 255).unbind(dim=1)
    luma = RED * red + GREEN * green + BLUE * blue
    differences = torch.stack([(blue - luma) / (2 - 2 * BLUE), (red - luma) / (2 - 2 * RED)], dim=1)
    halved = F.avg_pool2d(differences, 2, ceil_mode=True, count_include_pad=False)
    chroma = (128 + 224 * halved).round().byte()
    return (16 + 219 * luma).round().byte()[:, None], chroma[:, :1], chroma[:, 1:]


def yuv_psnr(planes: Planes, reference: Planes) -> dict[str, Tensor]:
    """PSNR in dB of each frame, by the name of the plane."""
    return {name: psnr(a, b) for name, a, b in zip(PLANES, planes, reference, strict=True)}
