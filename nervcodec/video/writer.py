"""Writing frames to a video file, numbered PNGs, or y4m on standard output."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import count
from math import ceil
from pathlib import Path
from typing import BinaryIO, Literal

import av
from av.error import FFmpegError

from nervcodec.errors import OutputError, RequestError
from nervcodec.files import check_folder, check_target, replacing, replacing_folder
from nervcodec.picture import DEEP, SHALLOW, VideoFormat
from nervcodec.timeline import Clock, check_count
from nervcodec.video.colour import Frame
from nervcodec.video.domains import picture_to_frame
from nervcodec.video.images import NUMBER, numbered_files
from nervcodec.video.muxing import Sink, file_kind, paces, write_container
from nervcodec.video.y4m import write_y4m_frame, y4m_header

IMAGES = {(False, SHALLOW): "rgb24", (False, DEEP): "rgb48be", (True, SHALLOW): "gray", (True, DEEP): "gray16be"}
"""Pixel format of a PNG, by whether it is grey and by depth."""
SUFFIXES = (".mkv", ".mp4", ".y4m")


@contextmanager
def write_frames(
    target: str, video: VideoFormat, clock: Clock | None = None, attachments: bytes = b""
) -> Iterator[Sink]:
    """Open a target; the function yielded takes pictures of the domain and depth of the video one by one.

    `.mkv` is FFV1, which loses nothing of RGB or planes, `.mp4` is H.264, `.y4m` and `-` (standard output) are raw
    planes with the chroma sampling of the video that was encoded, and a pattern such as `frames/%05d.png` counts from
    1; all are grey if the video is, and of its depth (PNGs have 16 bits for 10). Files appear when the block ends well.

    clock: when each frame is shown; None means at equal distances. An `.mkv` rounds times to milliseconds. A `.y4m`,
    which has no timestamps, has the video's frame rate and shows some frames twice and some not at all.

    attachments: sound, subtitles, chapters and titles (see `read_attachments`), for an `.mkv` or `.mp4`.

    Raises RequestError for a target of another kind, or one that cannot hold the attachments, OutputError where it
    cannot be written, CorruptStream for attachments that cannot be read.
    """
    sort, path = _sort(target), Path(target)
    try:
        if sort == "pipe":
            with open(1, "wb", closefd=False) as file:
                yield _y4m_sink(file, video, clock)
        elif sort == "images":
            with replacing_folder(path.parent) as folder:
                yield _image_sink(folder, path.name, video)
        else:
            with replacing(path) as temporary:
                if path.suffix.lower() == ".y4m":
                    with temporary.open("wb") as file:
                        yield _y4m_sink(file, video, clock)
                else:
                    kind = file_kind(path.suffix.lower(), video, clock)
                    with write_container(temporary, kind, video, clock, attachments, target) as sink:
                        yield sink
    except (FFmpegError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise OutputError(f"{target}: {error.strerror or error}") from error
    except OverflowError as error:
        raise OutputError(f"{target}: such a file cannot hold the times or the pixel shape of this video") from error


def check_output(target: str, *, overwrite: bool) -> None:
    """Refuse before any work what `write_frames` would refuse.

    Raises RequestError for a target of no known kind, OutputError where nothing can be written or a file would be lost.
    """
    sort, path = _sort(target), Path(target).absolute()
    if sort == "images":
        existing = numbered_files(path)
        if existing and not overwrite:
            raise OutputError(f"{existing[0]} exists; -y replaces it")
        check_folder(path.parent if path.parent.is_dir() else path.parent.parent)
    elif sort == "file":
        check_target(path, overwrite=overwrite)


def holds_attachments(target: str) -> bool:
    """Whether a target can hold sound, subtitles, chapters and titles."""
    return Path(target).suffix.lower() in (".mkv", ".mp4")


def _sort(target: str) -> Literal["pipe", "images", "file"]:
    path = Path(target)
    if target == "-":
        return "pipe"
    if path.suffix.lower() == ".png" and NUMBER.search(path.name):
        return "images"
    if path.suffix.lower() in SUFFIXES:
        return "file"
    raise RequestError(
        f"{target}: write to .mkv, .mp4, .y4m, a pattern such as frames/%05d.png or a folder/, or - for y4m"
    )


def _y4m_sink(file: BinaryIO, video: VideoFormat, clock: Clock | None) -> Sink:
    file.write(y4m_header(video))
    times = paces(clock and _rounded(clock, video.frame_rate))
    return lambda frame: write_y4m_frame(file, frame, video, times=next(times)[1])


def _rounded(clock: Clock, frame_rate: Fraction) -> Clock:
    """A clock rounded to whole durations of frames; the last frame is shown in any case."""
    step = clock.time_base * frame_rate
    check_count(ceil(clock.end * step))
    ticks = tuple(round(tick * step) for tick in clock.ticks)
    return Clock(time_base=1 / frame_rate, ticks=ticks, end=max(ceil(clock.end * step), ticks[-1] + 1))


def _image_sink(folder: Path, pattern: str, video: VideoFormat) -> Sink:
    numbers, pixels = count(1), IMAGES[video.chroma == "grey", video.depth]

    def sink(picture: Frame) -> None:
        with av.open(
            str(folder / _image_name(pattern, next(numbers))), "w", format="image2", options={"update": "1"}
        ) as container:
            stream = container.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = video.width, video.height, pixels
            container.mux(stream.encode(picture_to_frame(picture, pixels, video)))
            container.mux(stream.encode(None))

    return sink


def _image_name(pattern: str, number: int) -> str:
    return NUMBER.sub(lambda match: f"{number:0{int(match[1] or 0)}d}", pattern, count=1)
