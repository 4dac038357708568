"""Tables that go to a terminal, into Markdown, CSV or HTML."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Cell = str | float | int | None


@dataclass(frozen=True)
class Table:
    """A table of figures."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    digits: int = 2
    """After the point of a float, except in CSV, which has all of them."""
    note: str = ""


def cell_text(cell: Cell, digits: int) -> str:
    """A cell as people read it; a dash for what is not known."""
    if cell is None:
        return "-"
    return f"{cell:.{digits}f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else cell


def markdown(table: Table) -> str:
    """A table as GitHub's Markdown."""
    lines = [f"### {table.title}", "", _row(table.header), _row("---" for _ in table.header)]
    lines += [_row(cell_text(cell, table.digits).replace("|", r"\|") for cell in row) for row in table.rows]
    return "\n".join([*lines, *(["", table.note] if table.note else []), ""])


def csv_text(table: Table) -> str:
    """A table as CSV, with its header; empty cells for what is not known."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([table.header, *table.rows])
    return text.getvalue()


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
