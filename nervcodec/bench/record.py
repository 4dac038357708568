"""What is known of one point: a line of results.jsonl."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from nervcodec.errors import VideoError

VERSION = 1
"""Of what a line holds; readers ignore keys they do not know."""


class Pictures(TypedDict):
    """Where one decoded frame and its original lie, as PNG, relative to the folder of the results."""

    frame: int
    decoded: str
    source: str


class Part(TypedDict):
    """Quality of a part of a clip, such as the frames that a fit has not seen; null for what has none."""

    psnr: float
    ssim: float | None
    ms_ssim: float | None
    bytes: NotRequired[int | None]
    """Of a stream other than the point's; null where there is none."""


class Record(TypedDict):
    """One point of one codec on one video; null is what cannot be had, as VMAF without an ffmpeg for it."""

    version: int
    key: str
    """Hash of all that decides the point; the same in every run of it."""
    status: str
    """`done` or `failed`."""
    error: NotRequired[dict[str, str]]
    """Of a failed point, `kind` and `message`; all figures below are then missing."""
    dataset: str
    protocol: str
    suite: str | None
    video: str
    codec: str
    """Name of the curve, such as `dnerv`, `dnerv:paper` or `x265:veryslow`."""
    label: str
    """What makes the point on the curve, such as `quality=45` or `crf=28`."""
    setting: dict[str, Any]
    view: str
    """Frames, crop and scale, in words."""
    conversion: str
    """What turned the source into RGB and, for codecs of YUV, RGB into that, in words."""
    command: NotRequired[str]
    """What a user would type to make the same stream."""
    width: NotRequired[int]
    height: NotRequired[int]
    frames: NotRequired[int]
    frame_rate: NotRequired[float]
    source_sha256: NotRequired[str]
    """Of the RGB frames that went in."""
    stream_sha256: NotRequired[str]
    bytes: NotRequired[int]
    """Of the file, or the elementary stream."""
    bpp: NotRequired[float]
    kbps: NotRequired[float]
    """Thousands of bits a second of video."""
    psnr: NotRequired[float]
    """Of 8-bit RGB, in dB, mean over frames."""
    psnr_of_mean_mse: NotRequired[float]
    psnr_y: NotRequired[float]
    psnr_u: NotRequired[float]
    psnr_v: NotRequired[float]
    psnr_yuv: NotRequired[float]
    """(6 Y + U + V) / 8."""
    ssim: NotRequired[float | None]
    ms_ssim: NotRequired[float | None]
    vmaf: NotRequired[float | None]
    """VMAF v0.6.1, mean over frames."""
    parts: NotRequired[dict[str, Part]]
    """By name; see `nervcodec.bench.run.parts`."""
    psnr_frames: NotRequired[list[float]]
    """RGB PSNR of each frame, in dB."""
    encode_seconds: NotRequired[float]
    """From frames to stream; of our models with reading the video and measuring the file."""
    decode_seconds: NotRequired[float | None]
    """From stream to frames; null where the encoder gave them."""
    parameters: NotRequired[int | None]
    kmac_per_pixel: NotRequired[float | None]
    """Thousands of multiplications a pixel in decoding; null for codecs that are no networks."""
    peak_memory: NotRequired[int | None]
    """Bytes resident at most until the stream was made, the clip included."""
    seconds: NotRequired[float]
    """Of the whole point, reading and measuring among it."""
    pictures: NotRequired[Pictures | None]
    environment: dict[str, Any]
    """Command line of the run, versions, machine, threads, how many points ran side by side."""
    finished: str
    """Date and time, UTC, ISO 8601."""


def read_records(path: Path) -> Iterator[Record]:
    """The lines of a results.jsonl; a torn last line, as a killed run leaves it, is left out.

    Raises VideoError for an unreadable file or one that holds something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise VideoError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    for number, line in enumerate(lines[:-1], 1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise VideoError(f"{path}: line {number} is no JSON") from error
        if not isinstance(record, dict) or "key" not in record:
            raise VideoError(f"{path}: line {number} is no point of a benchmark")
        yield record  # type: ignore[misc]


def append_record(path: Path, record: Record) -> None:
    """Add a line to a results.jsonl; it is on the disk when this returns."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
        file.flush()
        os.fsync(file.fileno())


def mend_records(path: Path) -> None:
    """Take a torn last line off, or make an empty file where there is none."""
    with path.open("ab+") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
