"""All parts of the benchmark, in the order of their worth, and how one is measured."""

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from logging import WARNING, Handler, getLogger
from multiprocessing.connection import Connection

import torch

from benchmarks.cuda import decoding, differences, fits, gpu_tests, groups, memory, steps
from benchmarks.cuda.case import Bench, Case, Figures, Skipped


@dataclass(frozen=True)
class Part:
    """A part of the benchmark."""

    cases: Callable[[Bench], Iterator[Case]]
    tell: Callable[[Figures], str]
    """Says figures of a measurement in words."""
    seconds: float
    """Most seconds that the part may take."""


PARTS = {
    "tests": Part(gpu_tests.cases, gpu_tests.tell, 60),
    "steps": Part(steps.cases, steps.tell, 60),
    "graphs": Part(steps.graph_cases, steps.tell, 30),
    "fits": Part(fits.cases, fits.tell, 240),
    "decoding": Part(decoding.cases, decoding.tell, 50),
    "differences": Part(differences.cases, differences.tell, 60),
    "memory": Part(memory.cases, memory.tell, 30),
    "groups": Part(groups.cases, groups.tell, 60),
    "compiled": Part(steps.compiled_cases, steps.tell, 120),
    "long_fits": Part(fits.long_cases, fits.tell, 420),
}


def told(name: str, figures: Figures) -> str:
    """Figures of a measurement of a part in words, or why there are none."""
    for reason in ("skipped", "stopped", "error"):
        if reason in figures:
            return f"{reason}: {str(figures[reason]).strip().splitlines()[-1]}"
    return "; ".join([PARTS[name].tell(figures), *figures.get("warnings", [])])


def measure(name: str, bench: Bench, sending: Connection) -> None:
    """Measure a part in a process of its own, and send the name and figures of each measurement as soon as it is done.

    The process leads a group, with which all that it starts can be stopped.
    """
    os.setpgrp()
    if bench.quick:
        torch.set_num_threads(1)  # with little to do, threads wait for each other longest
    with closing(sending):
        for measured in measurements(PARTS[name], bench):
            sending.send(measured)


def measurements(part: Part, bench: Bench) -> Iterator[tuple[str, Figures]]:
    """Names and figures of the measurements of a part; one that fails has `error`, one that is skipped `skipped`."""
    try:
        for title, work in part.cases(bench):
            yield title, _figures(work)
    except Exception:
        yield "the rest", {"error": traceback.format_exc()}


def _figures(work: Callable[[], Figures]) -> Figures:
    """Figures of a measurement, with what the library warned of."""
    with _warnings() as said:
        try:
            figures = work()
        except Skipped as skipped:
            figures = {"skipped": str(skipped)}
        except Exception:
            figures = {"error": traceback.format_exc()}
    return {**figures, "warnings": said} if said else figures


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Yields a list to which the library's warnings within the block are added."""
    said: list[str] = []
    handler = Handler(WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    getLogger("nervcodec").addHandler(handler)
    try:
        yield said
    finally:
        getLogger("nervcodec").removeHandler(handler)
