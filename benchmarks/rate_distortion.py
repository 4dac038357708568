"""Rate and distortion of our recipes and of x264 and x265 on the same frames.

    python -m benchmarks.rate_distortion NAME CLIP --frames 0:132 --crop 1280x640 --resize 640x320 -o results.json

Four points of every recipe, fitted for the same number of steps; with -o a JSON file and, beside it, a plot in SVG.
Curves that the file already has are kept, so that others can be added to it; each has the environment it was made in.
Bits are compared at equal PSNR by BD-rate (nervcodec/metrics/rd.py).
"""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

import nervcodec
from benchmarks.anchors import CODECS, RATES, anchor
from benchmarks.plot import rate_distortion_plot
from benchmarks.record import read_results, write_record
from nervcodec.bench.environment import environment
from nervcodec.cli.types import FrameRange, Size
from nervcodec.codec.clip import load_clip
from nervcodec.metrics import rd
from nervcodec.video.view import View

Point = dict[str, Any]

QUALITIES = (35.0, 45.0, 55.0, 65.0)
PAPER_SIZES = (60_000, 110_000, 200_000, 360_000)
"""Weights at the same four places for the recipe that quantizes after the fit."""
SWEEPS: dict[str, list[dict[str, Any]]] = {
    "rate": [{"quality": q} for q in QUALITIES],
    "paper": [{"recipe": "paper", "size": n} for n in PAPER_SIZES],
}


def changes(curve: str) -> list[dict[str, Any]]:
    """The options of each point of a curve: `MODEL, RECIPE` or, with its grid, `MODEL WIDTHxHEIGHT, RECIPE`."""
    network, _, recipe = curve.partition(", ")
    model, _, grid = network.partition(" ")
    fixed: dict[str, Any] = {"model": model}
    if grid:
        width, height = map(int, grid.split("x"))
        fixed["difference_grid"] = (height, width)
    return [fixed | change for change in SWEEPS[recipe]]


def fitted(clip: str, options: nervcodec.EncodeOptions) -> Point:
    """One fit, measured on its file."""
    with tempfile.TemporaryDirectory() as folder:
        return asdict(nervcodec.encode(clip, str(Path(folder) / "a.nerv"), options))


def anchors(clip: str, view: View) -> Iterator[tuple[str, list[Point]]]:
    """All rates of the codecs to compare with, tuned for PSNR and not."""
    video, frames = load_clip(clip, view)
    for codec in CODECS:
        for tune in (None, "psnr"):
            name = f"{codec}, medium" + (", tune psnr" if tune else "")
            yield name, [anchor(frames, video, codec, crf, tune) for crf in RATES]


def comparisons(curves: dict[str, list[Point]]) -> dict[str, dict[str, float | None]]:
    """BD-rate in percent of every curve of ours against every curve but itself."""
    pairs = {name: [(p["bits_per_pixel"], p["psnr_db"]) for p in points] for name, points in curves.items()}
    return {
        name: {other: rd.bd_rate(pairs[other], pairs[name]) for other in curves if other != name}
        for name in curves
        if name.partition(", ")[2] in SWEEPS
    }


def show(title: str, curves: dict[str, list[Point]]) -> None:
    """The points as a table."""
    table = Table("", "bpp", "PSNR", "MS-SSIM", "bytes", "seconds", title=title)
    for name, points in curves.items():
        for p in points:
            ms_ssim = "-" if p["ms_ssim"] is None else f"{p['ms_ssim']:.4f}"
            row = f"{p['bits_per_pixel']:.4f}", f"{p['psnr_db']:.2f}", ms_ssim, f"{p['file_bytes']:,}"
            table.add_row(name, *row, f"{p['seconds']:.0f}")
    Console().print(table)


@click.command()
@click.argument("name")
@click.argument("clip")
@click.option("--frames", type=FrameRange(), default="0:132")
@click.option("--crop", type=Size())
@click.option("--resize", type=Size())
@click.option("--epochs", type=float, default=30)
@click.option("--curves", "names", default="dnerv, rate;dnerv, paper", help="See `changes`; between semicolons.")
@click.option("-o", "--output", type=click.Path(path_type=Path))
def main(name: str, clip: str, names: str, epochs: float, output: Path | None, **chosen: Any) -> None:
    """All points of some curves of ours and of the anchors on a clip."""
    first, stop = chosen.pop("frames")
    view = View(first=first, stop=stop, **chosen)
    base = nervcodec.EncodeOptions(view=view, epochs=epochs)
    known: dict[str, Any] = (
        read_results(output) if output and output.exists() else {"points": dict(anchors(clip, view)), "added": {}}
    )
    curves = known["points"]
    for curve in names.split(";"):
        curves[curve] = []
        for change in changes(curve):
            curves[curve].append(fitted(clip, replace(base, **change)))
            print(curve, change, curves[curve][-1], flush=True)
        known["added"][curve] = environment()
    show(name, curves)
    compared = comparisons(curves)
    print(compared)
    if output:
        write_record(output, known | {"bd_rate_percent": compared})
        output.with_suffix(".svg").write_text(rate_distortion_plot(name, curves))


if __name__ == "__main__":
    main()
