"""Output for the user: progress for people, or JSON lines, and a log."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from time import monotonic

import click

from nervcodec.cli.json_lines import json_line
from nervcodec.cli.people import People, lines
from nervcodec.codec.stream.layers import LayersReport
from nervcodec.events import (
    ArithmeticDiffers,
    AssistStarted,
    BatchHalved,
    Event,
    FitRestarted,
    FitResumed,
    FitStarted,
    FramesDone,
    LayerDropped,
    Observer,
    PointDone,
    PointsRunning,
    Remark,
    Resumed,
    SegmentStarted,
    StepDone,
    WorkRunning,
    ignore,
)

LOG = logging.getLogger(__name__)
JSON_SECONDS = 1.0
"""Least seconds between two JSON objects on progress of one kind."""
KINDS: dict[type, str] = {
    FitStarted: "start",
    PointDone: "point",
    Resumed: "resumed",
    ArithmeticDiffers: "arithmetic",
    Remark: "remark",
    SegmentStarted: "segment",
    AssistStarted: "assist",
    StepDone: "step",
    FitResumed: "fit_resumed",
    FitRestarted: "restart",
    BatchHalved: "batch",
    LayerDropped: "dropped",
    FramesDone: "frames",
    PointsRunning: "points",
    WorkRunning: "work",
}
FREQUENT = (StepDone, FramesDone, PointsRunning, WorkRunning)
"""Kinds of events that are written as JSON only once in JSON_SECONDS."""


def show_written(output: str, report: LayersReport, *, as_json: bool) -> None:
    """Report the file that was written."""
    if as_json:
        json_line({"type": "done", "output": output, "bytes": report.file_bytes, "layers": report.layers})
        return
    layers = "1 layer" if report.layers == 1 else f"{report.layers} layers"
    click.echo(f"{output}: {layers}, {report.file_bytes:,} bytes", err=True)


@contextmanager
def display(*, as_json: bool, quiet: bool = False) -> Iterator[Observer]:
    """An observer for the block that logs events and shows them; if `quiet`, it shows people nothing."""
    log = People(lines(LOG.info), LOG.info)

    def observe(event: Event) -> None:
        log(event)
        show(event)

    with _shown(as_json=as_json, quiet=quiet) as show:
        yield observe


def _shown(*, as_json: bool, quiet: bool) -> AbstractContextManager[Observer]:
    if as_json or quiet:
        return nullcontext(_json_observer() if as_json else ignore)
    from nervcodec.cli.terminal import shown_to_people  # loads rich

    return shown_to_people()


def _json_observer() -> Observer:
    begun, last = monotonic(), dict[type, float]()

    def observe(event: Event) -> None:
        kind = type(event)
        if kind in FREQUENT:
            if monotonic() - last.get(kind, begun) < JSON_SECONDS:
                return
            last[kind] = monotonic()
        record = event.record if isinstance(event, PointDone) else asdict(event)
        json_line({"type": KINDS[kind], **record})

    return observe
