"""The codecs that people use: in process through PyAV, and through an ffmpeg program where it alone has them."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from nervcodec.bench.codecs.material import Coded, Material, Setting
from nervcodec.bench.codecs.networks import spread
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import psnr
from nervcodec.metrics.vmaf import ffmpeg_with
from nervcodec.picture import STUDIO, UNSPECIFIED, VideoFormat
from nervcodec.video.elementary import Coding, read_elementary, write_elementary
from nervcodec.video.writer import write_frames

X_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
SEED_BITS_PER_PIXEL = (0.0113, 0.0226, 0.0339, 0.0452)
"""QS-NeRV's supplement, section 2, has the last three: 5000, 7500 and 10000 kbit/s of 1920x960 at 120 frames/s."""
SEED_OPTIONS = {"x264": {"bf": "0"}, "x265": {"x265-params": "bframes=0"}}


@dataclass(frozen=True)
class Encoder:
    """An encoder of FFmpeg's and how its points are told."""

    library: str
    container: str
    rate_option: str
    """What sets the quality of all frames."""
    rates: tuple[int, int]
    """Ends of a curve, from few bits to many."""
    presets: tuple[str, ...]
    preset: str
    """The one that is meant if none is named."""
    preset_option: str = "preset"
    tune: Mapping[str, str] | None = None
    """What makes it heed nothing but PSNR."""
    quiet: Mapping[str, str] | None = None
    filter: str | None = None
    """What takes the encoder's remarks on itself (SEI, up to 2 kB) out of the stream."""
    external: bool = False
    """Whether PyAV lacks it."""


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
        "libvvenc", "vvc", "qp", (50, 22), ("faster", "fast", "medium", "slow", "slower"), "medium", external=True
    ),
    "libaom": Encoder(
        "libaom-av1", "obu", "crf", (63, 28), tuple(str(n) for n in range(9)), "4", "cpu-used", external=True
    ),
}


@dataclass(frozen=True)
class AnchorCodec:
    """`x265`, `x265:veryslow:psnr`: an encoder with a preset, tuned or not; 4:2:0, all frames in one run."""

    encoder: Encoder
    preset: str
    tuned: bool = False

    def settings(self, points: int) -> dict[str, Setting]:
        option, rates = self.encoder.rate_option, spread(*self.encoder.rates, 2 * points)
        return {f"{option}={round(rate)}": {option: round(rate)} for rate in rates}

    def encode(self, material: Material, setting: Setting) -> Coded:
        encoder = self.encoder
        options = {encoder.preset_option: self.preset, **((encoder.tune or {}) if self.tuned else {})}
        options |= {name: str(value) for name, value in setting.items()}
        return run_encoder(encoder, material, "yuv420p", options)

    def decode(self, material: Material, coded: Coded) -> Tensor:
        return decode_elementary(coded.data, self.encoder.container)


@dataclass(frozen=True)
class SeedCodec:
    """The commands of QS-NeRV's supplement: preset medium, no B-frames, a bitrate; and the better of two formats.

    Its commands name no pixel format, so that ffmpeg codes images as RGB or 4:4:4. Here they run as they stand and in
    4:2:0, with the frame rate of the source where ffmpeg takes 25, and the one with the higher RGB PSNR counts.
    """

    name: str

    def settings(self, points: int) -> dict[str, Setting]:
        return {f"bpp={bpp:g}": {"bpp": bpp} for bpp in SEED_BITS_PER_PIXEL[-points:]}

    def encode(self, material: Material, setting: Setting) -> Coded:
        video, encoder = material.video, ENCODERS[self.name]
        rate = setting["bpp"] * video.width * video.height * float(video.frame_rate)
        options = {"preset": "medium", **SEED_OPTIONS[self.name], "b": f"{rate:.0f}"}
        literal = "yuv444p" if self.name == "x264" else "gbrp"
        tried = [run_encoder(encoder, material, pixels, options) for pixels in ("yuv420p", literal)]
        return max(tried, key=lambda coded: float(psnr(self.decode(material, coded), even(material.clip)).mean()))

    def decode(self, material: Material, coded: Coded) -> Tensor:
        return decode_elementary(coded.data, ENCODERS[self.name].container)


