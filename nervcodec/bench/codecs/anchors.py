"""Conventional codecs, along a curve."""

from dataclasses import dataclass

import torch
from torch import Tensor

from nervcodec.bench.codecs.encoders import ENCODERS, Encoder
from nervcodec.bench.codecs.ffmpeg import decode_elementary, even, run_encoder
from nervcodec.bench.codecs.material import Coded, Material, Setting
from nervcodec.bench.codecs.networks import spread
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import psnr

SEED_BITS_PER_PIXEL = (0.0113, 0.0226, 0.0339, 0.0452)
"""Rates of the points; the last three are those of QS-NeRV's supplement, section 2: 5000, 7500 and 10000 kbit/s of
1920x960 at 120 frames/s."""
SEED_OPTIONS = {"x264": {"bf": "0"}, "x265": {"x265-params": "bframes=0"}}
LITERAL_PIXELS = {"x264": "yuv444p", "x265": "gbrp"}
"""Pixel formats that ffmpeg chooses for images where none is named."""


@dataclass(frozen=True)
class AnchorCodec:
    """An encoder with a preset, tuned or not, such as `x265` or `x265:veryslow:psnr`; 4:2:0, all frames in one run."""

    encoder: Encoder
    preset: str
    tuned: bool = False

    def settings(self, points: int) -> dict[str, Setting]:
        option, rates = self.encoder.rate_option, spread(*self.encoder.rates, 2 * points)
        return {f"{option}={round(rate)}": {option: round(rate)} for rate in rates}

    def encode(self, material: Material, setting: Setting) -> Coded:
        encoder = self.encoder
        options = {encoder.preset_option: self.preset, **((encoder.tune or {}) if self.tuned else {})}
        options |= {name: str(value) for name, value in setting.items()} | encoder.keys(material.video.frame_rate)
        options |= encoder.fixed
        return run_encoder(encoder, material, encoder.pixels, options)

    def decode(self, material: Material, coded: Coded) -> Tensor:
        return decode_elementary(coded.data, material, self.encoder)


@dataclass(frozen=True)
class SeedCodec:
    """The commands of QS-NeRV's supplement: preset medium, no B-frames, a bitrate; and the better of two pixel formats.

    The supplement names no pixel format, so that ffmpeg codes images as RGB or 4:4:4. Here the commands run with these
    and with 4:2:0, at the frame rate of the source where ffmpeg takes 25, and the higher RGB PSNR counts. Planes are
    coded as they are.
    """

    name: str

    def settings(self, points: int) -> dict[str, Setting]:
        return {f"bpp={bpp:g}": {"bpp": bpp} for bpp in SEED_BITS_PER_PIXEL[-points:]}

    def encode(self, material: Material, setting: Setting) -> Coded:
        video = material.video
        rate = setting["bpp"] * video.width * video.height * float(video.frame_rate)
        options = {"preset": "medium", **SEED_OPTIONS[self.name], "b": f"{rate:.0f}", **ENCODERS[self.name].fixed}
        formats = ("yuv420p", LITERAL_PIXELS[self.name]) if video.domain == "rgb" else ("yuv420p",)
        tried = [run_encoder(ENCODERS[self.name], material, pixels, options) for pixels in formats]
        return max(tried, key=lambda coded: self._quality(material, coded))

    def decode(self, material: Material, coded: Coded) -> Tensor:
        return decode_elementary(coded.data, material, ENCODERS[self.name])

    def _quality(self, material: Material, coded: Coded) -> float:
        """Mean PSNR in dB, measured frame by frame."""
        pairs = zip(self.decode(material, coded), even(material), strict=True)
        return float(torch.cat([psnr(frame[None], original[None]) for frame, original in pairs]).mean())


def anchor_codec(name: str, variants: list[str]) -> AnchorCodec | SeedCodec:
    """The codec of a name that was split at its colons.

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
