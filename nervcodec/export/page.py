"""A web page that plays a `.nerv` file: one file with everything inside, or a folder for a web server."""

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from nervcodec.bitstream.container import Stream, read_stream
from nervcodec.codec.stream.file import stream_file
from nervcodec.errors import OutputError
from nervcodec.events import Observer, ignore
from nervcodec.export.original import Original, read_original
from nervcodec.export.scripts import decoder_script, player_script, web_file
from nervcodec.export.targets import kind_of
from nervcodec.files import check_folder, check_target, replacing, replacing_folder
from nervcodec.version import __version__
from nervcodec.video.attachments import first_picture_of
from nervcodec.video.view import View

PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
FOLDER = {"video": "video.nerv", "beside": "original.mp4", "decoder": "decoder.js"}
"""Names of the files beside the page in a folder, by what they are."""


@dataclass(frozen=True)
class PageReport:
    """Report on a page that `export_page` wrote."""

    total_bytes: int
    """Bytes of all files that were written."""
    player_bytes: int
    """Bytes of page and scripts alone, without the videos."""
    psnr_db: float | None
    """Mean PSNR of the frames in dB; None without an original."""


def export_page(
    path: str,
    target: str,
    *,
    beside: str | None = None,
    view: View = View(),  # noqa: B008
    overwrite: bool = False,
    observe: Observer = ignore,
) -> PageReport:
    """Write a page that plays the `.nerv` file at `path`: `target` is one `.html` file, or a folder/ for a web server.

    beside: the video that the file was made from; what `view` shows of it stands beside the decoded frames, as H.264.

    Raises VideoError for a file or video that cannot be read, BitstreamError for a damaged file, RequestError where the
    video has another size or number of frames or the target another name, OutputError for one that cannot be written.
    """
    alone = kind_of(target) == "page"
    _check(Path(target), alone=alone, overwrite=overwrite)
    with stream_file(path) as data:
        stream, video = read_stream(data), data[:]
    original = read_original(path, beside, view, observe) if beside else None
    known = {"title": Path(path).stem, "fileName": Path(path).name, "firstPicture": _first_picture(stream)}
    pages, empty = (_pages(known, *parts, alone=alone) for parts in ((video, original), (b"", None)))
    _write(Path(target), pages, alone=alone)
    player = sum(map(len, empty.values()))
    return PageReport(sum(map(len, pages.values())), player, original.psnr_db if original else None)


def _check(target: Path, *, alone: bool, overwrite: bool) -> None:
    """Raises OutputError for a target that cannot be written, or may not be replaced."""
    if alone:
        check_target(target, overwrite=overwrite)
    elif (target / "index.html").exists() and not overwrite:
        raise OutputError(f"{target / 'index.html'} exists; -y replaces it")
    elif target.exists() and not target.is_dir():
        raise OutputError(f"{target} is no folder")
    else:
        check_folder(target if target.is_dir() else target.absolute().parent)


def _write(target: Path, pages: dict[str, bytes], *, alone: bool) -> None:
    if alone:
        with replacing(target) as temporary:
            temporary.write_bytes(pages["index.html"])
    else:
        with replacing_folder(target) as folder:
            for name, content in pages.items():
                (folder / name).write_bytes(content)


def _first_picture(stream: Stream) -> float:
    """Seconds after which the first picture appears on the clock of the sound."""
    return float(first_picture_of(stream.attachments[0])) if stream.attachments else 0


def _pages(known: dict[str, Any], video: bytes, original: Original | None, *, alone: bool) -> dict[str, bytes]:
    """The page and the files beside it, by their names; `known` is what the player is told of the `.nerv` file."""
    parts = {"video": video, "decoder": decoder_script().encode()}
    if original:
        parts["beside"] = original.mp4
    about: dict[str, Any] = {
        **known,
        "version": __version__,
        "fileBytes": len(video),
        "psnr": original and original.psnrs_db,
        "psnrKind": original and original.kind,
        "beside": original and {"type": "video/mp4"},
        "files": None if alone else {part: FOLDER[part] for part in parts},
    }
    inside = {part: _inline(part, content) for part, content in parts.items()} if alone else {}
    page = _filled(about, inside).encode()
    return {"index.html": page} | ({} if alone else {FOLDER[part]: content for part, content in parts.items()})


def _inline(part: str, content: bytes) -> str:
    """A part as text inside the page: scripts as they are, others in base64."""
    return content.decode() if part == "decoder" else b64encode(content).decode()


def _filled(about: dict[str, Any], inside: dict[str, str]) -> str:
    """The page, with what it is told and the parts that stand inside it."""
    script, style = player_script(), web_file("player.css")
    values = {
        "policy": _policy(script, style, alone=about["files"] is None),
        "title": escape(about["title"]),
        "style": style,
        "about": json.dumps(about, separators=(",", ":")).replace("<", "\\u003c"),
        "script": script,
        **{part: inside.get(part, "") for part in FOLDER},
    }
    return PLACEHOLDER.sub(lambda match: values[match[1]], web_file("page.html"))


def _policy(script: str, style: str, *, alone: bool) -> str:
    """A content security policy: the page loads nothing, or only the files beside it if it does not stand alone."""
    own = "'none'" if alone else "'self'"
    rules = {
        "default-src": "'none'",
        "script-src": f"{_hash_source(script)} 'wasm-unsafe-eval'",
        "style-src": _hash_source(style),
        "connect-src": own,
        "worker-src": "blob:" if alone else "'self' blob:",
        "media-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash_source(text: str) -> str:
    """The source that allows one inline script or style (W3C, Content Security Policy Level 3, section 2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
