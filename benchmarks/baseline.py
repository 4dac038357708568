"""Rate and distortion of our models and of conventional codecs on five clips, in planes of YUV 4:2:0.

The sample clip comes with the sources; CLIPS is a folder that holds the others, each as a video file or a folder of
images: uvg_jockey, hevcD_BasketballPass, davis16_camel and xiph_foreman.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from nervcodec.bench.run.plan import BenchOptions, plan_points
from nervcodec.bench.run.point import Point
from nervcodec.bench.run.runner import run_points
from nervcodec.cli.display import display
from nervcodec.cli.types import Words
from nervcodec.errors import PointsFailed
from nervcodec.metrics.vmaf import ffmpeg_with
from nervcodec.video.view import View

NETWORKS = ("dnerv", "sdmn")
CONVENTIONAL = ("x264", "x265", "x265:veryslow", "svt-av1:4")
VVENC = "vvenc:psnr"
CLIPS: dict[str, View] = {
    "uvg_jockey": View(),
    "hevcD_BasketballPass": View(),
    "davis16_camel": View(resize=(424, 240)),
    "xiph_foreman": View(),
}
BUNNY = View(crop=(1280, 640), resize=(640, 320))


def default_codecs() -> tuple[str, ...]:
    """Names of all codecs, with VVenC where an ffmpeg has it."""
    return (*NETWORKS, *CONVENTIONAL, *([VVENC] if ffmpeg_with("encoder", "libvvenc") else []))


def plan(clips: Path, names: Sequence[str]) -> list[Point]:
    """All points of some codecs on the five clips."""
    common: dict[str, Any] = {"codecs": tuple(names), "domain": "yuv420", "vmaf": False}
    points = plan_points(BenchOptions(dataset="bunny", view=BUNNY, **common))
    for video, view in CLIPS.items():
        points += plan_points(BenchOptions(dataset=str(clips), videos=(video,), view=view, **common))
    return points


@click.command()
@click.argument("clips", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path), default="baseline", help="Folder for results.jsonl.")
@click.option("--codecs", type=Words(), help="Names as for nervc bench, separated by commas.  [default: all of them]")
@click.option("--jobs", type=int, default=1, help="Points measured at a time; only with 1 are times comparable.")
def main(clips: Path, output: Path, codecs: tuple[str, ...] | None, jobs: int) -> None:
    """Measure the five clips; points that OUTPUT already has are not measured again."""
    with display(as_json=False) as observe:
        outcome = run_points(plan(clips, codecs or default_codecs()), output, jobs, observe)
    if outcome.failed:
        raise SystemExit(PointsFailed.exit_code)


if __name__ == "__main__":
    main()
