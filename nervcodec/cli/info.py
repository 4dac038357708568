"""The command `nervc info`."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import click
from rich.console import Console
from rich.table import Table

import nervcodec
from nervcodec.cli.json_lines import json_line
from nervcodec.codec.stream.layers import describe_network
from nervcodec.picture import colour_words
from nervcodec.timeline import Timeline

LUMINANCE = 10_000
"""Units in which the luminance of a display is given, per candela per square metre."""


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object to standard output.")
def info(file: str, as_json: bool) -> None:
    """Describe a .nerv file: picture, network, and where its bytes go."""
    described = nervcodec.probe(file)
    if as_json:
        json_line(_record(described))
    else:
        _show(described)


def _record(described: nervcodec.StreamInfo) -> dict[str, Any]:
    return {
        "type": "info",
        "version": described.version,
        **_video_record(described),
        "model": described.model,
        "config": asdict(described.config),
        "parameters": described.layers[0].parameters,
        "bytes": described.file_bytes,
        "bpp": described.bits_per_pixel,
        "header_bytes": described.header_bytes,
        "attached_bytes": described.attached_bytes,
        "layers": [
            {
                "model": layer.model,
                "configs": [asdict(config) for config in layer.configs],
                "parameters": layer.parameters,
                "bytes": layer.total_bytes,
            }
            for layer in described.layers
        ],
        "chunks": [
            {
                "segment": chunk.segment,
                "layer": chunk.layer,
                "frames": chunk.frames,
                "bytes": chunk.total_bytes,
                "groups": chunk.group_bytes,
                "network": chunk.network,
                "follows": chunk.follows,
            }
            for chunk in described.chunks
        ],
    }


def _video_record(described: nervcodec.StreamInfo) -> dict[str, Any]:
    video = described.video
    return {
        "width": video.width,
        "height": video.height,
        "frames": described.frames,
        "video_frames": described.timeline.length,
        "grouped": described.grouped,
        "filters": described.filters,
        "frame_rate": video.frame_rate.as_integer_ratio(),
        "variable_frame_rate": described.clock is not None,
        "depth": video.depth,
        "sample_aspect": video.sample_aspect.as_integer_ratio(),
        "colour": asdict(video.colour),
        "chroma": video.chroma,
        "domain": video.domain,
        "mastering_display": video.mastering and asdict(video.mastering),
        "content_light": video.content_light and asdict(video.content_light),
    }


def _show(described: nervcodec.StreamInfo) -> None:
    click.echo(", ".join(_words(described)))
    for number, layer in enumerate(described.layers, 1):
        for config in layer.configs:
            click.echo(f"layer {number}, {describe_network(config)}")
    console = Console()
    with console.capture() as drawn:
        console.print(_table(described))
    click.echo(drawn.get(), nl=False)


def _words(described: nervcodec.StreamInfo) -> Iterator[str]:
    """Properties of the video of a file, in words."""
    video, timeline = described.video, described.timeline
    yield f"{video.width}x{video.height}"
    frames = "frame" if described.frames == timeline.length == 1 else "frames"
    if described.grouped:
        held = f"{described.frames} in the file, the others along the motion between them"
        yield f"{timeline.length} frames ({held}; groups of {_lengths(timeline)})"
    else:
        yield f"{described.frames}" + ("" if timeline.is_whole else f" of {timeline.length}") + f" {frames}"
    if strengths := {strength for layer in described.filters for strength in layer}:
        yield f"filtered along the motion, strength {min(strengths)}" + _up_to(max(strengths), min(strengths))
    yield f"{float(video.frame_rate):.6g} frames/s" + (" that are not equally far apart" if described.clock else "")
    yield f"{video.chroma} of {video.depth} bits, fitted as {video.domain}"
    if video.sample_aspect != 1:
        yield f"pixels of {video.sample_aspect.numerator}:{video.sample_aspect.denominator}"
    yield colour_words(video.colour)
    if display := video.mastering:
        least, most = (luminance / LUMINANCE for luminance in (display.min_luminance, display.max_luminance))
        yield f"mastered at {least:g} to {most:g} cd/m2"
    if light := video.content_light:
        yield f"MaxCLL {light.max_content}, MaxFALL {light.max_average}"


def _lengths(timeline: Timeline) -> str:
    """Lengths of groups, the distances from a frame of the file to the next, in words."""
    gaps = [after - before for before, after in pairwise(timeline.positions)]
    return f"{min(gaps)}" + _up_to(max(gaps), min(gaps))


def _up_to(most: int, least: int) -> str:
    """The end of a range in words; empty if there is a single number."""
    return f" to {most}" if most > least else ""


def _table(described: nervcodec.StreamInfo) -> Table:
    """Table of where the bytes go: a block for each layer and one for the segments, all counted from 1 for people."""
    table = Table("layer", "part", "bytes", "share", "bpp")
    for name in ("bytes", "share", "bpp"):
        next(c for c in table.columns if c.header == name).justify = "right"
    pixels = described.video.width * described.video.height

    def row(layer: str, part: str, size: int, frames: int = described.shown) -> None:
        share = f"{100 * size / described.file_bytes:.1f} %"
        table.add_row(layer, part, f"{size:,}", share, f"{8 * size / (pixels * frames):.5f}")

    row("", "header and tables", described.header_bytes)
    if described.attached_bytes:
        row("", "sound, subtitles, chapters", described.attached_bytes)
    for index, layer in enumerate(described.layers):
        table.add_section()
        for part, size in _part_sizes(described, index).items():
            row(str(index + 1), part, size)
        if len(described.layers) > 1:
            row(str(index + 1), "layer with its tables", layer.total_bytes)
    table.add_section()
    for name, size, frames in _segments(described):
        row("", name, size, frames)
    if described.attached_bytes:
        row("", "file without sound, subtitles", described.file_bytes - described.attached_bytes)
    row("", "file", described.file_bytes)
    return table


def _part_sizes(described: nervcodec.StreamInfo, layer: int) -> dict[str, int]:
    """Bytes of each group of a layer, over all segments."""
    sizes: dict[str, int] = {}
    for chunk in (chunk for chunk in described.chunks if chunk.layer == layer):
        for part, size in chunk.group_bytes.items():
            sizes[part] = sizes.get(part, 0) + size
    return sizes


def _segments(described: nervcodec.StreamInfo) -> Iterator[tuple[str, int, int]]:
    """Name, bytes and frames of each segment, where there are several."""
    base = [chunk for chunk in described.chunks if chunk.layer == 0]
    numbers, begin = described.timeline.positions if described.grouped else range(described.frames), 0
    for chunk in base if len(base) > 1 else ():
        size = sum(other.total_bytes for other in described.chunks if other.segment == chunk.segment)
        follows = ", follows" if chunk.follows else ""
        first, last = numbers[begin], numbers[begin + chunk.frames - 1]
        yield f"segment {chunk.segment + 1}: {first} to {last}{follows}", size, last - first + 1
        begin += chunk.frames
