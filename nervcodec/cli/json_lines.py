"""JSON lines on standard output."""

import json
import sys
from typing import Any


def json_line(record: dict[str, Any]) -> None:
    """Write one JSON object as a line to standard output."""
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()
