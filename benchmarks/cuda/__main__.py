"""Everything that is to be measured on a GPU, in one run: `python -m benchmarks.cuda -o DIR` (docs/gpu.md).

Each part runs in a process of its own, which is stopped when its time is over. Its measurements are in DIR/PART.json as
soon as each is done, and all of them in a line of DIR/summary.json.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from time import monotonic

import click
import torch

from benchmarks.cuda.case import Bench, DeviceName, Figures
from benchmarks.cuda.parts import PARTS, measure, told
from benchmarks.record import write_record
from nervcodec.files import replacing

CONTEXT = get_context("forkserver")  # a child of a process that has not begun to use CUDA or threads


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cuda", show_default=True)
@click.option("--quick", is_flag=True, help="Tiny sizes: says whether everything works.")
@click.option("--seconds", type=float, default=480, show_default=True, help="Most seconds of the whole run.")
@click.option("--part", "names", multiple=True, type=click.Choice(list(PARTS)), help="Only this part; may be repeated.")
def main(output: Path, device: DeviceName, quick: bool, seconds: float, names: tuple[str, ...]) -> None:
    """Measure all parts in turn, and write what they find into a folder."""
    if device == "cuda" and not torch.cuda.is_available():
        raise click.UsageError("no CUDA device is available here: --device cpu --quick tries the command")
    output.mkdir(parents=True, exist_ok=True)
    ends = monotonic() + seconds
    CONTEXT.set_forkserver_preload(["benchmarks.cuda.parts"])
    summary = {}
    for name in names or PARTS:
        bench = Bench(device, quick, output, min(ends, monotonic() + PARTS[name].seconds))
        found: dict[str, Figures] = {}
        for title, figures in _measured(name, bench):
            found[title] = figures
            _write(output / f"{name}.json", found)
            print(f"{name}, {title}: {told(name, figures)}", flush=True)
        summary[name] = "; ".join(f"{title}: {told(name, figures)}" for title, figures in found.items())
        _write(output / "summary.json", summary)
    print(json.dumps(summary, indent=1))


def _measured(name: str, bench: Bench) -> Iterator[tuple[str, Figures]]:
    """Names and figures of the measurements of a part, then of what ended it early."""
    receiving, sending = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=measure, args=(name, bench, sending))
    started = monotonic()
    process.start()
    sending.close()
    try:
        with closing(receiving):
            yield from _received(receiving, bench.ends)
    except EOFError:
        process.join()
        if process.exitcode:
            yield "the rest", {"error": f"the process ended with code {process.exitcode}"}
    else:
        yield "the rest", {"stopped": f"after {monotonic() - started:.0f} s"}
    finally:
        _stop(process)


def _received(receiving: Connection, ends: float) -> Iterator[tuple[str, Figures]]:
    """What comes through a pipe until a time of `time.monotonic`; EOFError if the sender ends before."""
    while receiving.poll(max(ends - monotonic(), 0)):
        yield receiving.recv()


def _stop(process: ForkServerProcess) -> None:
    """Kill a process and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.kill()
    process.join()


def _write(path: Path, results: object) -> None:
    """Write a record whole or not at all, for a run may be cut off at any time."""
    with replacing(path, lasts=False) as temporary:
        write_record(temporary, results)


if __name__ == "__main__":
    main()
