"""`nervc decode`."""

from typing import Literal

import click

import nervcodec
from nervcodec.cli.display import display, json_line
from nervcodec.cli.types import default_output


@click.command(context_settings={"show_default": True})
@click.argument("file", metavar="FILE")
@click.option(
    "-o",
    "--output",
    metavar="TARGET",
    help="x.mkv (FFV1, lossless), x.mp4 (H.264), x.y4m, frames/%05d.png, or - for y4m on standard output.  "
    "[default: FILE with the suffix .mkv]",
)
@click.option("-y", "overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option("--layers", type=click.IntRange(min=1), metavar="N", help="Only the first N layers.  [default: all]")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--json", "as_json", is_flag=True, help="Progress and result as JSON lines on standard output.")
def decode(
    file: str,
    output: str | None,
    overwrite: bool,
    layers: int | None,
    device: Literal["auto", "cpu", "cuda"],
    as_json: bool,
) -> None:
    """Write the frames of a .nerv file."""
    target = output or default_output(file, ".mkv")
    if target == "-" and as_json:
        raise click.UsageError("--json and -o - both want standard output")
    with display(as_json=as_json) as observe:
        report = nervcodec.decode(file, target, overwrite=overwrite, layers=layers, device=device, observe=observe)
    if as_json:
        json_line({"type": "done", "output": target, "frames": report.frames, "seconds": report.seconds})
        return
    rate = report.frames / report.seconds
    click.echo(f"{target}: {report.frames} frames in {report.seconds:.1f} s ({rate:.1f} frames/s)", err=True)
