"""Types of option values: the texts that a user types, and what they become."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from nervcodec.codec.target import Target
from nervcodec.errors import RequestError
from nervcodec.timeline import When
from nervcodec.video.images import is_pattern
from nervcodec.video.view import EVEN

NTSC_RATES = {
    "23.976": Fraction(24000, 1001),
    "23.98": Fraction(24000, 1001),
    "29.97": Fraction(30000, 1001),
    "59.94": Fraction(60000, 1001),
    "119.88": Fraction(120000, 1001),
}
"""Exact frame rates of NTSC, by the rounded numbers that people type."""
SIXTY = 60
UNITS = {"": 1, "k": 1_000, "m": 1_000_000}


def default_output(source: str, suffix: str) -> str:
    """The name of the input, with another suffix.

    Raises UsageError for inputs that are no file.
    """
    path = Path(source)
    if source == "-" or not path.name or is_pattern(source):
        raise click.UsageError("say with -o which file to write")
    return str(path.with_suffix(suffix))


def check_file_target(output: str, *, overwrite: bool) -> None:
    """Raises RequestError for standard output, and for the name of another kind of file, unless it may be written."""
    if output == "-":
        raise RequestError("a .nerv file goes to a file, not to standard output")
    if Path(output).suffix.lower() in VIDEO_SUFFIXES and not overwrite:
        raise RequestError(f"{output} would be a .nerv file under the name of a video; -y writes it all the same")


VIDEO_SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mpg", ".y4m", ".yuv", ".png"}
"""Suffixes of files that players open, or that `nervc decode` writes."""


class Size(click.ParamType[tuple[int, int]]):
    """A size: `640x320` becomes (640, 320)."""

    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", value)
        if not match:
            self.fail(f"{value!r} is not two numbers such as 640x320", param, ctx)
        return int(match[1]), int(match[2])


class Scale(click.ParamType[tuple[int, int]]):
    """A new size: `640x320` becomes (640, 320); in `640x-2` or `-2x320` one side follows from the other and is EVEN."""

    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"([1-9]\d{0,4}|-2)x([1-9]\d{0,4}|-2)", value)
        if not match or value == f"{EVEN}x{EVEN}":
            self.fail(f"{value!r} is not a size such as 640x320 or 640x-2", param, ctx)
        return int(match[1]), int(match[2])


class FrameRange(click.ParamType[tuple[int, int | None]]):
    """A range of frames: `0:48`, `10:` or `:48` becomes (first, stop), not including `stop`."""

    name = "A:B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int | None]:
        match = re.fullmatch(r"(\d{0,9}):(\d{0,9})", value)
        if not match:
            self.fail(f"{value!r} is not a range such as 0:48", param, ctx)
        return int(match[1] or 0), int(match[2]) if match[2] else None


class FrameRate(click.ParamType[Fraction]):
    """A frame rate: `60`, `30000/1001` or, in short, `29.97` becomes frames per second."""

    name = "RATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        match = re.fullmatch(r"\d{1,6}(?:\.\d{1,6}|/[1-9]\d{0,6})?", value)
        rate = Fraction(value) if match else Fraction(0)
        if not rate:
            self.fail(f"{value!r} is not a frame rate such as 60, 29.97 or 30000/1001", param, ctx)
        return NTSC_RATES.get(value, rate)


class Time(click.ParamType[When]):
    """A time or frame: `00:01:30`, `1:30`, `90`, `90s` or `1.5` becomes seconds, a Fraction; `f:120` a frame number."""

    name = "WHEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> When:
        if isinstance(value, Fraction):  # a default
            return value
        if match := re.fullmatch(r"f:(\d{1,9})", value):
            return int(match[1])
        match = re.fullmatch(r"(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,9}(?:\.\d{1,9})?)s?", value)
        if not match or (match[2] and float(match[3]) >= SIXTY) or (match[1] and int(match[2]) >= SIXTY):
            self.fail(f"{value!r} is not a time such as 90, 1.5, 00:01:30 or f:120, a frame", param, ctx)
        return SIXTY * (SIXTY * int(match[1] or 0) + int(match[2] or 0)) + Fraction(match[3])


class Factor(click.ParamType[int]):
    """A factor: `4x` or `4` becomes 4."""

    name = "Nx"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"([1-9]\d{0,2})x?", value)
        if not match:
            self.fail(f"{value!r} is not a factor such as 4x", param, ctx)
        return int(match[1])


class LayerRange(click.ParamType[tuple[int, int | None]]):
    """A range of layers, counted from 1: `2:3` becomes (first, last), including both, and `2:` (first, None)."""

    name = "A:B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int | None]:
        match = re.fullmatch(r"(\d{1,9}):(\d{0,9})", value)
        if not match:
            self.fail(f"{value!r} is not a range of layers such as 2:3", param, ctx)
        return int(match[1]), int(match[2]) if match[2] else None


class Words(click.ParamType[tuple[str, ...]]):
    """A list of words: `Beauty,Jockey` becomes ("Beauty", "Jockey")."""

    name = "A,B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        words = tuple(word.strip() for word in value.split(",") if word.strip())
        if not words:
            self.fail(f"{value!r} names nothing", param, ctx)
        return words


class Weights(click.ParamType[int]):
    """A number of weights: `0.35M`, `165k` or `165000`."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([kKmM]?)", value)
        weights = round(float(match[1]) * UNITS[match[2].lower()]) if match else 0
        if not weights:
            self.fail(f"{value!r} is not a number of weights such as 0.35M", param, ctx)
        return weights


class Bytes(click.ParamType[int]):
    """A number of bytes: `2MB`, `500kB` or `500000`, in decimal units."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([kKmM]?)[bB]?", value)
        size = round(float(match[1]) * UNITS[match[2].lower()]) if match else 0
        if not size:
            self.fail(f"{value!r} is not a size such as 2MB", param, ctx)
        return size


class Duration(click.ParamType[float]):
    """A duration: `90s`, `10m`, `1.5h` or `90` becomes seconds."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", value)
        seconds = float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0.0
        if not seconds:
            self.fail(f"{value!r} is not a time such as 10m", param, ctx)
        return seconds


class Quality(click.ParamType[Target]):
    """A quality to reach: `psnr=34` or `ms-ssim=0.96` becomes a target."""

    name = "MEASURE=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        match = re.fullmatch(r"(psnr|ms-ssim)=(\d+(?:\.\d+)?)", value)
        if not match:
            self.fail(f"{value!r} is not a quality such as psnr=34 or ms-ssim=0.96", param, ctx)
        return Target("psnr" if match[1] == "psnr" else "ms-ssim", float(match[2]))
