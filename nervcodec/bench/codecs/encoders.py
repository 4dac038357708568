"""Encoders of FFmpeg: in this process through PyAV, or by an ffmpeg program for those that PyAV lacks."""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from time import monotonic

import torch
from torch import Tensor

from nervcodec.bench.codecs.material import Coded, Material
from nervcodec.errors import RequestError, VideoError
from nervcodec.metrics.vmaf import ffmpeg_with
from nervcodec.picture import FULL, STUDIO, ColourTags, VideoFormat
from nervcodec.video.colour import Frame, describe_tags
from nervcodec.video.elementary import Coding, read_elementary, write_elementary
from nervcodec.video.writer import write_frames

X_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
BT709 = ColourTags(primaries=1, transfer=1, matrix=1, sample_range=STUDIO)
KEY_DISTANCE = 250
"""Frames from one key frame to the next at most, for all encoders: the default of x264 and x265."""
SWSCALE_NAMES = {1: "bt709", 4: "fcc", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""swscale's names of H.273 matrices; any other matrix is bt601."""


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
    filter: str | None = None
    """Bitstream filter that removes the encoder's description of itself (SEI, up to 2.4 kB) from the stream."""
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


def run_encoder(encoder: Encoder, material: Material, pixels: str, options: Mapping[str, str]) -> Coded:
    """Code a clip; pictures of odd size get another column or row.

    Raises RequestError for an encoder that is not found, or that refuses its options.
    """
    clip, video = even(material.clip), coding_format(material)
    frames = clip.permute(0, 2, 3, 1).numpy()
    started = monotonic()
    if encoder.external:
        data = _external(encoder, frames, video, options)
    else:
        os.environ.setdefault("SVT_LOG", "1")  # keeps SVT-AV1 from printing
        merged = {**options, **{k: _joined(options.get(k), v) for k, v in (encoder.quiet or {}).items()}}
        coding = Coding(encoder.library, encoder.container, pixels, merged, encoder.filter)
        data = write_elementary(frames, video, coding)
    seconds = monotonic() - started
    words = f"-framerate {video.frame_rate} -i frames/%05d.png"
    if pixels == "gbrp":
        converted = "coded as RGB"
    else:
        matrix, full = SWSCALE_NAMES.get(video.colour.matrix, "bt601"), video.colour.sample_range == FULL
        words += f" -vf scale=out_color_matrix={matrix}:out_range={'pc' if full else 'tv'}"
        converted = f"coded as {pixels}, {describe_tags(video.colour)}"
    words += f" -pix_fmt {pixels} -c:v {encoder.library}"
    words += "".join(f" -{'b:v' if name == 'b' else name} {value}" for name, value in options.items())
    words += f" -bsf:v {encoder.filter}" if encoder.filter else ""
    return Coded(data=data, command=f"ffmpeg {words} out.{encoder.container}", conversion=converted, seconds=seconds)


def decode_elementary(data: bytes, material: Material, encoder: Encoder) -> Tensor:
    """The last frames of a stream, as many as the clip has, `[T, 3, H, W]`, uint8.

    Raises VideoError for a stream whose frames are not a whole number of clips.
    """
    coding = Coding(encoder.library, encoder.container, encoder.pixels)
    return collect(read_elementary(data, coding_format(material), coding), material)


def collect(frames: Iterable[Frame], material: Material) -> Tensor:
    """The last of some frames `[H, W, 3]`, as many as the clip has, `[T, 3, H, W]`, uint8.

    Raises VideoError unless they are a whole number of clips.
    """
    video, length, count = coding_format(material), len(material.clip), 0
    kept = torch.empty(length, video.height, video.width, 3, dtype=torch.uint8)
    for count, frame in enumerate(frames, 1):
        kept[(count - 1) % length] = torch.from_numpy(frame)
    if not count or count % length:
        raise VideoError(f"{count} frames were decoded for a clip of {length}")
    return kept.permute(0, 3, 1, 2)


def even(clip: Tensor) -> Tensor:
    """A clip whose last row and column are repeated where their number is odd, as 4:2:0 needs even sides."""
    rows, columns = (torch.arange(side + side % 2).clamp(max=side - 1) for side in clip.shape[2:])
    return clip[:, :, rows][:, :, :, columns] if len(rows) + len(columns) > sum(clip.shape[2:]) else clip


def coding_format(material: Material) -> VideoFormat:
    """Format for codecs of YUV: even sides, and the source's matrix and range; BT.709, studio for a source of RGB."""
    video = material.video
    width, height = video.width + video.width % 2, video.height + video.height % 2
    return replace(video, width=width, height=height, colour=BT709 if video.chroma == "rgb" else video.colour)


def _external(encoder: Encoder, frames: Iterable[Frame], video: VideoFormat, options: Mapping[str, str]) -> bytes:
    """Code frames by an ffmpeg program."""
    program = ffmpeg_with("encoder", encoder.library)
    if program is None:
        raise RequestError(f"no ffmpeg with {encoder.library} was found: pip install 'nervcodec[vmaf]' brings one")
    with tempfile.TemporaryDirectory() as folder:
        source, stream = Path(folder) / "source.y4m", Path(folder) / f"out.{encoder.container}"
        with write_frames(str(source), replace(video, chroma="420")) as sink:
            for frame in frames:
                sink(frame)
        words = [word for name, value in options.items() for word in (f"-{name}", value)]
        command = [program, "-nostdin", "-v", "error", "-i", str(source), "-pix_fmt", encoder.pixels]
        command += ["-c:v", encoder.library, *words, "-f", encoder.container, str(stream)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RequestError(f"{encoder.library}: {(done.stderr.strip().splitlines() or ['failed'])[0]}")
        return stream.read_bytes()


def _joined(given: str | None, added: str) -> str:
    """Join two lists of options by a colon."""
    return f"{given}:{added}" if given else added
