"""Record of one point of a benchmark: a line of results.jsonl."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from nervcodec.errors import VideoError

VERSION = 1
"""Version of what a line holds; readers ignore keys they do not know."""


class Pictures(TypedDict):
    """One decoded frame and its original: paths of PNGs, relative to the folder of the results."""

    frame: int
    decoded: str
    source: str


class Files(TypedDict):
    """What a codec was given, a y4m file or PNGs, and its stream: paths relative to the folder of the results."""

    source: str
    stream: str


class Part(TypedDict):
    """Quality over a portion of a clip, such as the frames that a fit has not seen; null for a figure it has not."""

    psnr: float
    ssim: float | None
    ms_ssim: float | None
    bytes: NotRequired[int | None]
    """Bytes of a stream other than the point's; null where there is no stream."""


class Record(TypedDict):
    """One point of one codec on one video; null for a figure that cannot be had, such as VMAF without its ffmpeg."""

    version: int
    key: str
    """Hash of all that decides the point, equal in all its runs."""
    status: str
    """Status of the point: `done` or `failed`."""
    error: NotRequired[dict[str, str]]
    """`kind` and `message` of the error of a failed point, which has none of the figures below."""
    dataset: str
    protocol: str
    suite: str | None
    video: str
    codec: str
    """Name of the curve, such as `dnerv`, `dnerv:paper` or `x265:veryslow`."""
    label: str
    """Setting that makes the point on the curve, such as `quality=45` or `crf=28`."""
    setting: dict[str, Any]
    domain: NotRequired[str]
    """Samples that all codecs were given, and whose PSNR is the headline: `rgb` (also of lines without this key), or
    `yuv420`, planes of 4:2:0."""
    view: str
    """Frames, crop and scale of the video, in words."""
    conversion: str
    """Conversion of the source to the domain and, for codecs of YUV that were given RGB, to YUV, in words."""
    command: NotRequired[str]
    """Command line with which a user would make the same stream."""
    width: NotRequired[int]
    height: NotRequired[int]
    frames: NotRequired[int]
    frame_rate: NotRequired[float]
    source_sha256: NotRequired[str]
    """SHA-256 of the samples that were coded: RGB pixel after pixel, or the planes Y, U and V of each frame."""
    stream_sha256: NotRequired[str]
    bytes: NotRequired[int]
    """Bytes of the file, or of the elementary stream."""
    bpp: NotRequired[float]
    kbps: NotRequired[float]
    """Thousands of bits per second of video."""
    psnr: NotRequired[float]
    """PSNR of 8-bit RGB, which is made of planes by swscale, in dB, mean over frames."""
    psnr_of_mean_mse: NotRequired[float]
    psnr_y: NotRequired[float]
    psnr_u: NotRequired[float]
    psnr_v: NotRequired[float]
    psnr_yuv: NotRequired[float]
    """PSNR of the planes of 4:2:0, weighted as (6 Y + U + V) / 8: those that were coded, or those that BT.709 makes of
    RGB clips."""
    ssim: NotRequired[float | None]
    ms_ssim: NotRequired[float | None]
    vmaf: NotRequired[float | None]
    """VMAF v0.6.1, mean over frames."""
    parts: NotRequired[dict[str, Part]]
    """Quality over portions of the clip, by name (see `nervcodec.bench.run.parts`)."""
    psnr_frames: NotRequired[list[float]]
    """RGB PSNR of each frame, in dB."""
    psnr_yuv_frames: NotRequired[list[float]]
    """PSNR of the planes of each frame, weighted, in dB."""
    encode_seconds: NotRequired[float]
    """Seconds from frames to stream; for our models including reading the video and measuring the file."""
    decode_seconds: NotRequired[float | None]
    """Seconds from stream to frames; null where the encoder gave the frames."""
    parameters: NotRequired[int | None]
    kmac_per_pixel: NotRequired[float | None]
    """Thousands of multiplications per pixel in decoding; null for codecs that are no networks."""
    peak_memory: NotRequired[int | None]
    """Largest number of bytes resident until the stream was made, including the clip."""
    seconds: NotRequired[float]
    """Seconds of the whole point, including reading and measuring."""
    pictures: NotRequired[Pictures | None]
    files: NotRequired[Files]
    """Files that were kept, where that was asked for."""
    environment: dict[str, Any]
    """Command line of the run, versions, machine, threads, and number of points that ran side by side."""
    finished: str
    """Date and time when the point was finished, in UTC, by ISO 8601."""


def headline(record: Mapping[str, Any]) -> float:
    """The PSNR, in dB, in the domain of a point that was measured."""
    psnr: float = record["psnr_yuv" if record.get("domain") == "yuv420" else "psnr"]
    return psnr


def read_records(path: Path) -> Iterator[Record]:
    """The records of a results.jsonl, except for a torn last line, as a killed run leaves it.

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
    """Remove a torn last line of a file, or make an empty file where there is none."""
    with path.open("ab+") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
