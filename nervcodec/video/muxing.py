"""Writing pictures, and what accompanies them, to a Matroska or MP4 file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO
from itertools import count, pairwise
from math import ceil
from pathlib import Path

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.stream import VideoStream

from nervcodec.picture import DEEP, FULL, STUDIO, UNSPECIFIED, ColourTags, VideoFormat
from nervcodec.timeline import Clock
from nervcodec.video.attachments import AS_THEY_ARE, MOST_PRIMING, copy_attachments, lead_of
from nervcodec.video.colour import Frame, named_colour
from nervcodec.video.domains import picture_to_frame
from nervcodec.video.matroska import PLACEHOLDER_ROTATION, set_display_size, template

Sink = Callable[[Frame], None]

FFMPEG_RANGES = {UNSPECIFIED: 0, STUDIO: 1, FULL: 2}
MP4_OPTIONS = {"crf": "12", "preset": "medium"}
"""Options of x264 for a quality well above that of what a fitted network renders."""
IN_ORDER = {"bf": "0"}
"""Option of x264 for frames of unequal durations: MP4 has durations in decoding order, which must be display order."""


@dataclass(frozen=True)
class Kind:
    """How the frames in a video file of some suffix are encoded."""

    encoder: str
    pixels: str
    options: dict[str, str]


def file_kind(suffix: str, video: VideoFormat, clock: Clock | None) -> Kind:
    """How pictures of a video go into an `.mkv` or `.mp4`, at the times of a clock or at equal distances."""
    is_even = clock is None or clock.keeps(video.frame_rate)
    grey, deep = video.chroma == "grey", "10le" if video.depth == DEEP else ""
    if suffix == ".mkv" and video.domain == "yuv420":
        return Kind("ffv1", f"yuv420p{deep}", {})
    if suffix == ".mkv":
        return Kind("ffv1", f"gray{deep}" if grey else f"gbrp{deep}" if deep else "bgr0", {})
    halves = video.width % 2 == video.height % 2 == 0
    pixels = "gray" if grey else "yuv420p" if halves else "yuv444p"
    return Kind("libx264", pixels + deep, MP4_OPTIONS if is_even else MP4_OPTIONS | IN_ORDER)


@contextmanager
def write_container(
    path: Path, kind: Kind, video: VideoFormat, clock: Clock | None = None, attachments: bytes = b"", name: str = ""
) -> Iterator[Sink]:
    """Write a video file to a path; the function yielded takes pictures of the domain and depth of the video.

    clock, attachments: as of `nervcodec.video.writer.write_frames`. name: name of the file in messages.

    Raises what `copy_attachments` raises, and FFmpegError.
    """
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
        times = paces(clock)

        def sink(picture: Frame) -> None:
            encoded = picture_to_frame(picture, kind.pixels, video)
            encoded.time_base = time_base
            shown, encoded.duration = next(times)
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


def _add_stream(container: OutputContainer, kind: Kind, video: VideoFormat) -> VideoStream:
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


def paces(clock: Clock | None) -> Iterator[tuple[int, int]]:
    """The time at which each frame appears, and its duration, in ticks."""
    if clock is None:
        return ((tick, 1) for tick in count())
    return ((tick, after - tick) for tick, after in pairwise((*clock.ticks, clock.end)))


def tag_stream(stream: VideoStream, colour: ColourTags, *, is_rgb: bool) -> None:
    """Set the colour properties of a stream that is written."""
    context = stream.codec_context
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
    if not is_rgb:
        context.colorspace = colour.matrix
        context.color_range = FFMPEG_RANGES[colour.sample_range]
