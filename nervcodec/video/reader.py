"""Frames out of anything that PyAV decodes, raw planes, folders and patterns of images, and y4m on standard input."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from nervcodec.errors import ResourceError, VideoError
from nervcodec.picture import MAX_PIXELS, VideoFormat
from nervcodec.video.colour import Frame, chroma_format, colour_reach, colour_tags, frame_to_rgb
from nervcodec.video.geometry import apply_view
from nervcodec.video.images import images_in, is_pattern, numbered_files
from nervcodec.video.raw import is_raw, raw_format, raw_frames
from nervcodec.video.view import View

PROTOCOLS = "file,pipe"
IMAGE_RATE = Fraction(25)
"""Frames per second of images, which name none; ffmpeg's own default."""


@dataclass(frozen=True)
class Video:
    """An open video seen through a view."""

    format: VideoFormat
    """Of the frames that leave, after crop and resize."""
    source_size: tuple[int, int]
    """Width and height before crop and resize, upright."""
    colour_reach: int
    """How many pixels away, before crop and resize, colour has a say in a pixel."""
    total: int | None
    """How many frames will come, where the container says."""
    frames: Iterator[Frame]
    """`[H, W, 3]` uint8 RGB, in order of presentation."""


@contextmanager
def read_frames(source: str, view: View = View(), *, max_pixels: int = MAX_PIXELS) -> Iterator[Video]:  # noqa: B008
    """Open a video file, an image folder, a pattern such as `frames/%05d.png`, or `-` for y4m on standard input.

    Raw planes, `.yuv`, have their format in their name (see `raw_format`). Images before `view.first` are not decoded.
    Frames are turned upright where the file says how, as players do.

    Raises VideoError for what is missing, undecodable or changes its size, ResourceError above `max_pixels`,
    RequestError when the view does not fit.
    """
    name = "standard input" if source == "-" else source
    with _open(source, name, max_pixels, view.first) as (total, rate, skipped, decoded):
        first = next(decoded, None)
        if first is None:
            raise VideoError(f"{name}: no video frame in it")
        tags, size = colour_tags(first), (first.width, first.height)
        turns = round(first.rotation / 90) % 4  # counter-clockwise; the first frame speaks for all
        upright = size[::-1] if turns % 2 else size
        width, height = view.output_size(*upright)

        def frames() -> Iterator[Frame]:
            numbered = enumerate(chain([first], decoded), skipped)
            for index, frame in islice(numbered, view.first - skipped, view.stop and view.stop - skipped):
                if (frame.width, frame.height) != size:
                    found = f"{frame.width}x{frame.height}"
                    raise VideoError(f"{name}: frame {index} is {found} where the first is {size[0]}x{size[1]}")
                yield apply_view(np.rot90(frame_to_rgb(frame, tags), turns), view)

        wanted = None if total is None else max(min(total, view.stop or total) - view.first, 0)
        video = VideoFormat(width=width, height=height, frame_rate=rate, colour=tags, chroma=chroma_format(first))
        yield Video(video, upright, colour_reach(first), wanted, frames())


def count_frames(source: str) -> int:
    """The number of frames of a video file that does not tell it, from its packets; nothing is decoded.

    Raises VideoError for what cannot be read.
    """
    with _explained(source), av.open(f"file:{source}", options={"protocol_whitelist": PROTOCOLS}) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


Decoded = tuple[int | None, Fraction, int, Iterator[av.VideoFrame]]
"""Number of frames where it is known, frames per second, how many frames are skipped, frames after those."""


@contextmanager
def _open(source: str, name: str, max_pixels: int, first: int) -> Iterator[Decoded]:
    images = _image_paths(source)
    if images is None:
        with _open_file(source, name, max_pixels) as (total, rate, decoded):
            yield total, rate, 0, decoded
    else:
        skipped = min(first, len(images) - 1)  # one image at least says what the video is
        yield len(images), IMAGE_RATE, skipped, (_decode_image(path, max_pixels) for path in images[skipped:])


@contextmanager
def _open_file(
    source: str, name: str, max_pixels: int
) -> Iterator[tuple[int | None, Fraction, Iterator[av.VideoFrame]]]:
    if source != "-" and not Path(source).exists():
        raise VideoError(f"{name}: no such file")
    file, kind, options, total = _demuxer(source, name, max_pixels)
    with _explained(name):
        container = av.open(file, format=kind, options={"protocol_whitelist": PROTOCOLS, **options})
    with container:
        if not container.streams.video:
            raise VideoError(f"{name}: no video stream in it")
        stream = container.streams.video[0]
        _check_pixels(name, stream.width, stream.height, max_pixels)
        stream.codec_context.options = {"max_pixels": str(max_pixels)}
        stream.thread_type = "AUTO"
        rate = stream.average_rate or stream.guessed_rate or IMAGE_RATE

        def frames() -> Iterator[av.VideoFrame]:
            with _explained(name):
                yield from container.decode(stream)

        yield stream.frames or total, Fraction(rate), frames()


def _demuxer(source: str, name: str, max_pixels: int) -> tuple[str, str | None, dict[str, str], int | None]:
    """FFmpeg's URL, the name and the options of a demuxer where it must be told them, the number of frames if known."""
    path = Path(source)
    if source == "-":
        return "pipe:0", "yuv4mpegpipe", {}, None
    if not is_raw(path):
        return f"file:{source}", None, {}, None
    raw = raw_format(path)
    _check_pixels(name, raw.width, raw.height, max_pixels)
    size = {"video_size": f"{raw.width}x{raw.height}", "pixel_format": raw.pixels, "framerate": str(raw.frame_rate)}
    return f"file:{source}", "rawvideo", size, raw_frames(path, raw)


def _check_pixels(name: str, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ResourceError(f"{name}: {width}x{height} is more than {max_pixels} pixels")


def _decode_image(path: Path, max_pixels: int) -> av.VideoFrame:
    with _open_file(str(path), str(path), max_pixels) as (_, _, frames):
        frame = next(frames, None)
    if frame is None:
        raise VideoError(f"{path}: no picture in it")
    return frame


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except FFmpegError as error:
        raise VideoError(f"{name}: {error.strerror or error}") from error


def _image_paths(source: str) -> list[Path] | None:
    """The images behind a folder or a pattern, in order; None when the source is neither.

    Raises VideoError when there are none.
    """
    path = Path(source)
    if path.is_dir():
        images = images_in(path)
    elif is_pattern(source):
        images = numbered_files(path)
    else:
        return None
    if not images:
        raise VideoError(f"{source}: no images there")
    return images
