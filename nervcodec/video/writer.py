"""Frames into a video file, numbered PNGs, or y4m on standard output."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from nervcodec.errors import OutputError, RequestError
from nervcodec.files import check_folder, check_target, replacing, replacing_folder
from nervcodec.picture import FULL, STUDIO, UNSPECIFIED, Chroma, ColourTags, VideoFormat
from nervcodec.video.colour import Frame, rgb_to_frame

Sink = Callable[[Frame], None]

PLANES: dict[Chroma, str] = {"rgb": "yuv444p", "444": "yuv444p", "422": "yuv422p", "420": "yuv420p", "grey": "yuv420p"}
FFMPEG_RANGES = {UNSPECIFIED: 0, STUDIO: 1, FULL: 2}
MP4_OPTIONS = {"crf": "12", "preset": "medium"}
"""x264 well above the quality of what a fitted network renders."""
SUFFIXES = (".mkv", ".mp4", ".y4m")
NUMBER = re.compile(r"%0?(\d*)d")


@contextmanager
def write_frames(target: str, video: VideoFormat) -> Iterator[Sink]:
    """A function that takes frames `[H, W, 3]`, uint8 RGB, one by one.

    `.mkv` is FFV1 in RGB and lossless, `.mp4` is H.264, `.y4m` and `-` (standard output) are raw planes with the
    chroma sampling of the video that was encoded, and a pattern such as `frames/%05d.png` counts from 1. Files appear
    when the block ends well.

    Raises RequestError for a target of another kind, OutputError for what cannot be written.
    """
    try:
        if target == "-":
            with _container("pipe:1", ".y4m", video) as sink:
                yield sink
        elif is_pattern(target):
            path = Path(target)
            with replacing_folder(path.parent) as folder:
                yield _image_sink(folder, path.name)
        else:
            with replacing(Path(target)) as path, _container(str(path), path.suffix.lower(), video) as sink:
                yield sink
    except FFmpegError as error:
        raise OutputError(f"{target}: {error.strerror or error}") from error


def check_output(target: str, *, overwrite: bool) -> None:
    """Say before any work what `write_frames` would refuse.

    Raises RequestError for a target of no known kind, OutputError where nothing can be written or a file would be lost.
    """
    path = Path(target)
    if is_pattern(target) and path.suffix.lower() == ".png":
        first = path.with_name(_image_name(path.name, 1))
        if first.exists() and not overwrite:
            raise OutputError(f"{first} exists; -y replaces it")
        check_folder(path.parent if path.parent.is_dir() else path.parent.parent)
    elif path.suffix.lower() in SUFFIXES:
        check_target(path, overwrite=overwrite)
    elif target != "-":
        raise RequestError(f"{target}: write to .mkv, .mp4, .y4m, a pattern such as frames/%05d.png, or - for y4m")


def is_pattern(target: str) -> bool:
    """Whether a target names one file for each frame."""
    return NUMBER.search(Path(target).name) is not None


@contextmanager
def _container(path: str, suffix: str, video: VideoFormat) -> Iterator[Sink]:
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
        _tag(stream, video.colour, is_rgb=pixels == "bgr0")

        def sink(frame: Frame) -> None:
            encoded = rgb_to_frame(frame, pixels, video.colour)
            container.mux(stream.encode(encoded))

        yield sink
        container.mux(stream.encode(None))


def _tag(stream: VideoStream, colour: ColourTags, *, is_rgb: bool) -> None:
    context = stream.codec_context
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
    if not is_rgb:
        context.colorspace = colour.matrix
        context.color_range = FFMPEG_RANGES[colour.sample_range]


def _image_sink(folder: Path, pattern: str) -> Sink:
    count = 0

    def sink(frame: Frame) -> None:
        nonlocal count
        count += 1
        with av.open(
            str(folder / _image_name(pattern, count)), "w", format="image2", options={"update": "1"}
        ) as container:
            stream = container.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = frame.shape[1], frame.shape[0], "rgb24"
            container.mux(stream.encode(rgb_to_frame(frame, "rgb24", ColourTags())))
            container.mux(stream.encode(None))

    return sink


def _image_name(pattern: str, number: int) -> str:
    return NUMBER.sub(lambda match: f"{number:0{int(match[1] or 0)}d}", pattern, count=1)
