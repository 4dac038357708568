"""What a `.nerv` file says of itself, without decoding it and without torch."""

from dataclasses import dataclass
from itertools import pairwise

from nervcodec.bitstream.container import layer_ends, read_stream
from nervcodec.bitstream.layer import write_groups
from nervcodec.codec.layers import layer_configs
from nervcodec.codec.source import stream_file
from nervcodec.errors import CorruptStream
from nervcodec.models.config import HNeRVConfig
from nervcodec.models.wire import model_name
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Timeline


@dataclass(frozen=True, kw_only=True)
class ChunkInfo:
    """One segment of one layer."""

    segment: int
    layer: int
    """Index of the layer: 0 is the base."""
    frames: int
    total_bytes: int
    group_bytes: dict[str, int]
    """Bytes of each tensor group by name."""


@dataclass(frozen=True, kw_only=True)
class LayerInfo:
    """One layer."""

    model: str
    config: HNeRVConfig
    total_bytes: int
    """What the file is longer for having it; the header counts as the base's."""


@dataclass(frozen=True, kw_only=True)
class StreamInfo:
    """Header, networks and rate split of a file."""

    version: int
    video: VideoFormat
    frames: int
    timeline: Timeline
    """Where the file's frames stand in the video that was encoded."""
    file_bytes: int
    header_bytes: int
    """Everything that is in no chunk."""
    layers: tuple[LayerInfo, ...]
    """The base layer first."""
    chunks: tuple[ChunkInfo, ...]
    """All segments of the base layer, then all of the next one, and so on."""

    @property
    def model(self) -> str:
        """Of the base layer."""
        return self.layers[0].model

    @property
    def config(self) -> HNeRVConfig:
        """Of the base layer."""
        return self.layers[0].config

    @property
    def bits_per_pixel(self) -> float:
        """8 * file_bytes / (width * height * frames)."""
        return 8 * self.file_bytes / (self.video.width * self.video.height * self.frames)


def probe(path: str) -> StreamInfo:
    """Describe the `.nerv` file at `path`; all checksums are verified, no symbol is decoded.

    Raises VideoError when it cannot be read, BitstreamError when it is damaged.
    """
    with stream_file(path) as data:
        return _describe(data)


def _describe(data: bytes) -> StreamInfo:
    stream = read_stream(data)
    configs = layer_configs(stream)
    chunks = [
        _describe_chunk(index, config, segment, frames, groups)
        for index, (layer, config) in enumerate(zip(stream.layers, configs, strict=True))
        for segment, (frames, groups) in enumerate(zip(stream.header.segments, layer.chunks, strict=True))
    ]
    return StreamInfo(
        version=stream.version,
        video=stream.header.video,
        frames=stream.header.frames,
        timeline=stream.header.times,
        file_bytes=len(data),
        header_bytes=len(data) - sum(chunk.total_bytes for chunk in chunks),
        layers=tuple(
            LayerInfo(model=model_name(config), config=config, total_bytes=end - start)
            for config, (start, end) in zip(configs, pairwise([0, *layer_ends(data)]), strict=True)
        ),
        chunks=tuple(chunks),
    )


def _describe_chunk(layer: int, config: HNeRVConfig, segment: int, frames: int, groups: tuple[bytes, ...]) -> ChunkInfo:
    if len(groups) != len(config.groups):
        raise CorruptStream(f"{len(groups)} tensor groups where the network has {len(config.groups)}")
    sizes = dict(zip(config.groups, map(len, groups), strict=True))
    total = len(write_groups(groups))
    return ChunkInfo(segment=segment, layer=layer, frames=frames, total_bytes=total, group_bytes=sizes)