def anchor_codec(name: str, variants: list[str]) -> AnchorCodec | SeedCodec:
    """The codec of a name that was cut at its colons.

    Raises RequestError for variants that are not known or do not go together.
    """
    encoder = ENCODERS[name]
    if variants == ["seed"] and name in SEED_OPTIONS:
        return SeedCodec(name)
    preset, tuned = encoder.preset, False
    for variant in variants:
        if variant in encoder.presets:
            preset = variant
        elif variant == "psnr" and encoder.tune:
            tuned = True
        else:
            known = [*encoder.presets, *(["psnr"] if encoder.tune else []), *(["seed"] if name in SEED_OPTIONS else [])]
            raise RequestError(f"{name} has the variants {', '.join(known)}, not {variant}")
    return AnchorCodec(encoder, preset, tuned)


def run_encoder(encoder: Encoder, material: Material, pixels: str, options: Mapping[str, str]) -> Coded:
    """Code a clip; odd pictures get another column or row.

    Raises RequestError for an encoder that is nowhere, or refuses its options.
    """
    clip = even(material.clip)
    video = replace(material.video, height=clip.shape[2], width=clip.shape[3])
    if encoder.external:
        data = _external(encoder, clip, video, options)
    else:
        os.environ.setdefault("SVT_LOG", "1")  # or SVT-AV1 talks
        merged = {**options, **{k: _joined(options.get(k), v) for k, v in (encoder.quiet or {}).items()}}
        coding = Coding(encoder.library, encoder.container, pixels, merged, encoder.filter)
        data = write_elementary(clip.permute(0, 2, 3, 1).numpy(), video, coding)
    words = " ".join(f"-{'b:v' if name == 'b' else name} {value}" for name, value in options.items())
    words += f" -bsf:v {encoder.filter}" if encoder.filter else ""
    rate = f"-framerate {video.frame_rate}"
    command = (
        f"ffmpeg {rate} -i frames/%05d.png -pix_fmt {pixels} -c:v {encoder.library} {words} out.{encoder.container}"
    )
    return Coded(data=data, command=command, conversion=conversion(video, pixels))


def decode_elementary(data: bytes, container: str) -> Tensor:
    """The frames of a stream, `[T, 3, H, W]`, uint8."""
    frames = [torch.from_numpy(frame) for frame in read_elementary(data, container)]
    return torch.stack(frames).permute(0, 3, 1, 2)


def even(clip: Tensor) -> Tensor:
    """A clip with its last row and column twice where their number is odd, as 4:2:0 wants it."""
    rows, columns = (torch.arange(side + side % 2).clamp(max=side - 1) for side in clip.shape[2:])
    return clip[:, :, rows][:, :, :, columns] if len(rows) + len(columns) > sum(clip.shape[2:]) else clip


def _external(encoder: Encoder, clip: Tensor, video: VideoFormat, options: Mapping[str, str]) -> bytes:
    """The same by an ffmpeg program."""
    program = ffmpeg_with("encoder", encoder.library)
    if program is None:
        raise RequestError(f"no ffmpeg with {encoder.library} is there: pip install 'nervcodec[vmaf]' brings one")
    with tempfile.TemporaryDirectory() as folder:
        source, stream = Path(folder) / "source.y4m", Path(folder) / f"out.{encoder.container}"
        with write_frames(str(source), replace(video, chroma="420")) as sink:
            for frame in clip.permute(0, 2, 3, 1).numpy():
                sink(frame)
        words = [word for name, value in options.items() for word in (f"-{name}", value)]
        command = [program, "-nostdin", "-v", "error", "-i", str(source), "-c:v", encoder.library, *words]
        done = subprocess.run(
            [*command, "-f", encoder.container, str(stream)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RequestError(f"{encoder.library}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
        return stream.read_bytes()


def _joined(given: str | None, added: str) -> str:
    """Two lists of options between colons."""
    return f"{given}:{added}" if given else added


def conversion(video: VideoFormat, pixels: str) -> str:
    """Between RGB and what an encoder codes, in words."""
    if pixels == "gbrp":
        return "coded as RGB"
    matrix = "BT.601" if video.colour.matrix == UNSPECIFIED else f"matrix {video.colour.matrix} of H.273"
    kind = "studio" if video.colour.sample_range in (STUDIO, UNSPECIFIED) else "full"
    return f"coded as {pixels}, {matrix}, {kind} range"
