"""Elementary streams of the codecs in FFmpeg's libraries, for comparisons."""

import io
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import av
from av.error import FFmpegError

from nervcodec.errors import RequestError, VideoError
from nervcodec.picture import SHALLOW, VideoFormat
from nervcodec.video.colour import Frame, source_depth
from nervcodec.video.domains import frame_to_picture, picture_to_frame
from nervcodec.video.muxing import tag_stream
from nervcodec.video.view import View
from nervcodec.video.yuv import frame_to_planes, planes_to_rgb

THREADS = Path("/proc/self/task")
"""Folder with a folder for each thread of this process, named by its number, on Linux."""
AS_Y4M = {"chroma_sample_location": "center"}
"""Options with which an encoder says of planes what ffmpeg says of those in a y4m file that `write_frames` made."""


@dataclass(frozen=True)
class Coding:
    """An encoder of FFmpeg with its settings."""

    encoder: str
    """Name of the encoder, such as `libx265`."""
    container: str
    """Name of the muxer and demuxer of the bare stream, such as `hevc`."""
    pixel_format: str
    options: Mapping[str, str] = field(default_factory=dict)
    filter: str | None = None
    """Bitstream filter, with its arguments, for the output of the encoder."""


def write_elementary(frames: Iterable[Frame], video: VideoFormat, coding: Coding) -> bytes:
    """Code pictures in the domain of `video`, 8 bits: RGB is converted by the matrix and range of `video`.

    Raises RequestError for an encoder that this build of PyAV lacks, and for options it refuses.
    """
    coded = io.BytesIO()
    try:
        with av.open(coded, "w", format=coding.container) as container:
            is_planar = video.domain == "yuv420"
            options = {**(AS_Y4M if is_planar else {}), **coding.options}
            stream = container.add_stream(coding.encoder, rate=video.frame_rate, options=options)
            assert isinstance(stream, av.VideoStream)
            stream.codec_context.thread_type = "FRAME"  # as ffmpeg does; slices, PyAV's default, take x264 more bits
            stream.width, stream.height, stream.pix_fmt = video.width, video.height, coding.pixel_format
            if is_planar:  # images have no shape of pixels
                stream.codec_context.sample_aspect_ratio = video.sample_aspect
            tag_stream(stream, video.colour, is_rgb=coding.pixel_format == "gbrp")
            with kept_scheduling():
                stream.codec_context.open()
            sieve = av.BitStreamFilterContext(coding.filter, stream) if coding.filter else None
            for frame in chain(frames, [None]):  # None flushes the encoder
                pixels = None if frame is None else picture_to_frame(frame, coding.pixel_format, video)
                for packet in stream.encode(pixels):
                    container.mux(sieve.filter(packet) if sieve else packet)
    except (FFmpegError, ValueError) as error:
        reason = _refusal(video, coding) or getattr(error, "strerror", None) or error
        raise RequestError(f"{coding.encoder}: {reason}") from error
    return coded.getvalue()


@contextmanager
def kept_scheduling() -> Iterator[None]:
    """Gives all threads of the process, after the block, the scheduling policy that the calling thread had before it.

    SVT-AV1 makes the thread that opens it, its own threads, and all that are started later, real-time threads where it
    is allowed to, as root is (findings/svtav1_real_time.sh): they take the processors from all other programs.
    """
    if not THREADS.exists():
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for thread in THREADS.iterdir():
            with suppress(ProcessLookupError):  # a thread that has ended
                os.sched_setscheduler(int(thread.name), policy, parameters)


def _refusal(video: VideoFormat, coding: Coding) -> str | None:
    """What an encoder says of settings that it does not take; None where it takes them, or says nothing.

    FFmpeg's messages are heard only here, since hearing them while threads encode can block these (PyAV).
    """
    logging.getLogger("libav").addHandler(logging.NullHandler())
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        context = av.CodecContext.create(coding.encoder, "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = video.width, video.height, coding.pixel_format
        context.framerate, context.time_base = video.frame_rate, 1 / video.frame_rate
        context.options = dict(coding.options)
        with kept_scheduling():
            context.open()
    except (FFmpegError, ValueError) as error:
        said = getattr(error, "log", None)
        return said[2].strip().rstrip(".") if said else None
    finally:
        av.logging.set_level(level)
    return None


def read_elementary(data: bytes, video: VideoFormat, coding: Coding) -> Iterator[Frame]:
    """Decode a stream to pictures in the domain of `video`, 8 bits; its matrix and range count, not the stream's.

    Raises VideoError for a stream that does not decode.
    """
    raw = {"video_size": f"{video.width}x{video.height}", "pixel_format": coding.pixel_format}
    options = raw if coding.container == "rawvideo" else {}
    try:
        with av.open(io.BytesIO(data), "r", format=coding.container, options=options) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                yield _picture(frame, video)
    except FFmpegError as error:
        raise VideoError(f"a stream of {coding.container}: {error.strerror or error}") from error


def _picture(frame: av.VideoFrame, video: VideoFormat) -> Frame:
    """The picture of a frame; one of more bits is rounded first, so that swscale makes RGB of all streams alike."""
    if video.domain == "rgb" and source_depth(frame) > SHALLOW:
        return planes_to_rgb(frame_to_planes(frame, video.colour, SHALLOW), video.colour)
    return frame_to_picture(frame, video.colour, SHALLOW, 0, View(domain=video.domain))
