"""Frames between frames: how near they come, and how long they take: `python -m benchmarks.between CLIP ... -o FILE`.

Of each clip every second frame is fitted; the others are made along the motion between decoded frames.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import click

import nervcodec
from benchmarks.record import write_record
from nervcodec.cli.types import FrameRange, Scale
from nervcodec.codec.decoding.options import DecodeOptions
from nervcodec.codec.options import EncodeOptions
from nervcodec.timeline import Playback
from nervcodec.video.view import View

RUNS = 3


def point(clip: str, view: View, preset: str) -> dict[str, Any]:
    """Encode every second frame of a clip, and decode these, and all frames."""
    options = EncodeOptions(view=view, preset=preset, quality=60.0, keep_every=2, segment="none", audio="none")
    with TemporaryDirectory() as folder:
        path, target = f"{folder}/a.nerv", f"{folder}/a.y4m"
        report = nervcodec.encode(clip, path, options)
        assert report.missing
        seconds = {times: _seconds(path, target, all_times=times) for times in (False, True)}
    made = report.frames // 2
    return {
        "clip": Path(clip).name,
        "bytes": report.file_bytes,
        "domain": report.domain,
        "psnr_seen": report.psnr_db,
        "psnr_between": report.missing.psnr_db,
        "milliseconds_a_frame_between": 1000 * (seconds[True] - seconds[False]) / made,
    }


def _seconds(path: str, target: str, *, all_times: bool) -> float:
    """The least time of several decodes."""
    took = []
    for _ in range(RUNS):
        started = perf_counter()
        nervcodec.decode(path, target, DecodeOptions(playback=Playback(all_times=all_times)), overwrite=True)
        took.append(perf_counter() - started)
    return min(took)


@click.command()
@click.argument("clips", nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="JSON file for the figures.")
@click.option("--frames", type=FrameRange(), default="0:49")
@click.option("--resize", type=Scale(), default="-2x240")
@click.option("--preset", default="fast")
def main(clips: tuple[str, ...], output: Path, frames: tuple[int, int | None], resize: Any, preset: str) -> None:
    """Measure frames between decoded frames on some clips."""
    points = []
    for clip in clips:
        points.append(point(clip, View(first=frames[0], stop=frames[1], resize=resize), preset))
        click.echo(points[-1])
    write_record(output, points)


if __name__ == "__main__":
    main()
