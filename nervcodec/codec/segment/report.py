"""What `encode` tells of a file it wrote, and of each segment on the way."""

from dataclasses import asdict, dataclass
from typing import Any

from nervcodec.metrics.value import Quality
from nervcodec.picture import Domain


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What a file takes, and what the decoder makes of it."""

    quality: Quality
    file_bytes: int
    bits_per_pixel: float
    """Of the pictures alone: 8 * bytes / (width * height * frames); the rest of the file is attached."""
    parameters: int
    """Weights and biases of the networks; embeddings do not count."""
    steps: int
    """Optimizer steps of the fits that the file comes from."""
    fit_seconds: float
    """Duration of the fits that the file comes from."""
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
    """The file that ends with some layer; `parameters`, `steps` and `fit_seconds` are those of the layer alone."""


@dataclass(frozen=True, kw_only=True)
class EncodeReport(FileReport):
    """The file that `encode` wrote; `parameters`, `steps` and `fit_seconds` are sums over its layers."""

    frames: int
    layers: tuple[LayerReport, ...]
    """From the base up, without those that were not written."""
    masked: Quality | None = None
    """Quality of the pixels that `mask` hid, over the frames that have some; None if no frame has."""
    missing: Quality | None = None
    """Quality of the frames of the video that were left out of the fit, interpolated or assisted; None if there are
    none. `quality` is that of the other frames."""
    assisted_bytes: int | None = None
    """Bytes of the file that frames left out of the fit take; None if they are interpolated."""
    seconds: float = 0.0
    """From opening the video to closing the file."""
    fits: int = 1
    """Number of fits of every layer that it took to reach a target, in the segment that took most."""
    attached_bytes: int = 0
    """Bytes of the file that are sound, subtitles, chapters and titles."""
    segments: int = 1
    """Number of pieces in which the video was fitted."""
    domain: Domain = "rgb"
    """Samples in which the video was fitted."""


@dataclass(frozen=True, kw_only=True)
class PartReport:
    """What is known of a segment that is done."""

    whole: EncodeReport
    """As if the segment were all of the video."""
    fitted: int
    """Number of frames that were fitted, which `whole.quality` is of."""
    masked: int
    """Number of frames that have masked pixels."""
    missing: int
    """Number of frames that were left out of the fit."""

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "PartReport":
        """The inverse of `to_json`.

        Raises KeyError or TypeError for anything else.
        """
        whole = _with_qualities(record.pop("whole"), "quality", "masked", "missing")
        layers = tuple(LayerReport(**_with_qualities(layer, "quality")) for layer in whole.pop("layers"))
        return cls(whole=EncodeReport(**whole, layers=layers), **record)


def _with_qualities(record: dict[str, Any], *names: str) -> dict[str, Any]:
    """A record of a report with some values, which JSON has as objects or null, as qualities."""
    return record | {name: record[name] and Quality(**record[name]) for name in names}
