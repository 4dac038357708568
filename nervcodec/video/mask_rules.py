"""Names of masks that need no picture: the boxes of the papers."""

import re

from nervcodec.errors import RequestError

BOXES, CENTER = re.compile(r"boxes:([1-5])x([1-9]\d{0,4})"), re.compile(r"center:1/([1-9]\d{0,3})")
"""Rules of masks: number of boxes and pixels of their sides; share of both sides that one box in the middle has."""
RULES = ("boxes:", "center:")
"""Beginnings of the names of rules; any other name means pictures."""


def check_mask(spec: str) -> None:
    """Raises RequestError for an empty name, and for a name that begins like a rule and is none."""
    if not spec or (spec.startswith(RULES) and not (BOXES.fullmatch(spec) or CENTER.fullmatch(spec))):
        raise RequestError(f"no mask is called {spec!r}: a picture, a folder, boxes:5x50 or center:1/4")
