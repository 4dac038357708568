"""Check that a line of results holds what a reader needs."""

from pathlib import Path

from nervcodec.bench.record import VERSION, Record
from nervcodec.errors import VideoError
from nervcodec.picture import DOMAINS

TEXTS = ("key", "status", "dataset", "protocol", "video", "codec", "label", "view", "conversion")
POSITIVE = ("width", "height", "frames", "bytes", "bpp")
FIGURES = ("psnr", "encode_seconds")
COSTS = ("decode_seconds", "kbps", "parameters", "kmac_per_pixel", "peak_memory")
OPTIONAL = ("psnr_y", "psnr_yuv", "ms_ssim", "vmaf", *COSTS)

LARGEST = 1e18
"""Largest figure that is accepted; a larger one is a fault of the program that wrote it."""


def check_record(record: Record, path: Path) -> None:
    """Raises VideoError, naming the file, unless a record of a results.jsonl holds all that a reader needs."""
    fault = _fault(dict(record))
    if fault:
        raise VideoError(f"{path}: point {record['key']!r}: {fault}")


def _fault(record: dict[str, object]) -> str | None:
    if record.get("version") != VERSION:
        return f"version {record.get('version')!r} of results is not known"
    for name in TEXTS:
        if not _is_line(record.get(name)):
            return f"{name} is no line of text"
    if not isinstance(record.get("environment"), dict):
        return "environment is no object"
    if record.get("domain", "rgb") not in DOMAINS:
        return f"domain {record['domain']!r} is not known"
    if record["status"] != "done":
        return None if _is_error(record.get("error")) else "error is no object of kind and message"
    return _fault_of_figures(record)


def _fault_of_figures(record: dict[str, object]) -> str | None:
    for name in (*POSITIVE, *FIGURES):
        value = record.get(name)
        if not isinstance(value, int | float) or not 0 <= value <= LARGEST or (name in POSITIVE and not value):
            return f"{name} is no {'positive number' if name in POSITIVE else 'number from 0'}"
    for name in OPTIONAL:
        if record.get(name) is not None and not _is_number(record[name]):
            return f"{name} is no number"
    for name in ("psnr_frames", "psnr_yuv_frames"):
        frames = record.get(name, [])
        if not isinstance(frames, list) or not all(map(_is_number, frames)):
            return f"{name} is no list of numbers"
    if record.get("domain") == "yuv420" and record.get("psnr_yuv") is None:
        return "psnr_yuv is missing"
    pictures = record.get("pictures")
    return None if pictures is None or _are_pictures(pictures) else "pictures are not a frame, decoded and source"


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) <= LARGEST  # false for NaN as well


def _is_error(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("kind", "message"))


def _are_pictures(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("frame"), int)
        and all(_is_line(value.get(name)) for name in ("decoded", "source"))
    )
