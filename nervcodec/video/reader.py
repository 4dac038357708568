"""Frames out of anything that PyAV decodes, folders and patterns of images, and y4m on standard input."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError

from nervcodec.errors import ResourceError, VideoError
from nervcodec.picture import VideoFormat
from nervcodec.video.colour import Frame, chroma_format, colour_tags, frame_to_rgb
from nervcodec.video.geometry import View

PROTOCOLS = "file,pipe"
MAX_PIXELS = 1 << 26
"""Larger pictures are refused before they are decoded; a `.nerv` file could not hold them."""
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm"}
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

    Raises VideoError for what is missing, undecodable or changes its size, ResourceError above `max_pixels`,
    RequestError when the view does not fit.
    """
    with closing(_decoded(source, max_pixels)) as opened:
        total, rate = next(opened)
        first = next(opened, None)
        if not isinstance(first, av.VideoFrame):
            raise VideoError(f"{_name(source)}: no video frame in it")
        tags = colour_tags(first)
        size = first.width, first.height
        width, height = view.output_size(*size)

        def frames() -> Iterator[Frame]:
            for index, frame in islice(enumerate(chain([first], opened)), view.first, view.stop):
                assert isinstance(frame, av.VideoFrame)
                if (frame.width, frame.height) != size:
                    raise VideoError(
                        f"{_name(source)}: frame {index} is {frame.width}x{frame.height} where the first is {size[0]}x{size[1]}"
                    )
                yield view.apply(frame_to_rgb(frame, tags))

        if total is not None:
            total = max(min(total, view.stop or total) - view.first, 0)
        video_format = VideoFormat(
            width=width, height=height, frame_rate=rate, colour=tags, chroma=chroma_format(first)
        )
        yield Video(video_format, total, frames())


Opened = tuple[int | None, Fraction] | av.VideoFrame


def _decoded(source: str, max_pixels: int) -> Iterator[Opened]:
    """Number of frames and frame rate, then every frame."""
    images = _image_paths(source)
    if images is None:
        yield from _decode_file(source, max_pixels)
        return
    yield len(images), IMAGE_RATE
    for path in images:
        yield next(frame for frame in _decode_file(str(path), max_pixels) if isinstance(frame, av.VideoFrame))


def _decode_file(source: str, max_pixels: int) -> Iterator[Opened]:
    name = _name(source)
    try:
        with _open(source) as container:
            if not container.streams.video:
                raise VideoError(f"{name}: no video stream in it")
            stream = container.streams.video[0]
            context = stream.codec_context
            if context.width * context.height > max_pixels:
                raise ResourceError(f"{name}: {context.width}x{context.height} is more than {max_pixels} pixels")
            context.options = {"max_pixels": str(max_pixels)}
            stream.thread_type = "AUTO"
            rate = stream.average_rate or stream.guessed_rate or IMAGE_RATE
            yield stream.frames or None, Fraction(rate)
            yield from container.decode(stream)
    except (FFmpegError, OSError) as error:
        raise VideoError(f"{name}: {error.strerror or error}") from error


def _open(source: str) -> InputContainer:
    options = {"protocol_whitelist": PROTOCOLS}
    if source == "-":
        return av.open("pipe:0", format="yuv4mpegpipe", options=options)
    if not Path(source).exists():
        raise VideoError(f"{source}: no such file")
    return av.open(source, options=options)


def _image_paths(source: str) -> list[Path] | None:
    """The images behind a folder or a pattern, in order; None when the source is neither.

    Raises VideoError when there are none.
    """
    path = Path(source)
    if path.is_dir():
        images = sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))
    elif re.search(r"%0?\d*d", path.name) and not path.exists():
        before, after = re.split(r"%0?\d*d", path.name, maxsplit=1)
        numbered = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
        found = [(match, p) for p in path.parent.glob("*") if (match := numbered.fullmatch(p.name))]
        images = [p for _, p in sorted(found, key=lambda pair: int(pair[0][1]))]
    else:
        return None
    if not images:
        raise VideoError(f"{source}: no images there")
    return images


def _name(source: str) -> str:
    return "standard input" if source == "-" else source
