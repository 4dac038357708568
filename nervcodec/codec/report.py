"""What `encode` tells of a file it wrote."""

from dataclasses import dataclass


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
    """Weights in the file; embeddings are not among them."""
    steps: int
    """Of the fit that the file comes from."""
    seconds: float
    """From opening the video to closing the file."""
    fit_seconds: float
    """Of the fit that the file comes from."""
    decode_seconds: float
    fits: int = 1
    """How many it took to reach a target."""
