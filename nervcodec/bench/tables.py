"""Tables for a terminal, Markdown, CSV or HTML."""

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
    digits: int | Sequence[int] = 2
    """Digits after the point of a float, in all columns or in each; CSV has all digits."""
    note: str = ""

    def texts(self) -> list[list[str]]:
        """The rows as texts for people."""
        digits = [self.digits] * len(self.header) if isinstance(self.digits, int) else self.digits
        return [[cell_text(cell, digit) for cell, digit in zip(row, digits, strict=True)] for row in self.rows]

    def figures(self) -> list[bool]:
        """Whether each column holds figures, which are aligned to the right, rather than words."""
        return [not any(isinstance(row[i], str) for row in self.rows) for i in range(len(self.header))]


def cell_text(cell: Cell, digits: int) -> str:
    """A cell as a text for people, on one line; a dash for a figure that is not known."""
    if isinstance(cell, str):
        return "".join(c if c.isprintable() else " " for c in cell)
    if cell is None:
        return "-"
    return f"{cell:.{digits}f}" if isinstance(cell, float) else f"{cell:,}"


def markdown(table: Table) -> str:
    """A table in GitHub's Markdown."""
    header = [cell_text(name, 0) for name in table.header]
    rule = ["---:" if figures else "---" for figures in table.figures()]
    lines = [f"### {cell_text(table.title, 0)}", "", _row(header), _row(rule)]
    lines += [_row(row) for row in table.texts()]
    return "\n".join([*lines, *(["", table.note] if table.note else []), ""])


def csv_text(table: Table) -> str:
    """A table as CSV, with its header; empty cells for figures that are not known."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([table.header, *table.rows])
    return text.getvalue()


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
