"""How a mask is named without a picture: the boxes of the papers."""

import re

from nervcodec.errors import RequestError

BOXES, CENTER = re.compile(r"boxes:([1-5])x([1-9]\d{0,4})"), re.compile(r"center:1/([1-9]\d{0,3})")
"""Number of boxes and pixels of a side; and the share of both sides that one box in the middle has."""
RULES = ("boxes:", "center:")
"""What the name of a rule begins with; anything else names pictures."""


def check_mask(spec: str) -> None:
    """Raises RequestError for an empty name, and for what begins as a rule and is none."""
    if not spec or (spec.startswith(RULES) and not (BOXES.fullmatch(spec) or CENTER.fullmatch(spec))):
        raise RequestError(f"no mask is called {spec!r}: a picture, a folder, boxes:5x50 or center:1/4")
