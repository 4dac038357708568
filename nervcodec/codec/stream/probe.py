"""Describes a `.nerv` file without decoding it and without torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nervcodec.bitstream.container import layer_ends, read_stream
from nervcodec.bitstream.fields import Data
from nervcodec.bitstream.format import Header
from nervcodec.bitstream.layer import Chunk, write_groups
from nervcodec.codec.stream.file import stream_file
from nervcodec.codec.stream.layers import group_names, layer_configs
from nervcodec.errors import CorruptStream
from nervcodec.models.catalogue import model_name
from nervcodec.models.config import PyramidConfig
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Clock, Timeline


@dataclass(frozen=True, kw_only=True)
class ChunkInfo:
    """Description of a chunk: one segment of one layer."""

    segment: int
    layer: int
    """Index of the layer: 0 is the base."""
    frames: int
    total_bytes: int
    group_bytes: dict[str, int]
    """Bytes of each tensor group by name; empty if the layer adds nothing to the segment."""
    network: int
    """Index of the chunk's network in the `configs` of its layer."""
    follows: bool
    """Whether decoding the chunk needs the segment before it."""


@dataclass(frozen=True, kw_only=True)
class LayerInfo:
    """Description of one layer."""

    model: str
    configs: tuple[PyramidConfig, ...]
    """Different networks of the layer; each chunk has one of them."""
    parameters: int
    """Number of weights in all segments together, not counting embeddings."""
    total_bytes: int
    """Bytes that the layer adds to the file; the base includes the header and the attachments."""


@dataclass(frozen=True, kw_only=True)
class StreamInfo:
    """Header, networks and rate split of a file."""

    version: int
    video: VideoFormat
    frames: int
    timeline: Timeline
    """Positions of the file's frames in the video that was encoded."""
    grouped: bool
    """Whether the other frames of the video are made along the motion between the file's, and shown with them."""
    filters: tuple[tuple[int, ...], ...]
    """Strength of the temporal filter up to each layer, in each segment; 0 and layers without strengths mean none."""
    clock: Clock | None
    """Times at which the frames of the video are shown; None means evenly at its frame rate."""
    file_bytes: int
    header_bytes: int
    """Bytes of the file outside chunks and attachments."""
    attached_bytes: int
    """Bytes of the attachments: sound, subtitles, chapters and titles."""
    layers: tuple[LayerInfo, ...]
    """Descriptions of all layers, the base first."""
    chunks: tuple[ChunkInfo, ...]
    """Descriptions of all chunks: all segments of the base layer, then all of the next layer, and so on."""

    @property
    def model(self) -> str:
        """Name of the model of the base layer."""
        return self.layers[0].model

    @property
    def config(self) -> PyramidConfig:
        """The first network of the base layer."""
        return self.layers[0].configs[0]

    @property
    def bits_per_pixel(self) -> float:
        """Bits per pixel of the file, not counting attachments."""
        return self.video.bits_per_pixel(self.file_bytes - self.attached_bytes, self.shown)

    @property
    def shown(self) -> int:
        """Number of frames that are shown unless other times are asked for."""
        return self.timeline.length if self.grouped else self.frames


def probe(path: str) -> StreamInfo:
    """Describe the `.nerv` file at `path`; verifies all checksums, but decodes no symbol.

    Raises VideoError when it cannot be read, BitstreamError when it is damaged.
    """
    with stream_file(path) as data:
        return _describe(data)


def _describe(data: Data) -> StreamInfo:
    stream, ends = read_stream(data), layer_ends(data)
    networks = layer_configs(stream)
    chunks = [
        _describe_chunk(index, configs, segment, stream.header, chunk)
        for index, (layer, configs) in enumerate(zip(stream.layers, networks, strict=True))
        for segment, chunk in enumerate(layer.chunks)
    ]
    attached = sum(map(len, stream.attachments))
    return StreamInfo(
        version=stream.version,
        video=stream.header.video,
        frames=stream.header.frames,
        timeline=stream.header.times,
        grouped=stream.header.grouped,
        filters=stream.header.filters,
        clock=stream.header.clock,
        file_bytes=len(data),
        header_bytes=len(data) - attached - sum(chunk.total_bytes for chunk in chunks),
        attached_bytes=attached,
        layers=tuple(
            LayerInfo(
                model=model_name(configs[0]),
                configs=tuple(configs),
                parameters=sum(configs[chunk.network].parameters for chunk in layer.chunks if chunk.groups),
                total_bytes=end - start,
            )
            for layer, configs, (start, end) in zip(stream.layers, networks, pairwise([0, *ends]), strict=True)
        ),
        chunks=tuple(chunks),
    )


def _describe_chunk(
    layer: int, configs: Sequence[PyramidConfig], segment: int, header: Header, chunk: Chunk
) -> ChunkInfo:
    names = group_names(configs[chunk.network], header, segment) if chunk.groups else ()
    if len(chunk.groups) != len(names):
        raise CorruptStream(f"{len(chunk.groups)} tensor groups where the network has {len(names)}")
    return ChunkInfo(
        segment=segment,
        layer=layer,
        frames=header.segments[segment],
        total_bytes=len(write_groups(chunk.groups)),
        group_bytes=dict(zip(names, map(len, chunk.groups), strict=True)),
        network=chunk.network,
        follows=chunk.follows,
    )
