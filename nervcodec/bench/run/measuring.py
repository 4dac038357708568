"""Figures of a decoded clip against the original."""

import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from math import log10
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nervcodec.errors import RequestError
from nervcodec.metrics.quality import PSNR_CAP_DB, multiscale_ssim, psnr, structural_similarity, weighted_psnr
from nervcodec.metrics.vmaf import vmaf
from nervcodec.metrics.yuv import PLANES, yuv_psnr
from nervcodec.picture import VideoFormat
from nervcodec.video.writer import write_frames

BATCH = 8
"""Number of frames that are compared at a time."""


def measure_clip(decoded: Tensor, clip: Tensor) -> dict[str, Any]:
    """Quality of `decoded` as the fields of a `Record`; both `[T, 3, H, W]`, uint8.

    Every figure is a mean over frames, except for `psnr_of_mean_mse`.
    """
    rgb: list[Tensor] = []
    planes: dict[str, list[Tensor]] = {plane: [] for plane in PLANES}
    indices: dict[str, list[Tensor | None]] = {"ssim": [], "ms_ssim": []}
    for frames, reference in zip(torch.split(decoded, BATCH), torch.split(clip, BATCH), strict=True):
        rgb.append(psnr(frames, reference))
        for plane, value in yuv_psnr(frames, reference).items():
            planes[plane].append(value)
        indices["ssim"].append(structural_similarity(frames, reference))
        indices["ms_ssim"].append(multiscale_ssim(frames, reference))
    frame_psnr = torch.cat(rgb)
    yuv = {f"psnr_{plane}": float(torch.cat(values).mean()) for plane, values in planes.items()}
    return {
        "psnr": float(frame_psnr.mean()),
        "psnr_of_mean_mse": min(-10 * log10(max(float((10 ** (-frame_psnr / 10)).mean()), 1e-12)), PSNR_CAP_DB),
        **yuv,
        "psnr_yuv": weighted_psnr(**yuv),
        **{name: _mean(values) for name, values in indices.items()},
        "psnr_frames": [round(value, 4) for value in frame_psnr.tolist()],
    }


def measure_vmaf(decoded: Tensor, clip: Tensor, video: VideoFormat) -> float | None:
    """VMAF v0.6.1 of `decoded` against `clip`, both `[T, 3, H, W]`, uint8.

    None where no ffmpeg has libvmaf, or where it refuses the pictures, which may be too small.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "decoded.y4m", Path(folder) / "source.y4m"
        for path, frames in zip(paths, (decoded, clip), strict=True):
            with write_frames(str(path), replace(video, chroma="420")) as sink:
                for frame in frames.permute(0, 2, 3, 1).numpy():
                    sink(frame)
        with suppress(RequestError):
            return vmaf(*paths)
    return None


def peak_memory() -> int | None:
    """Largest number of bytes that this process, or one that it ran, had resident; None where it is not known."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return most * (1 if sys.platform == "darwin" else 1024)


def _mean(values: list[Tensor | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(torch.cat(known).mean()) if known else None
