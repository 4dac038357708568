"""Output of `nervc encode --dry-run`."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table

import nervcodec
from nervcodec.cli.json_lines import json_line
from nervcodec.cli.people import counted, readable_bytes, readable_time


def show_forecast(forecast: "nervcodec.Forecast", *, as_json: bool) -> None:
    """Write a forecast to standard output."""
    if as_json:
        json_line(_record(forecast))
        return
    video = forecast.video
    size = "unknown" if forecast.expected_bytes is None else f"about {readable_bytes(forecast.expected_bytes)}"
    click.echo(
        f"{video.width}x{video.height}, {counted(forecast.frames, 'frame')}, {float(video.frame_rate):.6g} frames/s"
    )
    click.echo(f"{forecast.model} for {forecast.video.domain}, layers: {forecast.layers}; on {forecast.device}")
    click.echo(
        f"size {size} without sound; time about {readable_time(forecast.expected_seconds)}; "
        f"memory about {readable_bytes(forecast.memory_bytes)}"
    )
    table = Table("segment", "frames", "follows", "weights", "steps")
    for number, segment in enumerate(forecast.segments, 1):
        frames = f"{segment.start} to {segment.stop - 1}"
        follows = str(number - 1) if segment.follows else ""
        table.add_row(str(number), frames, follows, f"{segment.parameters:,}", f"{segment.steps:,}")
    console = Console()
    with console.capture() as drawn:
        console.print(table)
    click.echo(drawn.get(), nl=False)


def _record(forecast: "nervcodec.Forecast") -> dict[str, Any]:
    return {
        "type": "plan",
        "width": forecast.video.width,
        "height": forecast.video.height,
        "frames": forecast.frames,
        "domain": forecast.video.domain,
        "model": forecast.model,
        "layers": forecast.layers,
        "bytes": forecast.expected_bytes,
        "seconds": forecast.expected_seconds,
        "memory_bytes": forecast.memory_bytes,
        "device": forecast.device,
        "segments": [
            {
                "first": segment.start,
                "frames": segment.stop - segment.start,
                "follows": segment.follows,
                "parameters": segment.parameters,
                "steps": segment.steps,
            }
            for segment in forecast.segments
        ],
    }
