"""What `encode` tells of a file it wrote."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """What the decoder makes of a file that ends with some layer."""

    psnr_db: float
    """Mean over frames of 8-bit RGB."""
    ms_ssim: float | None
    """None for pictures below 161 pixels a side."""
    file_bytes: int
    """With all layers below."""
    bits_per_pixel: float
    """8 * file_bytes / (width * height * frames)."""
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
    """Mean over frames of 8-bit RGB."""
    ms_ssim: float | None
    """None for pictures below 161 pixels a side."""
    file_bytes: int
    bits_per_pixel: float
    """8 * file_bytes / (width * height * frames)."""
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
    """How many of every layer it took to reach a target."""
