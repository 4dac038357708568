"""Frames into a video file, numbered PNGs, or y4m on standard output."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, pairwise
from pathlib import Path
from typing import Literal

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from nervcodec.errors import OutputError, RequestError
from nervcodec.files import check_folder, check_target, replacing, replacing_folder
from nervcodec.picture import FULL, STUDIO, UNSPECIFIED, Chroma, ColourTags, VideoFormat
from nervcodec.video.colour import Frame, rgb_to_frame
from nervcodec.video.images import NUMBER, numbered_files

Sink = Callable[[Frame], None]

PLANES: dict[Chroma, str] = {"rgb": "yuv444p", "444": "yuv444p", "422": "yuv422p", "420": "yuv420p", "grey": "yuv420p"}
FFMPEG_RANGES = {UNSPECIFIED: 0, STUDIO: 1, FULL: 2}
MP4_OPTIONS = {"crf": "12", "preset": "medium"}
"""x264 well above the quality of what a fitted network renders."""
SUFFIXES = (".mkv", ".mp4", ".y4m")


@contextmanager
def write_frames(target: str, video: VideoFormat, ticks: Sequence[int] | None = None) -> Iterator[Sink]:
    """A function that takes frames `[H, W, 3]`, uint8 RGB, one by one.

    `.mkv` is FFV1 in RGB and lossless, `.mp4` is H.264, `.y4m` and `-` (standard output) are raw planes with the
    chroma sampling of the video that was encoded, and a pattern such as `frames/%05d.png` counts from 1. Files appear
    when the block ends well.

    ticks: when each frame is shown, in units of a frame's duration; None means one after the other. A `.y4m`, which
    has no timestamps, repeats a frame until the next one.

    Raises RequestError for a target of another kind, OutputError for what cannot be written.
    """
    kind, path = _kind(target), Path(target)
    try:
        if kind == "pipe":
            with _container("pipe:1", ".y4m", video, ticks) as sink:
                yield sink
        elif kind == "images":
            with replacing_folder(path.parent) as folder:
                yield _image_sink(folder, path.name)
        else:
            with (
                replacing(path) as temporary,
                _container(f"file:{temporary}", path.suffix.lower(), video, ticks) as sink,
            ):
                yield sink
    except FFmpegError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise OutputError(f"{target}: {error.strerror or error}") from error


def check_output(target: str, *, overwrite: bool) -> None:
    """Say before any work what `write_frames` would refuse.

    Raises RequestError for a target of no known kind, OutputError where nothing can be written or a file would be lost.
    """
    kind, path = _kind(target), Path(target).absolute()
    if kind == "images":
        existing = numbered_files(path)
        if existing and not overwrite:
            raise OutputError(f"{existing[0]} exists; -y replaces it")
        check_folder(path.parent if path.parent.is_dir() else path.parent.parent)
    elif kind == "file":
        check_target(path, overwrite=overwrite)


def _kind(target: str) -> Literal["pipe", "images", "file"]:
    path = Path(target)
    if target == "-":
        return "pipe"
    if path.suffix.lower() == ".png" and NUMBER.search(path.name):
        return "images"
    if path.suffix.lower() in SUFFIXES:
        return "file"
    raise RequestError(f"{target}: write to .mkv, .mp4, .y4m, a pattern such as frames/%05d.png, or - for y4m")


@contextmanager
def _container(path: str, suffix: str, video: VideoFormat, ticks: Sequence[int] | None) -> Iterator[Sink]:
    kind = "yuv4mpegpipe" if suffix == ".y4m" else None
    with av.open(path, "w", format=kind) as container:
        if suffix == ".mkv":
            pixels = "bgr0"
            stream = container.add_stream("ffv1", rate=video.frame_rate)
        elif suffix == ".mp4":
            even = video.width % 2 == video.height % 2 == 0
            pixels = "yuv420p" if even else "yuv444p"
            stream = container.add_stream("libx264", rate=video.frame_rate, options=MP4_OPTIONS)
        else:
            pixels = PLANES[video.chroma]
            stream = container.add_stream("rawvideo", rate=video.frame_rate)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, pixels
        tag_stream(stream, video.colour, is_rgb=pixels == "bgr0")

        stream.codec_context.time_base = 1 / video.frame_rate
        shown = _shown(ticks, repeats=suffix == ".y4m")

        def sink(frame: Frame) -> None:
            for tick in next(shown):
                encoded = rgb_to_frame(frame, pixels, video.colour)
                encoded.pts, encoded.time_base = tick, 1 / video.frame_rate
                container.mux(stream.encode(encoded))

        yield sink
        container.mux(stream.encode(None))


def _shown(ticks: Sequence[int] | None, *, repeats: bool) -> Iterator[Sequence[int]]:
    """The ticks at which each frame is written: one, or with `repeats` all up to the next frame."""
    if ticks is None:
        return ([tick] for tick in count())
    if not repeats:
        return ([tick] for tick in ticks)
    return (range(tick, following) for tick, following in pairwise([*ticks, ticks[-1] + 1]))


def tag_stream(stream: VideoStream, colour: ColourTags, *, is_rgb: bool) -> None:
    """Let a stream that is written say its colour."""
    context = stream.codec_context
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
    if not is_rgb:
        context.colorspace = colour.matrix
        context.color_range = FFMPEG_RANGES[colour.sample_range]


def _image_sink(folder: Path, pattern: str) -> Sink:
    numbers = count(1)

    def sink(frame: Frame) -> None:
        with av.open(
            str(folder / _image_name(pattern, next(numbers))), "w", format="image2", options={"update": "1"}
        ) as container:
            stream = container.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = frame.shape[1], frame.shape[0], "rgb24"
            container.mux(stream.encode(rgb_to_frame(frame, "rgb24", ColourTags())))
            container.mux(stream.encode(None))

    return sink


def _image_name(pattern: str, number: int) -> str:
    return NUMBER.sub(lambda match: f"{number:0{int(match[1] or 0)}d}", pattern, count=1)
