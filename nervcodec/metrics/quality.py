"""PSNR and MS-SSIM of frames, at their own depth; a clip's figure is the mean over its frames, as in the NeRV papers.

In RGB all samples count together. In YUV 4:2:0 PSNR is the mean over the planes, with three quarters of the weight on
luma, and MS-SSIM is that of luma.
"""

from dataclasses import dataclass, field
from typing import TypeVar

import torch
from pytorch_msssim import ms_ssim, ssim
from torch import Tensor

from nervcodec.metrics.value import Quality
from nervcodec.picture import VideoFormat
from nervcodec.planes import split_planes
from nervcodec.samples import depth_of, peak_of

Number = TypeVar("Number", float, Tensor)

PSNR_CAP_DB = 100.0
"""PSNR that is reported for identical frames."""
RECORDED = {"psnrs": torch.float64, "lumas": torch.float64, "indices": torch.float32}
"""Lists of figures of a meter, with the type of the figures."""
LEAST_SHARE = 1e-12
"""Share that stands for a plane of which no sample counts, so that it is measured as identical."""
SSIM_SIDE = 11
MS_SSIM_SIDE = 161
"""Shortest sides of a picture, in pixels, that an 11-tap window and five scales of it allow."""


def psnr(frames: Tensor, reference: Tensor, shares: Tensor | float = 1.0) -> Tensor:
    """PSNR in dB of each frame, at most 100; both samples `[B, C, H, W]`.

    shares: the share of samples that count; all others are equal.
    """
    errors = (frames.float() - reference.float()).square().mean(dim=(1, 2, 3), dtype=torch.float64) / shares
    return (-10 * torch.log10(errors / _peak(reference) ** 2)).clamp(max=PSNR_CAP_DB)


def weighted_psnr(psnr_y: Number, psnr_u: Number, psnr_v: Number) -> Number:
    """PSNR of the planes of YUV weighted as (6 Y + U + V) / 8, as in the papers of the DCVC family."""
    return (6 * psnr_y + psnr_u + psnr_v) / 8


def structural_similarity(frames: Tensor, reference: Tensor) -> Tensor | None:
    """SSIM of each frame in RGB, with an 11-tap Gaussian window; None for too small pictures.

    Both are samples `[B, 3, H, W]`.
    """
    if min(frames.shape[2:]) < SSIM_SIDE:
        return None
    index: Tensor = ssim(*map(_pixels, (frames, reference)), data_range=_peak(reference), size_average=False)
    return index


def multiscale_ssim(frames: Tensor, reference: Tensor) -> Tensor | None:
    """MS-SSIM of each frame, over its channels; both samples `[B, C, H, W]`; None for too small pictures."""
    if min(frames.shape[2:]) < MS_SSIM_SIDE:
        return None
    index: Tensor = ms_ssim(*map(_pixels, (frames, reference)), data_range=_peak(reference), size_average=False)
    return index


@dataclass
class QualityMeter:
    """Collects the quality of a clip, batch by batch."""

    video: VideoFormat
    """Format of the pictures."""
    psnrs: list[Tensor] = field(default_factory=list)
    lumas: list[Tensor] = field(default_factory=list)
    """PSNR of luma alone, or of RGB."""
    indices: list[Tensor] = field(default_factory=list)

    def add(self, frames: Tensor, reference: Tensor, masks: Tensor | None = None) -> None:
        """Measure one batch; both samples `[B, C, H, W]` in the domain of the video.

        masks: bool, in the shape of the samples or with one channel; masked samples do not count, and are taken as
        equal in MS-SSIM. Frames where nothing counts are left out.
        """
        shares: list[Tensor | float] = [1.0] * 3
        if masks is not None:
            counted = ~masks.flatten(1).all(dim=1)
            frames, reference, masks = frames[counted], reference[counted], masks[counted]
            frames = torch.where(masks, reference, frames)
            seen = (1 - plane.double().mean(dim=(1, 2, 3)) for plane in self._planes(masks))
            shares = [share.clamp(min=LEAST_SHARE) for share in seen]
        made, given = self._planes(frames), self._planes(reference)
        each = [psnr(a, b, share) for a, b, share in zip(made, given, shares, strict=False)]
        self.lumas.append(each[0])
        self.psnrs.append(weighted_psnr(*each) if self.video.domain == "yuv420" else each[0])
        index = multiscale_ssim(made[0], given[0]) if len(frames) else None
        if index is not None:
            self.indices.append(index)

    def to_json(self) -> dict[str, list[float]]:
        """The figures measured so far, as a record for JSON."""
        return {name: [x for batch in getattr(self, name) for x in batch.tolist()] for name in RECORDED}

    @classmethod
    def from_json(cls, video: VideoFormat, record: dict[str, list[float]]) -> "QualityMeter":
        """A meter with the figures of a record, the inverse of `to_json`."""
        known = {name: torch.tensor(record.get(name, []), dtype=kind) for name, kind in RECORDED.items()}
        return cls(video, **{name: [figures] for name, figures in known.items() if len(figures)})

    def _planes(self, pictures: Tensor) -> list[Tensor]:
        """Pictures unchanged in RGB, or as planes Y, U and V, each `[B, 1, H, W]`."""
        if self.video.domain == "rgb":
            return [pictures]
        return list(split_planes(pictures, self.video.height, self.video.width))

    @property
    def frames(self) -> int:
        """Number of frames that have been measured."""
        return sum(map(len, self.psnrs))

    @property
    def psnr_db(self) -> float:
        """Mean PSNR over the frames so far, in dB."""
        return float(torch.cat(self.psnrs).mean())

    @property
    def luma_error(self) -> float:
        """Mean squared error of luma, or of RGB, over the frames so far, where the whole range of samples is 1."""
        return float((10 ** (torch.cat(self.lumas) / -10)).mean())

    @property
    def quality(self) -> Quality:
        """Mean quality over the frames so far."""
        return Quality(self.psnr_db, self.ms_ssim)

    @property
    def ms_ssim(self) -> float | None:
        """Mean MS-SSIM over the frames so far; None for pictures too small to have one."""
        return float(torch.cat(self.indices).mean()) if self.indices else None


def _pixels(frames: Tensor) -> Tensor:
    """Samples as floats with the channels last in memory, where windows are two to three times as fast."""
    return frames.to(torch.float32, memory_format=torch.channels_last)


def _peak(frames: Tensor) -> int:
    return peak_of(depth_of(frames))
