"""Sources of frames: files that PyAV decodes, raw planes, folders and patterns of images, standard input."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from nervcodec.errors import ResourceError, VideoError
from nervcodec.video.images import SUFFIXES, images_in, is_pattern, numbered_files
from nervcodec.video.index import Index, find_frame
from nervcodec.video.raw import is_raw, raw_format, raw_frames
from nervcodec.video.streams import check_stream, choose_stream, remarks_on_numbers, remarks_on_streams
from nervcodec.video.whole import check_whole

PROTOCOLS = "file,pipe"
IMAGE_RATE = Fraction(25)
"""Frames per second of images, which name no rate; ffmpeg has the same default."""
NTSC = Fraction(1001, 1000)
NANOSECONDS = Fraction(1, 10_000_000)
"""Largest relative change of a frame's duration when it is rounded to nanoseconds."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source that frames come from."""

    total: int | None
    """Number of frames, where it is known."""
    rates: tuple[Fraction, ...]
    """Frame rates that the container names, the likeliest first."""
    frames: Iterator[av.VideoFrame]
    skipped: int = 0
    """Number of frames before the first one that comes."""
    aspect: Fraction | None = None
    """Width of a pixel over its height, where the container says."""
    remarks: tuple[str, ...] = ()
    """Sentences on what the container holds that does not come with the frames."""
    find: Callable[[Index, int], Iterator[av.VideoFrame]] | None = None
    """A function that finds the frames from some number on by an index; None where all frames must be decoded."""


@contextmanager
def open_source(source: str, name: str, max_pixels: int, first: int, chosen: int | None = None) -> Iterator[Source]:
    """Open a source for `read_frames`, called `name` in messages; images before number `first` are skipped.

    Raises VideoError for a source that is missing, undecodable or incomplete, ResourceError for one above `max_pixels`.
    """
    images = _image_paths(source)
    if images is None:
        with _open_file(source, name, max_pixels, chosen) as opened:
            yield opened
    else:
        check_stream(name, chosen or 0, 1)
        skipped = min(first, len(images) - 1)  # at least one image is read for its size and format
        frames = (_decode_image(path, max_pixels, number) for number, path in enumerate(images[skipped:], skipped))
        yield Source(
            total=len(images), rates=(IMAGE_RATE,), frames=frames, skipped=skipped, remarks=remarks_on_numbers(images)
        )


def is_container(source: str) -> bool:
    """Whether a source is a file that can hold more than pictures."""
    path = Path(source)
    return source != "-" and not (is_raw(path) or path.is_dir() or is_pattern(source))


def count_frames(source: str) -> int:
    """Count the packets of a video file that does not state its number of frames; nothing is decoded.

    Raises VideoError for a file that cannot be read.
    """
    with explained(source), av.open(f"file:{source}", options={"protocol_whitelist": PROTOCOLS}) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


@contextmanager
def _open_file(source: str, name: str, max_pixels: int, chosen: int | None = None) -> Iterator[Source]:
    with _container(source, name, max_pixels, chosen) as (container, stream, total):

        def find(index: Index, wanted: int) -> Iterator[av.VideoFrame]:
            with explained(name):
                found = find_frame(container, stream, index, wanted)
                yield from found or ()
            if found is None:
                with _open_file(source, name, max_pixels, chosen) as again:
                    yield from islice(again.frames, wanted, None)

        rates = [stream.average_rate, stream.guessed_rate, stream.base_rate]
        yield Source(
            total=total,
            rates=tuple(_whole_or_ntsc(rate) for rate in rates if rate) or (IMAGE_RATE,),
            frames=_decode(container, stream, name, total),
            aspect=stream.sample_aspect_ratio,
            remarks=tuple(remarks_on_streams(container, stream)),
            find=None if source == "-" or container.format.name == "avi" else find,
        )


def _whole_or_ntsc(rate: Fraction) -> Fraction:
    """Round a rate made of whole nanoseconds to a whole number, or that times 1000 / 1001; keep any other rate."""
    nominal = [Fraction(round(rate)), Fraction(round(rate * NTSC) * 1000, 1001)]
    return next((near for near in nominal if abs(near / rate - 1) < NANOSECONDS), Fraction(rate))


@contextmanager
def _container(
    source: str, name: str, max_pixels: int, chosen: int | None
) -> Iterator[tuple[InputContainer, VideoStream, int | None]]:
    """An open file, its first video stream, and the number of frames that the stream should have."""
    path = Path(source)
    if source != "-" and not path.exists():
        raise VideoError(f"{name}: no such file")
    file, kind, options, total = _demuxer(source, name, max_pixels)
    if source != "-":
        check_whole(path, name)
    with explained(name):
        container = av.open(file, format=kind, options={"protocol_whitelist": PROTOCOLS, **options})
    with container:
        stream = choose_stream(container, name, chosen)
        _check_pixels(name, stream.width, stream.height, max_pixels)
        stream.codec_context.options = {"max_pixels": str(max_pixels)}
        stream.thread_type = "AUTO"
        if stream.frames:  # the file has an index of frames; an edit list may hide some of them
            total = sum(not entry.is_discard for entry in stream.index_entries)
        yield container, stream, total


def _decode(container: InputContainer, stream: VideoStream, name: str, total: int | None) -> Iterator[av.VideoFrame]:
    """All frames of a stream.

    Raises VideoError where fewer than `total` frames decode.
    """
    count, order = 0, deque[int]()
    with explained(name):
        for packet in container.demux(stream):
            if container.format.name == "avi" and packet.dts is not None and packet.size:
                order.append(packet.dts)
            for frame in packet.decode():
                assert isinstance(frame, av.VideoFrame)
                count += 1
                if order:  # AVI has times of decoding only, at which frames are shown, in their own order
                    frame.pts = order.popleft()
                yield frame
    if total and count < total:
        raise VideoError(f"{name}: {total} frames are announced, {count} decode; the file is damaged or incomplete")


def _demuxer(source: str, name: str, max_pixels: int) -> tuple[str, str | None, dict[str, str], int | None]:
    """FFmpeg's URL, the demuxer's name and options where they must be given, and the number of frames if known."""
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


def _decode_image(path: Path, max_pixels: int, number: int) -> av.VideoFrame:
    with _open_file(str(path), str(path), max_pixels) as opened:
        frame = next(opened.frames, None)
    if frame is None:
        raise VideoError(f"{path}: no picture in it")
    frame.pts, frame.time_base, frame.duration = number, 1 / IMAGE_RATE, 1
    return frame


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn each error of FFmpeg in the block into a VideoError whose text begins with a name."""
    try:
        yield
    except FFmpegError as error:
        raise VideoError(f"{name}: {error.strerror or error}") from error


def _image_paths(source: str) -> list[Path] | None:
    """The images behind a folder or a pattern, in order; None when the source is neither.

    Raises VideoError where they hold no images.
    """
    path = Path(source)
    if path.is_dir():
        images = images_in(path)
    elif is_pattern(source):
        images = numbered_files(path)
    else:
        return None
    if not images:
        raise VideoError(f"{source}: no images there; these are read: {' '.join(sorted(SUFFIXES))}")
    return images
