"""Figures that others have published, as the files of benchmarks/published hold them: one file a table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nervcodec.errors import RequestError

AVERAGE = "average"
"""The video of a row that holds the means over the others."""
FOLDERS = (Path(__file__).parent / "published", Path(__file__).parents[3] / "benchmarks" / "published")
"""Of an installed package, then of the repository."""


@dataclass(frozen=True)
class Published:
    """One table."""

    title: str
    table: str
    """Its number in the source."""
    source: Mapping[str, str]
    """`authors`, `title`, `venue`, and which `part` of it holds the table."""
    shows: str
    protocol: Mapping[str, Any]
    """`dataset`, `picture` such as `1920x960`, `epochs` (null where not given), and what else is known, in `note`."""
    metrics: Mapping[str, str]
    """What the columns of figures are, by key."""
    rows: tuple[Mapping[str, Any], ...]
    """Flat records: `method`, `video`, what makes the point, figures; `doubted` says why one may be wrong."""
    doubted: str | None = None
    """Why the whole table may be wrong."""

    @property
    def citation(self) -> str:
        """Where it stands, in one line."""
        return f"{self.source['title']} ({self.source['venue']}), {self.source['part']}, {self.table}"


def published_names() -> list[str]:
    """Names of all tables."""
    return sorted(path.stem for path in _folder().glob("*.json"))


@cache
def published(name: str) -> Published:
    """The table of a name, such as `dnerv_vmaf_uvg`.

    Raises RequestError for a name that no table has.
    """
    if name not in published_names():
        raise RequestError(f"no published table is called {name}: there are {', '.join(published_names())}")
    content = json.loads((_folder() / f"{name}.json").read_text(encoding="utf-8"))
    return Published(**{**content, "rows": tuple(content["rows"])})


def _folder() -> Path:
    return next(folder for folder in FOLDERS if folder.is_dir())
