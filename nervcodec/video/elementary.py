"""Elementary streams of the codecs in FFmpeg's libraries, for comparisons."""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

import av
from av.error import FFmpegError

from nervcodec.errors import RequestError, VideoError
from nervcodec.picture import VideoFormat
from nervcodec.video.colour import Frame, frame_to_rgb, rgb_to_frame
from nervcodec.video.writer import tag_stream


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
    """Code frames `[H, W, 3]`, uint8 RGB, converted by the matrix and range of `video`.

    Raises RequestError for an encoder that this build of PyAV lacks, and for options it refuses.
    """
    coded = io.BytesIO()
    try:
        with av.open(coded, "w", format=coding.container) as container:
            stream = container.add_stream(coding.encoder, rate=video.frame_rate, options=dict(coding.options))
            assert isinstance(stream, av.VideoStream)
            stream.codec_context.thread_type = "FRAME"  # as ffmpeg does; slices, PyAV's default, take x264 more bits
            stream.width, stream.height, stream.pix_fmt = video.width, video.height, coding.pixel_format
            tag_stream(stream, video.colour, is_rgb=coding.pixel_format == "gbrp")
            sieve = av.BitStreamFilterContext(coding.filter, stream) if coding.filter else None
            for frame in chain(frames, [None]):  # None flushes the encoder
                pixels = None if frame is None else rgb_to_frame(frame, coding.pixel_format, video.colour)
                for packet in stream.encode(pixels):
                    container.mux(sieve.filter(packet) if sieve else packet)
    except (FFmpegError, ValueError) as error:
        raise RequestError(f"{coding.encoder}: {getattr(error, 'strerror', None) or error}") from error
    return coded.getvalue()


def read_elementary(data: bytes, video: VideoFormat, coding: Coding) -> Iterator[Frame]:
    """Decode a stream to frames `[H, W, 3]`, uint8 RGB, by the matrix and range of `video`, whatever the stream says.

    Raises VideoError for a stream that does not decode.
    """
    raw = {"video_size": f"{video.width}x{video.height}", "pixel_format": coding.pixel_format}
    options = raw if coding.container == "rawvideo" else {}
    try:
        with av.open(io.BytesIO(data), "r", format=coding.container, options=options) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                yield frame_to_rgb(frame, video.colour)
    except FFmpegError as error:
        raise VideoError(f"a stream of {coding.container}: {error.strerror or error}") from error
