"""How far decodes of a file come apart: `python -m benchmarks.drift FILE.nerv -o RESULT`.

Each decode runs alone, with another number of threads, with older instructions of the CPU, or with `--fast`, and is
compared with that of one thread, frame by frame: frames that the file holds, and those that are made between them.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import torch

from benchmarks.record import write_record
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.segment.footage import load_clip
from nervcodec.metrics.quality import QualityMeter
from nervcodec.video.view import View

WAYS: dict[str, tuple[dict[str, str], list[str]]] = {
    "one thread": ({"OMP_NUM_THREADS": "1"}, []),
    "two threads": ({"OMP_NUM_THREADS": "2"}, []),
    "three threads": ({"OMP_NUM_THREADS": "3"}, []),
    "AVX2": ({"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}, []),
    "no vectors": ({"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}, []),
    "--fast": ({"OMP_NUM_THREADS": "1"}, ["--fast"]),
}
"""Variables of the environment and options of `nervc decode` of each decode, the first of which is the reference."""


def decoded(path: Path, folder: str, way: str) -> tuple[Any, torch.Tensor]:
    """Format and frames of a file as a decode in some way makes them."""
    surroundings, options = WAYS[way]
    target = f"{folder}/a.y4m"
    command = [sys.executable, "-m", "nervcodec", "decode", str(path), "-o", target, "-y", "-q", *options]
    subprocess.run(command, check=True, env=os.environ | surroundings)
    return load_clip(target, View(domain=read_stream(path.read_bytes()).header.video.domain))


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="JSON file for the figures.")
def main(path: Path, output: Path) -> None:
    """Compare decodes of a file, as y4m."""
    held = set(read_stream(path.read_bytes()).header.times.positions)
    results = []
    with TemporaryDirectory() as folder:
        video, reference = decoded(path, folder, next(iter(WAYS)))
        for way in WAYS:
            _, frames = decoded(path, folder, way)
            for kind, inside in (("held", True), ("between", False)):
                numbers = [number for number in range(len(frames)) if (number in held) == inside]
                results.append({"way": way, "frames": kind, **_compared(video, frames[numbers], reference[numbers])})
                click.echo(results[-1])
    write_record(output, results)


def _compared(video: Any, frames: torch.Tensor, reference: torch.Tensor) -> dict[str, Any]:
    difference, meter = (frames.int() - reference.int()).abs(), QualityMeter(video)
    meter.add(frames, reference)
    return {
        "largest_difference": int(difference.max()),
        "share_that_differs": float((difference > 0).float().mean()),
        "share_that_differs_by_more_than_1": float((difference > 1).float().mean()),
        "psnr_db": meter.psnr_db,
    }


if __name__ == "__main__":
    main()
