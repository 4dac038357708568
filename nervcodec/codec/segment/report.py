"""Reports of `encode` on the file that it wrote, its layers and its segments."""

from dataclasses import asdict, dataclass
from typing import Any

from nervcodec.metrics.value import Quality
from nervcodec.picture import Domain


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """Size, quality and cost of a file."""

    quality: Quality
    file_bytes: int
    bits_per_pixel: float
    """Bits per pixel, not counting attachments: 8 * bytes / (width * height * frames)."""
    parameters: int
    """Number of weights and biases of the networks, not counting embeddings."""
    steps: int
    """Number of optimizer steps of the fits that the file comes from."""
    fit_seconds: float
    """Duration in seconds of the fits that the file comes from."""
    decode_seconds: float

    @property
    def psnr_db(self) -> float:
        """PSNR of the decoded frames in dB (see Quality)."""
        return self.quality.psnr_db

    @property
    def ms_ssim(self) -> float | None:
        """MS-SSIM of the decoded frames (see Quality)."""
        return self.quality.ms_ssim


@dataclass(frozen=True, kw_only=True)
class LayerReport(FileReport):
    """Report on the file up to a layer; `parameters`, `steps` and `fit_seconds` are those of the layer alone."""


@dataclass(frozen=True, kw_only=True)
class EncodeReport(FileReport):
    """Report on the file that `encode` wrote; `parameters`, `steps` and `fit_seconds` are sums over its layers."""

    frames: int
    layers: tuple[LayerReport, ...]
    """Reports on the layers that were written, from the base up."""
    masked: Quality | None = None
    """Quality of the pixels that `mask` hid, over the frames that have such pixels; None if no frame has."""
    missing: Quality | None = None
    """Quality of the frames of the video that were left out of the fit, interpolated or assisted; None if there are
    none. `quality` is that of the other frames."""
    assisted_bytes: int | None = None
    """Bytes of the file that frames left out of the fit take; None if they are interpolated."""
    seconds: float = 0.0
    """Seconds from opening the video to closing the file."""
    fits: int = 1
    """Number of fits of every layer to reach a target, in the segment that took the most."""
    attached_bytes: int = 0
    """Bytes of the file that are sound, subtitles, chapters and titles."""
    segments: int = 1
    domain: Domain = "rgb"


@dataclass(frozen=True, kw_only=True)
class PartReport:
    """Report on a part, the finished stream of a segment."""

    whole: EncodeReport
    """Report on the segment as if it were the whole video."""
    fitted: int
    """Number of frames that were fitted, or lie between those of a group; `whole.quality` is the quality of these."""
    masked: int
    """Number of frames that have masked pixels."""
    missing: int
    """Number of frames that were left out of the file."""

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "PartReport":
        """The inverse of `to_json`.

        Raises KeyError or TypeError for a record of anything else.
        """
        whole = _with_qualities(record.pop("whole"), "quality", "masked", "missing")
        layers = tuple(LayerReport(**_with_qualities(layer, "quality")) for layer in whole.pop("layers"))
        return cls(whole=EncodeReport(**whole, layers=layers), **record)


def _with_qualities(record: dict[str, Any], *names: str) -> dict[str, Any]:
    """A record of a report in which the values with some names, objects or null in JSON, become qualities or None."""
    return record | {name: record[name] and Quality(**record[name]) for name in names}
