"""Pages of the player around a decoder that only pretends: tests/web/fake_decoder.js says what it does."""

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

from nervcodec.export.scripts import player_script, web_file

FAKE = Path(__file__).parent / "fake_decoder.js"
FILE = {"width": 64, "height": 32, "frames": 12, "rate": 20, "layers": 1, "milliseconds": 1}
"""A file as the pretending decoder reads it: 12 frames in 0.6 seconds."""


def digest(text: str) -> str:
    """The source that a content security policy names a script or style by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def player_page(about: dict[str, Any] | None = None, *, beside: bytes = b"", **file: Any) -> str:
    """The page of a file that differs from FILE. about: facts beyond the least ones; beside: an MP4 of the original."""
    told = {"title": "Bunny", "version": "0.1", "fileName": "bunny.nerv", "fileBytes": 4000, "psnr": None}
    told |= {"firstPicture": 0, "psnrKind": "YUV PSNR", "files": None}
    told |= {"beside": {"type": "video/mp4"} if beside else None} | (about or {})
    script, style = player_script(), web_file("player.css")
    sources = f"script-src {digest(script)}; style-src {digest(style)}; worker-src blob:; media-src blob:"
    fields = {
        "title": html.escape(str(told["title"])),
        "policy": f"default-src 'none'; {sources}",
        "style": style,
        "about": json.dumps(told).replace("<", "\\u003c"),
        "video": base64.b64encode(json.dumps(FILE | file).encode()).decode(),
        "beside": base64.b64encode(beside).decode(),
        "decoder": FAKE.read_text(encoding="utf-8"),
        "script": script,
    }
    template = web_file("page.html")
    return re.sub(r"{{(\w+)}}", lambda found: fields[found[1]], template)
