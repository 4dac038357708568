"""Seconds of an encode that are not steps of a fit, and seconds of a decode, each as a command of its own.

`python -m benchmarks.overhead [TREE ...] -o RESULT.json` measures the code in each folder TREE, by default the one it
stands in, in turn, medians of a few runs; the first TREE is what the others are compared with. The clip is Bunny at
320x160, 48 frames, preset `draft`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import click

from benchmarks.record import write_record

HERE = Path(__file__).parent.parent
CLIP = HERE / "tests" / "data" / "bunny_1280x720_132f.mp4"
RUNS = 5
ENCODE = ("--frames", "0:48", "--crop", "1280x640", "--resize", "320x160", "--preset", "draft", "--audio", "none")
COUNTING = """
import atexit
from time import perf_counter
from nervcodec.cli import main as cli

run, seconds = cli.run, [0.0]

def counted(arguments):
    from nervcodec.training.attempt import Attempt  # not before `main` has begun, which is faster with its settings

    step = Attempt._step

    def timed(*arguments):
        begun = perf_counter()
        try:
            return step(*arguments)
        finally:
            seconds[0] += perf_counter() - begun

    Attempt._step = timed
    return run(arguments)

cli.run = counted
atexit.register(lambda: print(seconds[0]))
cli.main()
"""
"""`nervc` that also prints the seconds of all steps."""
COMMAND = "from nervcodec.cli.main import main; main()"
"""`nervc` as its console script calls it."""


def measured(tree: Path, folder: Path) -> dict[str, float]:
    """Seconds of steps, of the rest of an encode, and of a decode of its file, with the code in a folder."""
    nerv, y4m = folder / "a.nerv", folder / "a.y4m"
    started = perf_counter()
    encode = [sys.executable, "-c", COUNTING, "encode", str(CLIP), "-o", str(nerv), "-y", "-q", *ENCODE]
    steps = float(subprocess.run(encode, cwd=tree, check=True, capture_output=True, text=True).stdout.split()[-1])
    encoded = perf_counter()
    decode = [sys.executable, "-c", COMMAND, "decode", str(nerv), "-o", str(y4m), "-y", "-q"]
    subprocess.run(decode, cwd=tree, check=True)
    return {"steps": steps, "rest": encoded - started - steps, "decode": perf_counter() - encoded}


@click.command()
@click.argument("trees", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", type=click.Path(path_type=Path))
@click.option("--runs", default=RUNS, show_default=True)
def main(trees: tuple[Path, ...], output: Path | None, runs: int) -> None:
    """Measure the code in some folders in turn."""
    trees = trees or (HERE,)
    found: dict[Path, list[dict[str, float]]] = {tree: [] for tree in trees}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            for tree in trees:
                found[tree].append(measured(tree.absolute(), Path(folder)))
    results = [{name: round(median(run[name] for run in own), 2) for name in own[0]} for own in found.values()]
    for tree, result in zip(trees, results, strict=True):
        ratios = {name: round(seconds / results[0][name], 2) for name, seconds in result.items()}
        click.echo(f"{tree}: {result}, times the first: {ratios}")
    if output:
        write_record(output, results)


if __name__ == "__main__":
    main()
