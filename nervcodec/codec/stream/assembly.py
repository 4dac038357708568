"""Builds headers, layers and the bytes of a file from fitted networks."""

from collections.abc import Iterable, Mapping

from nervcodec.bitstream.container import Stream, write_stream
from nervcodec.bitstream.format import Header, check_header
from nervcodec.bitstream.layer import Chunk, Layer
from nervcodec.codec.stream.payload import check_segment, pack
from nervcodec.entropy.forms import FORMS
from nervcodec.errors import BitstreamError, RequestError
from nervcodec.models.config import PyramidConfig
from nervcodec.models.wire import pack_config
from nervcodec.picture import VideoFormat
from nervcodec.quantization import QuantizedTensor
from nervcodec.timeline import Clock, Timeline


def plan_header(
    video: VideoFormat,
    frames: int,
    *configs: PyramidConfig,
    timeline: Timeline | None = None,
    way: int = 0,
    clock: Clock | None = None,
    segments: tuple[int, ...] = (),
) -> Header:
    """The header of a file whose layers have some networks; without `segments`, the file has one segment.

    Raises RequestError for a file that no decoder would read.
    """
    header = Header(video=video, segments=segments or (frames,), timeline=timeline, way=way, clock=clock)
    try:
        check_header(header)
        for config in configs:
            check_segment(config, frames)
    except BitstreamError as error:
        raise RequestError(f"a .nerv file cannot hold this video: {error}") from error
    return header


def make_layer(config: PyramidConfig, *chunks: Chunk) -> Layer:
    """A layer with one network for all segments, and its chunks."""
    model, numbers = pack_config(config)
    return Layer(model=model, configs=(numbers,), chunks=chunks)


def stream_bytes(
    header: Header, config: PyramidConfig, tensors: Mapping[str, QuantizedTensor], forms: Iterable[int] = FORMS
) -> bytes:
    """The `.nerv` file of a fitted clip, with each tensor in the cheapest of some forms."""
    return write_stream(Stream(header=header, layers=(make_layer(config, Chunk(pack(config, tensors, forms))),)))
