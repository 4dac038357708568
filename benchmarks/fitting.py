"""Fits side by side on one clip: cost and gain of each choice, measured on the decoded file.

python -m benchmarks.fitting optimizers CLIP --frames 0:48 --crop 1280x640 --resize 640x320 --size 165k
"""

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

import nervcodec
from benchmarks.record import write_record
from nervcodec.cli.types import FrameRange, Size, Weights
from nervcodec.video.view import View

SUITES: dict[str, dict[str, dict[str, Any]]] = {
    "optimizers": {
        "muon 0.02": {},
        "adam 2e-3": {"optimizer": "adam", "learning_rate": 2e-3},
        "adam 5e-3": {"optimizer": "adam", "learning_rate": 5e-3},
        "adan 3e-3": {"optimizer": "adan", "learning_rate": 3e-3},
        "adan 1e-2": {"optimizer": "adan", "learning_rate": 1e-2},
    },
    "models": {"hnerv": {"model": "hnerv"}, "dnerv": {"model": "dnerv"}},
    "embeddings": {
        "hnerv, free": {"model": "hnerv", "epochs": 20},
        "hnerv, encoder": {"model": "hnerv", "embeddings": "encoder", "epochs": 20},
        "dnerv, free": {"model": "dnerv", "epochs": 20},
        "dnerv, encoder": {"model": "dnerv", "embeddings": "encoder", "epochs": 20},
    },
    "presets": {name: {"epochs": None, "preset": name} for name in ("draft", "fast", "medium", "slow")},
    "compression": {
        "8 bits": {},
        "6 bits": {"bits": 6},
        "5 bits": {"bits": 5},
        "8 bits, 10 % pruned": {"prune": 0.1},
        "8 bits, 20 % pruned": {"prune": 0.2},
        "8 bits, 40 % pruned": {"prune": 0.4},
    },
    "losses": {name: {"loss": name} for name in ("l2", "l1", "l1-ssim", "l1-ms-ssim")},
}


def run(clip: str, options: nervcodec.EncodeOptions) -> dict[str, Any]:
    """Encode a clip, and return the report on its file."""
    with tempfile.TemporaryDirectory() as folder:
        report = nervcodec.encode(clip, str(Path(folder) / "a.nerv"), replace(options, domain="rgb"))
        return {**asdict(report), **report.quality.to_json()}


def show(title: str, results: dict[str, dict[str, Any]]) -> None:
    """Print the results as a table."""
    table = Table("", "PSNR", "MS-SSIM", "bytes", "bpp", "fit", "ms a step", title=title)
    for name, r in results.items():
        ms_ssim = "-" if r["ms_ssim"] is None else f"{r['ms_ssim']:.4f}"
        step = f"{1000 * r['fit_seconds'] / r['steps']:.1f}"
        row = f"{r['psnr_db']:.2f}", ms_ssim, f"{r['file_bytes']:,}", f"{r['bits_per_pixel']:.4f}"
        table.add_row(name, *row, f"{r['fit_seconds']:.0f} s", step)
    Console().print(table)


@click.command()
@click.argument("suite", type=click.Choice(list(SUITES)))
@click.argument("clip")
@click.option("--frames", type=FrameRange(), default="0:48")
@click.option("--crop", type=Size())
@click.option("--resize", type=Size())
@click.option("--size", type=Weights(), default="165k")
@click.option("--model", default="hnerv")
@click.option("--epochs", type=float, default=60)
@click.option("-o", "--output", type=click.Path(path_type=Path))
def main(suite: str, clip: str, output: Path | None, **chosen: Any) -> None:
    """Run a suite on a clip."""
    first, stop = chosen.pop("frames")
    view = View(first=first, stop=stop, crop=chosen.pop("crop"), resize=chosen.pop("resize"))
    base = nervcodec.EncodeOptions(view=view, **chosen)
    results: dict[str, dict[str, Any]] = {}
    for name, change in SUITES[suite].items():
        results[name] = run(clip, replace(base, **change))
        print(name, results[name]["psnr_db"], flush=True)
        if output:
            write_record(output, results)
    show(f"{suite}, {Path(clip).name}", results)


if __name__ == "__main__":
    main()
