"""Results with what is needed to repeat them."""

import json
from pathlib import Path
from typing import Any

from nervcodec.bench.environment import environment


def write_record(path: Path, results: Any) -> None:
    """One JSON file with the results and the environment they come from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**environment(), "results": results}, indent=1) + "\n")


def read_results(path: Path) -> Any:
    """The results of a record."""
    return json.loads(path.read_text())["results"]
