"""Encoders of FFmpeg that are measured, and the options that make their curves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

X_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
THREADS = {"threads": "4"}
"""Frames that x264 and x265 code at a time, so that their bytes are the same on all machines (ours)."""
KEY_DISTANCE = 250
"""Frames from one key frame to the next at most, for all encoders: the default of x264 and x265."""


@dataclass(frozen=True)
class Encoder:
    """An encoder of FFmpeg and the options that make its points."""

    library: str
    container: str
    rate_option: str
    """Name of the option that sets the quality of all frames."""
    rates: tuple[int, int]
    """Values of that option at the ends of a curve, from few bits to many."""
    presets: tuple[str, ...]
    preset: str
    """Preset that is used if none is named."""
    preset_option: str = "preset"
    tune: Mapping[str, str] | None = None
    """Options with which the encoder optimises only PSNR."""
    quiet: Mapping[str, str] | None = None
    """Options that keep the encoder from printing, and change nothing else."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Options of all points of all curves."""
    filter: str | None = None
    """Bitstream filter that removes the encoder's description of itself (SEI, up to 2.4 kB) from the stream."""
    least_side: int = 1
    """Shortest side, in pixels, of pictures that the encoder is given; below it, some shapes never come back (ours)."""
    pixels: str = "yuv420p"
    external: bool = False
    """Whether PyAV lacks the encoder."""
    period_option: str | None = None
    """Name of the option for the seconds between two key frames, of an encoder that takes no number of frames."""

    def keys(self, frame_rate: Fraction) -> dict[str, str]:
        """The options for key frames that are KEY_DISTANCE apart at most; for seconds, rounded up to whole ones."""
        if self.period_option:
            return {self.period_option: str(ceil(KEY_DISTANCE / frame_rate))}
        return {"g": str(KEY_DISTANCE)}


ENCODERS = {
    "x264": Encoder(
        "libx264",
        "h264",
        "crf",
        (50, 22),
        X_PRESETS,
        "medium",
        tune={"tune": "psnr"},
        fixed=THREADS,
        filter="filter_units=remove_types=6",
    ),
    "x265": Encoder(
        "libx265",
        "hevc",
        "crf",
        (50, 22),
        X_PRESETS,
        "medium",
        tune={"tune": "psnr"},
        quiet={"x265-params": "log-level=error"},
        fixed=THREADS,
        least_side=64,
        filter="filter_units=remove_types=39",
    ),
    "svt-av1": Encoder(
        "libsvtav1",
        "obu",
        "crf",
        (63, 28),
        tuple(str(n) for n in range(14)),
        "6",
        tune={"svtav1-params": "tune=1"},
        least_side=64,
    ),
    "vvenc": Encoder(
        "libvvenc",
        "vvc",
        "qp",
        (50, 22),
        ("faster", "fast", "medium", "slow", "slower"),
        "medium",
        tune={"qpa": "0"},
        pixels="yuv420p10le",
        external=True,
        period_option="period",
    ),
    "libaom": Encoder(
        "libaom-av1", "obu", "crf", (63, 28), tuple(str(n) for n in range(9)), "4", "cpu-used", external=True
    ),
}
