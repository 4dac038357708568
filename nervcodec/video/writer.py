"""Writing frames to a video file, numbered PNGs, or y4m on standard output."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO
from itertools import count, pairwise
from math import ceil
from pathlib import Path
from typing import BinaryIO, Literal

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from nervcodec.errors import OutputError, RequestError
from nervcodec.files import check_folder, check_target, replacing, replacing_folder
from nervcodec.picture import DEEP, FULL, SHALLOW, STUDIO, UNSPECIFIED, ColourTags, VideoFormat
from nervcodec.timeline import Clock, check_count
from nervcodec.video.attachments import AS_THEY_ARE, MOST_PRIMING, copy_attachments, lead_of
from nervcodec.video.colour import Frame, named_colour
from nervcodec.video.domains import picture_to_frame
from nervcodec.video.images import NUMBER, numbered_files
from nervcodec.video.matroska import PLACEHOLDER_ROTATION, set_display_size, template
from nervcodec.video.y4m import write_y4m_frame, y4m_header

Sink = Callable[[Frame], None]

FFMPEG_RANGES = {UNSPECIFIED: 0, STUDIO: 1, FULL: 2}
MP4_OPTIONS = {"crf": "12", "preset": "medium"}
"""Options of x264 for a quality well above that of what a fitted network renders."""
IN_ORDER = {"bf": "0"}
"""Option of x264 for frames of unequal durations: MP4 has durations in decoding order, which must be display order."""
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
    kind, path = _kind(target), Path(target)
    try:
        if kind == "pipe":
            with open(1, "wb", closefd=False) as file:
                yield _y4m_sink(file, video, clock)
        elif kind == "images":
            with replacing_folder(path.parent) as folder:
                yield _image_sink(folder, path.name, video)
        else:
            with replacing(path) as temporary:
                if path.suffix.lower() == ".y4m":
                    with temporary.open("wb") as file:
                        yield _y4m_sink(file, video, clock)
                else:
                    with _container(temporary, target, video, clock, attachments) as sink:
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
    kind, path = _kind(target), Path(target).absolute()
    if kind == "images":
        existing = numbered_files(path)
        if existing and not overwrite:
            raise OutputError(f"{existing[0]} exists; -y replaces it")
        check_folder(path.parent if path.parent.is_dir() else path.parent.parent)
    elif kind == "file":
        check_target(path, overwrite=overwrite)


def holds_attachments(target: str) -> bool:
    """Whether a target can hold sound, subtitles, chapters and titles."""
    return Path(target).suffix.lower() in (".mkv", ".mp4")


def _kind(target: str) -> Literal["pipe", "images", "file"]:
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


@dataclass(frozen=True)
class _Kind:
    """How the frames in a video file of some suffix are encoded."""

    encoder: str
    pixels: str
    options: dict[str, str]


def _file_kind(suffix: str, video: VideoFormat, *, is_even: bool) -> _Kind:
    grey, deep = video.chroma == "grey", "10le" if video.depth == DEEP else ""
    if suffix == ".mkv" and video.domain == "yuv420":
        return _Kind("ffv1", f"yuv420p{deep}", {})
    if suffix == ".mkv":
        return _Kind("ffv1", f"gray{deep}" if grey else f"gbrp{deep}" if deep else "bgr0", {})
    halves = video.width % 2 == video.height % 2 == 0
    pixels = "gray" if grey else "yuv420p" if halves else "yuv444p"
    return _Kind("libx264", pixels + deep, MP4_OPTIONS if is_even else MP4_OPTIONS | IN_ORDER)


@contextmanager
def _container(path: Path, name: str, video: VideoFormat, clock: Clock | None, attachments: bytes) -> Iterator[Sink]:
    """Write a video file to a path; messages call it `name`."""
    kind = _file_kind(path.suffix.lower(), video, is_even=clock is None or clock.keeps(video.frame_rate))
    video = named_colour(video, kind.pixels)
    stands = kind.encoder == "ffv1" and video.sample_aspect != 1
    with av.open(f"file:{path}", "w", options=AS_THEY_ARE) as container:
        stream = _add_stream(container, kind, video)
        if stands:
            stream.set_display_rotation(PLACEHOLDER_ROTATION)
        time_base = clock.time_base if clock else 1 / video.frame_rate
        stream.time_base = stream.codec_context.time_base = time_base
        late = _late(attachments, time_base)
        feed = copy_attachments(attachments, container, name, late * time_base) if attachments else None
        paces = _paces(clock)

        def sink(picture: Frame) -> None:
            encoded = picture_to_frame(picture, kind.pixels, video)
            encoded.time_base = time_base
            shown, encoded.duration = next(paces)
            encoded.pts = shown + late
            container.mux(stream.encode(encoded))
            if feed:  # after the frame, for the header can be written only now that the encoder is open
                feed((encoded.pts + encoded.duration) * time_base)

        yield sink
        container.mux(stream.encode(None))
        if feed:
            feed(None)
    if stands:
        set_display_size(path, video)


def _late(attachments: bytes, time_base: Fraction) -> int:
    """Ticks after which the first picture appears, so that what begins well before it has a place.

    A little before, as priming of an audio codec is, costs no delay: a file can say such times before 0.
    """
    lead = lead_of(attachments) if attachments else Fraction(0)
    return ceil(lead / time_base) if lead > MOST_PRIMING else 0


def _add_stream(container: OutputContainer, kind: _Kind, video: VideoFormat) -> VideoStream:
    """Add the stream of a video, with its size, colour, shape of pixels and HDR10 metadata."""
    if video.mastering or video.content_light:
        with av.open(BytesIO(template(video, kind.encoder))) as model:
            stream = container.add_stream_from_template(model.streams.video[0], opaque=False)
        stream.codec_context.options = kind.options
        stream.codec_context.framerate = video.frame_rate
    else:
        added = container.add_stream(kind.encoder, rate=video.frame_rate, options=kind.options)
        assert isinstance(added, VideoStream)
        stream = added
    stream.width, stream.height, stream.pix_fmt = video.width, video.height, kind.pixels
    stream.codec_context.sample_aspect_ratio = video.sample_aspect
    stream.codec_context.flags |= Flags.frame_duration
    if kind.encoder == "libx264":
        stream.codec_context.thread_type = "FRAME"  # slices, PyAV's default, take more bits with every thread
    colour = video.colour
    if kind.encoder == "libx264" and kind.pixels.startswith("gray") and colour.sample_range == UNSPECIFIED:
        colour = replace(colour, sample_range=FULL)  # readers take grey so; FFmpeg takes H.264 without colour for 4:2:0
    tag_stream(stream, colour, is_rgb=kind.pixels.startswith(("gbr", "bgr")))
    return stream


def _paces(clock: Clock | None) -> Iterator[tuple[int, int]]:
    """The time at which each frame appears, and its duration, in ticks."""
    if clock is None:
        return ((tick, 1) for tick in count())
    return ((tick, after - tick) for tick, after in pairwise((*clock.ticks, clock.end)))


def _y4m_sink(file: BinaryIO, video: VideoFormat, clock: Clock | None) -> Sink:
    file.write(y4m_header(video))
    paces = _paces(clock and _rounded(clock, video.frame_rate))
    return lambda frame: write_y4m_frame(file, frame, video, times=next(paces)[1])


def _rounded(clock: Clock, frame_rate: Fraction) -> Clock:
    """A clock rounded to whole durations of frames; the last frame is shown in any case."""
    step = clock.time_base * frame_rate
    check_count(ceil(clock.end * step))
    ticks = tuple(round(tick * step) for tick in clock.ticks)
    return Clock(time_base=1 / frame_rate, ticks=ticks, end=max(ceil(clock.end * step), ticks[-1] + 1))


def tag_stream(stream: VideoStream, colour: ColourTags, *, is_rgb: bool) -> None:
    """Set the colour properties of a stream that is written."""
    context = stream.codec_context
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
    if not is_rgb:
        context.colorspace = colour.matrix
        context.color_range = FFMPEG_RANGES[colour.sample_range]


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
