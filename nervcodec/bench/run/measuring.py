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
from nervcodec.metrics.yuv import PLANES, Planes, yuv_planes, yuv_psnr
from nervcodec.picture import VideoFormat
from nervcodec.planes import split_planes
from nervcodec.video.domains import picture_to_rgb
from nervcodec.video.writer import write_frames

BATCH = 8
"""Number of frames that are compared at a time."""


def measure_clip(decoded: Tensor, clip: Tensor, video: VideoFormat) -> dict[str, Any]:
    """Quality of `decoded` as the fields of a `Record`; both 8-bit samples `[T, C, H, W]` in the domain of `video`.

    Every figure is a mean over frames, except for `psnr_of_mean_mse`.
    """
    rgb: list[Tensor] = []
    planes: dict[str, list[Tensor]] = {plane: [] for plane in PLANES}
    indices: dict[str, list[Tensor | None]] = {"ssim": [], "ms_ssim": []}
    for batch in zip(torch.split(decoded, BATCH), torch.split(clip, BATCH), strict=True):
        for plane, value in yuv_psnr(*(_planes(pictures, video) for pictures in batch)).items():
            planes[plane].append(value)
        frames, reference = (_rgb(pictures, video) for pictures in batch)
        rgb.append(psnr(frames, reference))
        indices["ssim"].append(structural_similarity(frames, reference))
        indices["ms_ssim"].append(multiscale_ssim(frames, reference))
    frame_psnr, yuv = torch.cat(rgb), {f"psnr_{plane}": torch.cat(values) for plane, values in planes.items()}
    frame_yuv = weighted_psnr(**yuv)
    return {
        "psnr": float(frame_psnr.mean()),
        "psnr_of_mean_mse": min(-10 * log10(max(float((10 ** (-frame_psnr / 10)).mean()), 1e-12)), PSNR_CAP_DB),
        **{name: float(values.mean()) for name, values in yuv.items()},
        "psnr_yuv": float(frame_yuv.mean()),
        **{name: _mean(values) for name, values in indices.items()},
        "psnr_frames": _rounded(frame_psnr),
        "psnr_yuv_frames": _rounded(frame_yuv),
    }


def _planes(pictures: Tensor, video: VideoFormat) -> Planes:
    """Planes of 4:2:0 of pictures in the domain of a video."""
    return yuv_planes(pictures) if video.domain == "rgb" else split_planes(pictures, video.height, video.width)


def _rgb(pictures: Tensor, video: VideoFormat) -> Tensor:
    """RGB `[B, 3, H, W]` of pictures in the domain of a video."""
    if video.domain == "rgb":
        return pictures
    converted = [torch.from_numpy(picture_to_rgb(p, video)) for p in pictures.permute(0, 2, 3, 1).numpy()]
    return torch.stack(converted).permute(0, 3, 1, 2)


def _rounded(values: Tensor) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def measure_vmaf(decoded: Tensor, clip: Tensor, video: VideoFormat) -> float | None:
    """VMAF v0.6.1 of `decoded` against `clip`, both 8-bit samples `[T, C, H, W]` in the domain of `video`.

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
