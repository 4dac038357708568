"""`nervc info`."""

from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

import nervcodec
from nervcodec.cli.display import json_line


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def info(file: str, as_json: bool) -> None:
    """Describe a .nerv file: picture, network, and where its bytes go."""
    described = nervcodec.probe(file)
    if as_json:
        json_line(_record(described))
    else:
        _show(described)


def _record(described: nervcodec.StreamInfo) -> dict[str, Any]:
    video = described.video
    return {
        "type": "info",
        "version": described.version,
        "width": video.width,
        "height": video.height,
        "frames": described.frames,
        "frame_rate": [video.frame_rate.numerator, video.frame_rate.denominator],
        "colour": asdict(video.colour),
        "chroma": video.chroma,
        "model": described.model,
        "config": asdict(described.config),
        "parameters": described.config.parameters,
        "bytes": described.file_bytes,
        "bpp": described.bits_per_pixel,
        "header_bytes": described.header_bytes,
        "chunks": [
            {
                "segment": chunk.segment,
                "layer": chunk.layer,
                "frames": chunk.frames,
                "bytes": chunk.total_bytes,
                "groups": chunk.group_bytes,
            }
            for chunk in described.chunks
        ],
    }


def _show(described: nervcodec.StreamInfo) -> None:
    video, config, colour = described.video, described.config, described.video.colour
    click.echo(
        f"{video.width}x{video.height}, {described.frames} frames, {float(video.frame_rate):.6g} frames/s, "
        f"{video.chroma}, primaries {colour.primaries}, transfer {colour.transfer}, matrix {colour.matrix}, "
        f"range {('studio', 'full', 'unspecified')[colour.sample_range]}"
    )
    shapes = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in config.embeddings.items())
    click.echo(
        f"{described.model}: {config.parameters:,} weights; strides {config.strides}, widths {config.widths}; "
        f"embeddings of a frame: {shapes}"
    )
    table = Table("segment", "layer", "part", "bytes", "share", "bpp")
    for name in ("bytes", "share", "bpp"):
        next(c for c in table.columns if c.header == name).justify = "right"
    pixels = video.width * video.height * described.frames

    def row(segment: str, layer: str, part: str, size: int) -> None:
        share = f"{100 * size / described.file_bytes:.1f} %"
        table.add_row(segment, layer, part, f"{size:,}", share, f"{8 * size / pixels:.5f}")

    row("", "", "header and tables", described.header_bytes)
    for chunk in described.chunks:
        for part, size in chunk.group_bytes.items():
            row(str(chunk.segment), str(chunk.layer), part, size)
    table.add_section()
    row("", "", "file", described.file_bytes)
    console = Console()
    with console.capture() as drawn:
        console.print(table)
    click.echo(drawn.get(), nl=False)
