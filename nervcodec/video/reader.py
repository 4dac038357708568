"""Frames out of anything that PyAV decodes, folders and patterns of images, and y4m on standard input."""

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
from nervcodec.video.colour import Frame, chroma_format, colour_tags, frame_to_rgb
from nervcodec.video.geometry import apply_view
from nervcodec.video.images import images_in, is_pattern, numbered_files
from nervcodec.video.view import View

PROTOCOLS = "file,pipe"
IMAGE_RATE = Fraction(25)
"""Frames per second of images, which name none; ffmpeg's own default."""


@dataclass(frozen=True)
class Video:
    """An open video seen through a view."""

    format: VideoFormat
    """Of the frames that leave, after crop and resize."""
    total: int | None
    """How many frames will come, where the container says."""
    frames: Iterator[Frame]
    """`[H, W, 3]` uint8 RGB, in order of presentation."""


@contextmanager
def read_frames(source: str, view: View = View(), *, max_pixels: int = MAX_PIXELS) -> Iterator[Video]:  # noqa: B008
    """Open a video file, an image folder, a pattern such as `frames/%05d.png`, or `-` for y4m on standard input.

    Frames are turned upright where the file says how, as players do.

    Raises VideoError for what is missing, undecodable or changes its size, ResourceError above `max_pixels`,
    RequestError when the view does not fit.
    """
    name = "standard input" if source == "-" else source
    with _open(source, name, max_pixels) as (total, rate, decoded):
        first = next(decoded, None)
        if first is None:
            raise VideoError(f"{name}: no video frame in it")
        tags, size = colour_tags(first), (first.width, first.height)
        turns = round(first.rotation / 90) % 4  # counter-clockwise; the first frame speaks for all
        width, height = view.output_size(*(size[::-1] if turns % 2 else size))

        def frames() -> Iterator[Frame]:
            for index, frame in islice(enumerate(chain([first], decoded)), view.first, view.stop):
                if (frame.width, frame.height) != size:
                    found = f"{frame.width}x{frame.height}"
                    raise VideoError(f"{name}: frame {index} is {found} where the first is {size[0]}x{size[1]}")
                yield apply_view(np.rot90(frame_to_rgb(frame, tags), turns), view)

        wanted = None if total is None else max(min(total, view.stop or total) - view.first, 0)
        video = VideoFormat(width=width, height=height, frame_rate=rate, colour=tags, chroma=chroma_format(first))
        yield Video(video, wanted, frames())


Decoded = tuple[int | None, Fraction, Iterator[av.VideoFrame]]
"""Number of frames where it is known, frames per second, frames."""


@contextmanager
def _open(source: str, name: str, max_pixels: int) -> Iterator[Decoded]:
    images = _image_paths(source)
    if images is None:
        with _open_file(source, name, max_pixels) as opened:
            yield opened
    else:
        yield len(images), IMAGE_RATE, (_decode_image(path, max_pixels) for path in images)


@contextmanager
def _open_file(source: str, name: str, max_pixels: int) -> Iterator[Decoded]:
    if source != "-" and not Path(source).exists():
        raise VideoError(f"{name}: no such file")
    options = {"protocol_whitelist": PROTOCOLS}
    file, kind = ("pipe:0", "yuv4mpegpipe") if source == "-" else (f"file:{source}", None)
    with _explained(name):
        container = av.open(file, format=kind, options=options)
    with container:
        if not container.streams.video:
            raise VideoError(f"{name}: no video stream in it")
        stream = container.streams.video[0]
        if stream.width * stream.height > max_pixels:
            raise ResourceError(f"{name}: {stream.width}x{stream.height} is more than {max_pixels} pixels")
        stream.codec_context.options = {"max_pixels": str(max_pixels)}
        stream.thread_type = "AUTO"
        rate = stream.average_rate or stream.guessed_rate or IMAGE_RATE

        def frames() -> Iterator[av.VideoFrame]:
            with _explained(name):
                yield from container.decode(stream)

        yield stream.frames or None, Fraction(rate), frames()


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
