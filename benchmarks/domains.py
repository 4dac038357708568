"""RGB against planes of YUV 4:2:0: PSNR of planes, bytes, seconds: `python -m benchmarks.domains CLIP ... -o FILE`."""

import statistics
from dataclasses import replace
from math import log2
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

import nervcodec
from benchmarks.record import write_record
from nervcodec.cli.types import FrameRange, Scale
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.footage import load_clip
from nervcodec.metrics.quality import QualityMeter
from nervcodec.video.view import View

QUALITIES = (50.0, 65.0)
OCTAVE_DB = 1.5
"""Decibels that twice the bytes gain, to compare files of nearly equal size; about what both domains gain here."""


def point(clip: str, options: EncodeOptions) -> dict[str, Any]:
    """Encode a clip, and measure the file and how near its planes are to those of the clip."""
    with TemporaryDirectory() as folder:
        path, target = f"{folder}/a.nerv", f"{folder}/a.y4m"
        report = nervcodec.encode(clip, path, options)
        nervcodec.decode(path, target)
        video, original = load_clip(clip, replace(options.view, domain="yuv420"))
        meter = QualityMeter(video)
        meter.add(load_clip(target, View(domain="yuv420"))[1], original)
    return {
        "clip": Path(clip).name,
        "domain": report.domain,
        "quality": options.quality,
        "epochs": options.epochs,
        "seed": options.seed,
        "bytes": report.file_bytes,
        "seconds": report.fit_seconds,
        "yuv_psnr": meter.psnr_db,
    }


def gain(own: dict[str, Any], other: dict[str, Any]) -> float:
    """Decibels of a point over another at equal bytes."""
    return float(own["yuv_psnr"] - other["yuv_psnr"] - OCTAVE_DB * log2(own["bytes"] / other["bytes"]))


@click.command()
@click.argument("clips", nargs=-1, required=True)
@click.option("--frames", type=FrameRange(), default="0:16")
@click.option("--resize", type=Scale(), default="320x-2")
@click.option("--epochs", type=float, default=40.0, help="Passes over the clip in both domains.")
@click.option("--more", type=float, default=65.0, help="Passes in planes that take as long as --epochs in RGB.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
def main(
    clips: tuple[str, ...], frames: tuple[int, int], resize: tuple[int, int], epochs: float, more: float, output: Path
) -> None:
    """Compare both domains on clips, at equal passes and at equal time."""
    view, points, gains = View(first=frames[0], stop=frames[1], resize=resize), [], []
    for clip in clips:
        for quality in QUALITIES:
            options = EncodeOptions(view=view, quality=quality, audio="none", segment="none", epochs=epochs)
            planes = replace(options, domain="yuv420")
            rgb, same, longer = (
                point(clip, chosen) for chosen in (replace(options, domain="rgb"), planes, replace(planes, epochs=more))
            )
            points += [rgb, same, longer]
            gains.append(
                (
                    gain(same, rgb),
                    gain(longer, rgb),
                    same["seconds"] / rgb["seconds"],
                    longer["seconds"] / rgb["seconds"],
                )
            )
            click.echo(f"{Path(clip).name} {quality:g}: {gains[-1]}")
            names = ("gain_db", "gain_db_longer", "time", "time_longer")
            medians = dict(zip(names, map(statistics.median, zip(*gains, strict=True)), strict=True))
            write_record(output, {"medians": medians, "points": points})


if __name__ == "__main__":
    main()
