"""Results of benchmarks, with the facts that are needed to repeat them."""

import json
from pathlib import Path
from typing import Any

from nervcodec.bench.environment import environment


def write_record(path: Path, results: Any) -> None:
    """Write one JSON file with results and the environment in which they were measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**environment(), "results": results}, indent=1) + "\n")


def read_results(path: Path) -> Any:
    """Read the results from a file of `write_record`."""
    return json.loads(path.read_text())["results"]
