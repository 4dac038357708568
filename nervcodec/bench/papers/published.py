"""Figures that others have published, read from benchmarks/published, where each table is a file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nervcodec.errors import RequestError

AVERAGE = "average"
"""Name of the video in a row that holds the means over all videos."""
FOLDERS = (Path(__file__).parent / "published", Path(__file__).parents[3] / "benchmarks" / "published")
"""Folders of the tables: in an installed package, then in the repository."""


@dataclass(frozen=True)
class Published:
    """One published table."""

    title: str
    table: str
    """Number of the table in the source."""
    source: Mapping[str, str]
    """`authors`, `title` and `venue` of the source, and the `part` of it that holds the table."""
    shows: str
    protocol: Mapping[str, Any]
    """`dataset`, `picture` such as `1920x960`, `epochs` (null where not given), and a `note` on what else is known."""
    metrics: Mapping[str, str]
    """Meaning of each column of figures, by its key."""
    rows: tuple[Mapping[str, Any], ...]
    """Flat records: `method`, `video`, what makes the point, figures; `doubted` says why a figure may be wrong."""
    doubted: str | None = None
    """Reason why the whole table may be wrong."""

    @property
    def citation(self) -> str:
        """Source of the table, in one line."""
        return f"{self.source['title']} ({self.source['venue']}), {self.source['part']}, {self.table}"


def published_names() -> list[str]:
    """Names of all published tables."""
    return sorted(path.stem for path in _folder().glob("*.json"))


@cache
def published(name: str) -> Published:
    """The published table with a name such as `dnerv_vmaf_uvg`.

    Raises RequestError for a name that no table has.
    """
    if name not in published_names():
        raise RequestError(f"no published table is called {name}: there are {', '.join(published_names())}")
    content = json.loads((_folder() / f"{name}.json").read_text(encoding="utf-8"))
    return Published(**{**content, "rows": tuple(content["rows"])})


def _folder() -> Path:
    return next(folder for folder in FOLDERS if folder.is_dir())
