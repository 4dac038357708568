"""Kinds of targets of an export, by their names."""

from pathlib import Path
from typing import Literal

from nervcodec.errors import RequestError

Kind = Literal["page", "folder", "network"]
PAGES, NETWORK = (".html", ".htm"), ".onnx"


def kind_of(target: str) -> Kind:
    """What a target shall be: a page that stands alone, a folder with a page for a web server, or a network.

    Raises RequestError for a name that says none of these.
    """
    suffix = Path(target).suffix.lower()
    if target.endswith("/") or Path(target).is_dir():
        return "folder"
    if suffix in PAGES:
        return "page"
    if suffix == NETWORK:
        return "network"
    raise RequestError(f"{target}: write to .html, .onnx or a folder/")
