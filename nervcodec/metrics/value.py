"""The quality of frames as a value that can be reported; loads no torch."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from nervcodec.picture import Domain

PSNR: dict[Domain, str] = {"rgb": "PSNR", "yuv420": "YUV PSNR"}
"""Name of PSNR for people, by domain."""


@dataclass(frozen=True)
class Quality:
    """Similarity of frames to those of the video, as the mean over frames."""

    psnr_db: float
    """PSNR at the depth of the file: that of RGB, or of the planes of YUV 4:2:0, weighted 6:1:1."""
    ms_ssim: float | None
    """MS-SSIM of RGB or luma; None for pictures below 161 pixels a side."""

    def to_json(self) -> dict[str, float | None]:
        """The quality as a record for JSON."""
        return asdict(self)

    @classmethod
    def mean(cls, values: Iterable[tuple["Quality | None", int]]) -> "Quality | None":
        """The mean of qualities, each weighted by its number of frames; None without any frame."""
        known = [(value, frames) for value, frames in values if value is not None and frames]
        if not known:
            return None
        indices = [(value.ms_ssim, frames) for value, frames in known if value.ms_ssim is not None]
        psnr_db = _mean([(value.psnr_db, frames) for value, frames in known])
        return cls(psnr_db, _mean(indices) if indices else None)


def _mean(values: list[tuple[float, int]]) -> float:
    return sum(value * count for value, count in values) / sum(count for _, count in values)
