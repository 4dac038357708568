"""What is drawn for people: a progress bar and tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
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
from nervcodec.cli.people import People, Show, lines, readable_time
from nervcodec.events import Observer


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


@contextmanager
def shown_to_people() -> Iterator[Observer]:
    """An observer for the block that shows events: a progress bar on a terminal, a line at intervals elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        say = partial(click.echo, err=True)
        yield People(lines(say), say)
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
