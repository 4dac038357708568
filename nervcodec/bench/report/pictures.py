"""Pictures of a run, cropped to fit a page, as data URIs."""

import base64
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from nervcodec.bench.record import Record, headline
from nervcodec.bench.report.comparison import Results, at_equal_rate
from nervcodec.errors import RequestError, VideoError
from nervcodec.extras import needing

LARGEST = 640, 360
"""Largest width and height of shown pictures, in pixels; larger pictures are cropped to their middle."""


@dataclass(frozen=True)
class Shown:
    """One picture and the caption below it."""

    name: str
    """Name of the codec, or `source`."""
    caption: str
    uri: str


def chosen_videos(results: Results, pictures: str) -> list[str]:
    """The videos that `all`, `none` or names separated by commas stand for.

    Raises RequestError for a name that no video has.
    """
    if pictures in ("all", "none"):
        return list(results.videos) if pictures == "all" else []
    names = [name.strip() for name in pictures.split(",")]
    for name in names:
        if name not in results.videos:
            raise RequestError(f"there is no video {name}; there are: {', '.join(results.videos)}")
    return [video for video in results.videos if video in names]


def shown_pictures(results: Results, videos: Collection[str]) -> dict[str, list[Shown]]:
    """The source and each codec's picture at nearly equal rate, by video; videos without pictures are left out.

    Raises VideoError for a picture that cannot be read or lies outside the folder of the results.
    """
    shown: dict[str, list[Shown]] = {}
    for video in videos:
        _, near = at_equal_rate(results, video, lambda record: record.get("pictures"))
        for codec, record in near.items():
            pictures = record["pictures"]
            assert pictures
            folder, frame = results.folders[record["key"]], pictures["frame"]
            if video not in shown:
                shown[video] = [Shown("source", f"source, frame {frame}", _uri(folder, pictures["source"]))]
            shown[video].append(Shown(codec, _caption(codec, record, frame), _uri(folder, pictures["decoded"])))
    return shown


def _caption(codec: str, record: Record, frame: int) -> str:
    return f"{codec} {record['label']}, {record['bpp']:.4f} bpp, {headline(record):.2f} dB, frame {frame}"


def _uri(folder: Path, name: str) -> str:
    """The middle of a picture as a PNG in a data URI."""
    with needing("bench"):
        from PIL import Image
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise VideoError(f"{name!r} is not a picture in {folder}")
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            width, height = (min(a, b) for a, b in zip(picture.size, LARGEST, strict=True))
            left, top = (picture.width - width) // 2, (picture.height - height) // 2
            middle = picture.convert("RGB").crop((left, top, left + width, top + height))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise VideoError(
            f"{path}: {getattr(error, 'strerror', None) or 'not a PNG'}; --pictures none leaves pictures out"
        ) from error
    coded = io.BytesIO()
    middle.save(coded, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(coded.getvalue()).decode()
