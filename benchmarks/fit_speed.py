"""Quality that a fit reaches over time, from a cold start to the file: recipes side by side, at a few lengths each.

python -m benchmarks.fit_speed CLIP --view "--frames 0:48 --crop 1280x640 --resize 640x320" --epochs 5,10,20,40 -o FILE

Every point is a process of `nervc encode`, whose file is decoded and compared with the clip in RGB and in planes. All
recipes run at the shortest length, then at the next, so that other work of the machine affects all of them.
"""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks.record import write_record
from nervcodec.bench.run.measuring import measure_clip
from nervcodec.cli.command import take_view, view_options
from nervcodec.codec.segment.footage import load_clip
from nervcodec.video.view import View

NERVC = str(Path(sys.executable).with_name("nervc"))
RECIPES = {
    "the papers' encoder, Adam": "--domain rgb --recipe paper --embeddings encoder --optimizer adam",
    "free embeddings, Adam": "--domain rgb --recipe paper --optimizer adam",
    "Muon": "--domain rgb --recipe paper",
    "rate in the fit": "--domain rgb --quality 90",
    "planes": "--quality 90",
    "SDMN": "--model sdmn --quality 90",
}
"""Recipes as options of nervc: each a step from the published code to the default, and then another model."""


def point(clip: str, view: str, words: str) -> dict[str, Any]:
    """Run one encode as a user would, and measure its file."""
    with TemporaryDirectory() as folder:
        path, decoded = f"{folder}/a.nerv", f"{folder}/a.mkv"
        command = [NERVC, "encode", clip, "-o", path, "--audio", "none", "--segment", "none", "--json"]
        started = perf_counter()
        done = subprocess.run([*command, *shlex.split(view), *shlex.split(words)], check=True, capture_output=True)
        seconds = perf_counter() - started
        report = json.loads(done.stdout.splitlines()[-1])
        subprocess.run([NERVC, "decode", path, "-o", decoded, "-q"], check=True)
        video, original = load_clip(clip, parsed(view))
        figures = measure_clip(load_clip(decoded, View())[1], original, video)
    return {
        "seconds": seconds,
        "fit_seconds": report["fit_seconds"],
        "steps": report["steps"],
        "parameters": report["parameters"],
        "bytes": report["bytes"],
        "psnr": figures["psnr"],
        "psnr_yuv": figures["psnr_yuv"],
    }


def parsed(view: str) -> View:
    """The view that options of a command line describe."""

    found: list[View] = []

    @click.command()
    @view_options
    def command(**chosen: Any) -> None:
        found.append(take_view(chosen))

    command.main(shlex.split(view), standalone_mode=False)
    return found[0]


@click.command()
@click.argument("clip")
@click.option("--view", default="", help="Options of nervc that choose frames and pixels of the clip.")
@click.option("--options", default="", help="Options of nervc for every recipe, such as --size 165k.")
@click.option("--epochs", default="5,10,20,40", help="Lengths of fits, in passes over the clip.")
@click.option("--recipe", "recipes", multiple=True, help="NAME=OPTIONS of nervc, instead of those in the source.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
def main(clip: str, view: str, options: str, epochs: str, recipes: tuple[str, ...], output: Path) -> None:
    """Run all recipes on a clip, at all lengths."""
    chosen = dict(recipe.split("=", 1) for recipe in recipes) or RECIPES
    points: list[dict[str, Any]] = []
    for length in epochs.split(","):
        for name, words in chosen.items():
            made = point(clip, view, f"{options} {words} --epochs {length}")
            points.append({"recipe": name, "options": words, "epochs": float(length), **made})
            figures = f"{made['psnr']:.2f} dB, {made['seconds']:.1f} s, {made['bytes']:,} bytes"
            click.echo(f"{name}, {length} passes: {figures}")
            write_record(output, {"view": view, "options": options, "points": points})
    show(points)


def show(points: list[dict[str, Any]]) -> None:
    """Print the points as a table."""
    table = Table("recipe", "passes", "PSNR", "YUV PSNR", "bytes", "seconds", "ms a step")
    for made in points:
        figures = f"{made['psnr']:.2f}", f"{made['psnr_yuv']:.2f}", f"{made['bytes']:,}", f"{made['seconds']:.1f}"
        step = f"{1000 * made['fit_seconds'] / made['steps']:.0f}"
        table.add_row(made["recipe"], f"{made['epochs']:g}", *figures, step)
    Console().print(table)


if __name__ == "__main__":
    main()
