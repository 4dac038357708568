"""What the user sees: a bar on a terminal, a line now and then elsewhere, or JSON lines."""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
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
from nervcodec.codec.layers import LayersReport
from nervcodec.events import (
    AssistStarted,
    Event,
    FitRestarted,
    FitStarted,
    FramesDone,
    LayerDropped,
    Observer,
    PointDone,
    PointsRunning,
    StepDone,
    ignore,
)

LOG = logging.getLogger(__name__)
LINE_SECONDS = 10.0
"""Between two lines where no terminal is."""
JSON_SECONDS = 1.0
"""Between two progress objects."""
KINDS: dict[type, str] = {StepDone: "step", FramesDone: "frames", PointsRunning: "points"}
STAGES = {"read": "reading", "measure": "measuring", "decode": "decoding"}

Show = Callable[[str, float, int | None, str, float | None], None]
"""Takes the name of a stage, how much is done, of how much, a remark, and the seconds left where they are known."""


class LeftColumn(TimeRemainingColumn):
    """The time that is left, by whoever knows it better than the speed of the bar."""

    def render(self, task: Task) -> Text:
        left: float | None = task.fields["left"]
        return Text("left ").append(super().render(task) if left is None else readable_time(left))


def json_line(record: dict[str, Any]) -> None:
    """One JSON object on a line of standard output."""
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def readable_bytes(size: int) -> str:
    """A size in decimal units, as people read it."""
    for unit, scale in (("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}" if size < 1000 * scale else f"{size / scale:.0f} {unit}"
    return f"{size} B"


def readable_time(seconds: float) -> str:
    """A time as people read it."""
    minutes, hours = round(seconds / 60), round(seconds / 3600, 1)
    return f"{seconds:.0f} s" if seconds < 100 else f"{minutes} min" if minutes < 100 else f"{hours:g} h"


def point_line(record: Mapping[str, Any]) -> str:
    """A point of a benchmark on a line."""
    name = f"{record['video']} {record['codec']} {record['label']}"
    if record["status"] == "failed":
        return f"{name}: failed: {record['error']['message']}"
    quality = f"{record['psnr']:.2f} dB at {record['bpp']:.4f} bpp"
    return f"{name}: {quality}, {record['bytes']:,} bytes, {readable_time(record['seconds'])}"


def show_table(table: Table) -> None:
    """A table on standard output: drawn on a terminal, as Markdown elsewhere."""
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
    """Say what was written."""
    if as_json:
        json_line({"type": "done", "output": output, "bytes": report.file_bytes, "layers": report.layers})
        return
    layers = "1 layer" if report.layers == 1 else f"{report.layers} layers"
    click.echo(f"{output}: {layers}, {report.file_bytes:,} bytes", err=True)


@contextmanager
def display(*, as_json: bool, quiet: bool = False) -> Iterator[Observer]:
    """An observer for the block that shows what it is told, and logs it; quiet, people are shown nothing."""
    log = _people(_lines(LOG.info), LOG.info)

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
        yield _people(_lines(say), say)
        return
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[remark]}"),
        TimeElapsedColumn(),
        LeftColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield _people(_bar(progress), lambda text: progress.console.print(text, markup=False))


def _people(show: Show, say: Callable[[str], None]) -> Observer:
    """Events in words: `show` moves what moves, `say` prints a line that stays."""
    started = 0.0

    def observe(event: Event) -> None:
        nonlocal started
        match event:
            case FitStarted():
                started = monotonic()
                layer = f"layer {event.layer} of {event.layers}: " if event.layers > 1 else ""
                say(f"{layer}{event.model}, {event.parameters:,} weights, {event.frames} frames, {event.steps} steps")
            case AssistStarted():
                started = monotonic()
                say(f"embeddings of the {event.frames} frames left out, {event.steps} steps")
            case StepDone():
                rate = event.step / max(monotonic() - started, 1e-9)
                size = "" if event.estimated_bytes is None else f", {readable_bytes(event.estimated_bytes)}"
                remark = f"{rate:.1f} steps/s, {event.psnr_db:.2f} dB{size}"
                show("fitting", event.step, event.steps, remark, None)
            case FitRestarted():
                started = monotonic()
                say(f"the fit collapsed ({event.reason}): attempt {event.attempt} with seed {event.seed}")
            case LayerDropped():
                say(
                    f"layer {event.layer} is not written: {event.gain_db:+.2f} dB do not pay for its "
                    f"{event.layer_bytes:,} bytes (--min-gain)"
                )
            case FramesDone():
                show(STAGES[event.stage], event.frames, event.total, "frames", None)
            case PointDone():
                say(point_line(event.record))
            case PointsRunning():
                done, remark = round(event.share * event.total, 1), f"points: {', '.join(event.running)}"
                show("measuring", done, event.total, remark, event.seconds_left)

    return observe


def _bar(progress: Progress) -> Show:
    tasks: dict[str, Any] = {}
    shown: dict[str, float] = {}

    def show(stage: str, done: float, total: int | None, remark: str, left: float | None) -> None:
        if stage not in tasks:
            tasks[stage] = progress.add_task(stage, total=total, remark=remark, left=left)
        elif done < shown[stage]:  # another layer, or another fit
            progress.reset(tasks[stage])
        shown[stage] = done
        progress.update(tasks[stage], completed=done, total=total, remark=remark, left=left)

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
    last = monotonic()

    def observe(event: Event) -> None:
        nonlocal last
        match event:
            case FitStarted():
                json_line({"type": "start", **asdict(event)})
            case AssistStarted():
                json_line({"type": "assist", **asdict(event)})
            case FitRestarted():
                json_line({"type": "restart", **asdict(event)})
            case LayerDropped():
                json_line({"type": "dropped", **asdict(event)})
            case PointDone():
                json_line({"type": "point", **event.record})
            case StepDone() | FramesDone() | PointsRunning() if monotonic() - last >= JSON_SECONDS:
                last = monotonic()
                json_line({"type": KINDS[type(event)], **asdict(event)})

    return observe
