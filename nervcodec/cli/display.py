"""Output for the user: a progress bar on a terminal, a line at intervals elsewhere, or JSON lines."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from time import monotonic
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table as RichTable
from rich.text import Text

from nervcodec.bench.tables import Table, cell_text, markdown
from nervcodec.cli.interruption import silent_keys
from nervcodec.cli.json_lines import json_line
from nervcodec.cli.people import People, Show, readable_time
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
LINE_SECONDS = 10.0
"""Least seconds between two lines of progress where there is no terminal."""
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


class LeftColumn(TimeRemainingColumn):
    """A column with the time left, as an event gives it, or else by the speed of the bar."""

    def render(self, task: Task) -> Text:
        left: float | None = task.fields["left"]
        return Text("left ").append(super().render(task) if left is None else readable_time(left))


def show_table(table: Table) -> None:
    """Write a table to standard output: drawn on a terminal, as Markdown elsewhere."""
    console = Console()
    if not console.is_terminal:
        click.echo(markdown(table), nl=False)
        return
    drawn = RichTable(title=Text(cell_text(table.title, 0)), caption=Text(table.note))
    for name, figures in zip(table.header, table.figures(), strict=True):
        drawn.add_column(Text(cell_text(name, 0)), justify="right" if figures else "left")
    for row in table.texts():
        drawn.add_row(*map(Text, row))
    console.print(drawn)


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
    log = People(_lines(LOG.info), LOG.info)

    def observe(event: Event) -> None:
        log(event)
        show(event)

    with _shown(as_json=as_json, quiet=quiet) as show:
        yield observe


@contextmanager
def _shown(*, as_json: bool, quiet: bool) -> Iterator[Observer]:
    if as_json or quiet:
        yield _json_observer() if as_json else ignore
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        say = partial(click.echo, err=True)
        yield People(_lines(say), say)
        return
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[remark]}"),
        TimeElapsedColumn(),
        LeftColumn(),
    )
    with silent_keys(), Progress(*columns, console=console) as progress:
        yield People(_bar(progress), lambda text: progress.console.print(text, markup=False))


def _bar(progress: Progress) -> Show:
    tasks: dict[str, Any] = {}
    shown: dict[str, float] = {}
    ended: set[str] = set()

    def show(stage: str, done: float, total: int | None, remark: str, left: float | None) -> None:
        if stage not in tasks:
            tasks[stage] = progress.add_task(stage, total=total, remark=remark, left=left)
        elif done < shown[stage]:  # another layer or fit has begun
            progress.reset(tasks[stage])
        shown[stage] = done
        progress.update(tasks[stage], completed=done, total=total, remark=remark, left=left)
        (ended.add if done == total else ended.discard)(stage)
        for name, task in tasks.items():
            progress.update(task, visible=name == stage or name not in ended)

    return show


def _lines(say: Callable[[str], None]) -> Show:
    last = monotonic()

    def show(stage: str, done: float, total: int | None, remark: str, left: float | None) -> None:
        nonlocal last
        if monotonic() - last >= LINE_SECONDS:
            last = monotonic()
            share = f" {100 * done / total:.0f} %" if total else ""
            known = "" if left is None else f", {readable_time(left)} left"
            say(f"{stage} {done}/{total or '?'}{share} {remark}{known}")

    return show


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
