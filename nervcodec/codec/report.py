"""What `encode` tells of a file it wrote, and of each segment on the way."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nervcodec.picture import Domain


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """What the decoder makes of a file that ends with some layer."""

    psnr_db: float
    """Mean over frames at the file's depth: of RGB, or of the planes of YUV 4:2:0, weighted 6:1:1."""
    ms_ssim: float | None
    """Of RGB or luma; None for pictures below 161 pixels a side."""
    file_bytes: int
    """With all layers below, and what is attached."""
    bits_per_pixel: float
    """8 * bytes of pictures / (width * height * frames); the rest of the file is attached."""
    parameters: int
    """Weights of this layer; embeddings are not among them."""
    steps: int
    """Of the fit of this layer."""
    fit_seconds: float
    """Of the fit of this layer."""
    decode_seconds: float
    """With all layers below."""


@dataclass(frozen=True, kw_only=True)
class EncodeReport:
    """What the decoder makes of the file that `encode` wrote."""

    psnr_db: float
    """Mean over frames at the file's depth: of RGB, or of the planes of YUV 4:2:0, weighted 6:1:1."""
    ms_ssim: float | None
    """Of RGB or luma; None for pictures below 161 pixels a side."""
    file_bytes: int
    bits_per_pixel: float
    """8 * bytes of pictures / (width * height * frames); the rest of the file is attached."""
    frames: int
    parameters: int
    """Weights in the file, all layers together; embeddings are not among them."""
    steps: int
    """Of the fits that the file comes from."""
    fit_seconds: float
    """Of the fits that the file comes from."""
    decode_seconds: float
    layers: tuple[LayerReport, ...]
    """From the base up, as far as they were written."""
    masked_psnr_db: float | None = None
    """Of the pixels that `mask` hid, mean over the frames that have some; None where there are none."""
    missing_psnr_db: float | None = None
    """Of the frames of the video that were left out of the fit, interpolated or assisted; None where there are none;
    `psnr_db` is of the others then."""
    missing_ms_ssim: float | None = None
    assisted_bytes: int | None = None
    """Of the file, those that the frames left out of the fit take; None where they are interpolated."""
    seconds: float = 0.0
    """From opening the video to closing the file."""
    fits: int = 1
    """How many of every layer it took to reach a target, at most, in any segment."""
    attached_bytes: int = 0
    """Of the file, those of sound, subtitles, chapters and titles."""
    segments: int = 1
    """In how many pieces the video was fitted."""
    domain: Domain = "rgb"
    """In which it was."""


@dataclass(frozen=True, kw_only=True)
class PartReport:
    """What is known of a segment that is done."""

    whole: EncodeReport
    """As if it were all of the video."""
    fitted: int
    """Frames that `psnr_db` is of."""
    masked: int
    """Frames that `masked_psnr_db` is of."""
    missing: int
    """Frames that `missing_psnr_db` is of."""

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "PartReport":
        """The inverse of `to_json`."""
        whole = record.pop("whole")
        layers = tuple(LayerReport(**layer) for layer in whole.pop("layers"))
        return cls(whole=EncodeReport(**whole, layers=layers), **record)


def joined(parts: Sequence[PartReport], ends: Sequence[int], attached: int, pixels: int) -> EncodeReport:
    """The report of a file out of those of its segments.

    ends: where each layer ends, in bytes; attached: bytes that are no pictures; pixels: of a frame.
    """
    frames, reports = sum(part.whole.frames for part in parts), [part.whole for part in parts]
    fitted, assisted = sum(part.fitted for part in parts), _sum([report.assisted_bytes for report in reports])

    def layer(number: int) -> LayerReport:
        own = [report.layers[number] for report in reports if number < len(report.layers)]
        shown = [(report.layers[: number + 1][-1], part.fitted) for report, part in zip(reports, parts, strict=True)]
        return LayerReport(
            psnr_db=_mean([(made.psnr_db, count) for made, count in shown]) or 0.0,
            ms_ssim=_mean([(made.ms_ssim, count) for made, count in shown]),
            file_bytes=ends[number] - (assisted or 0),
            bits_per_pixel=8 * (ends[number] - attached - (assisted or 0)) / (fitted * pixels),
            parameters=sum(made.parameters for made in own),
            steps=sum(made.steps for made in own),
            fit_seconds=sum(made.fit_seconds for made in own),
            decode_seconds=sum(made.decode_seconds for made, _ in shown),
        )

    layers = tuple(layer(number) for number in range(len(ends)))
    last = layers[-1]
    return EncodeReport(
        psnr_db=last.psnr_db,
        ms_ssim=last.ms_ssim,
        file_bytes=ends[-1],
        bits_per_pixel=8 * (ends[-1] - attached) / (frames * pixels),
        frames=frames,
        parameters=sum(made.parameters for made in reports),
        steps=sum(made.steps for made in reports),
        fit_seconds=sum(made.fit_seconds for made in reports),
        decode_seconds=sum(made.decode_seconds for made in reports),
        layers=layers,
        masked_psnr_db=_mean([(part.whole.masked_psnr_db, part.masked) for part in parts]),
        missing_psnr_db=_mean([(part.whole.missing_psnr_db, part.missing) for part in parts]),
        missing_ms_ssim=_mean([(part.whole.missing_ms_ssim, part.missing) for part in parts]),
        assisted_bytes=assisted,
        fits=max(made.fits for made in reports),
        attached_bytes=attached,
        segments=len(parts),
        domain=reports[0].domain,
    )


def _mean(values: Sequence[tuple[float | None, int]]) -> float | None:
    """The mean of values over so many frames each; None without any."""
    known = [(value, count) for value, count in values if value is not None and count]
    return sum(value * count for value, count in known) / sum(count for _, count in known) if known else None


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
