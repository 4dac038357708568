"""What a `.nerv` file says of itself, without decoding it and without torch."""

from dataclasses import dataclass

from nervcodec.bitstream.container import read_stream, write_groups
from nervcodec.codec.source import stream_file
from nervcodec.errors import CorruptStream
from nervcodec.models.config import HNeRVConfig
from nervcodec.models.wire import model_name, unpack_config
from nervcodec.picture import VideoFormat


@dataclass(frozen=True, kw_only=True)
class ChunkInfo:
    """One layer of one segment."""

    segment: int
    layer: int
    frames: int
    total_bytes: int
    group_bytes: dict[str, int]
    """Bytes of each tensor group by name."""


@dataclass(frozen=True, kw_only=True)
class StreamInfo:
    """Header, model and rate split of a file."""

    version: int
    video: VideoFormat
    frames: int
    model: str
    config: HNeRVConfig
    file_bytes: int
    header_bytes: int
    """Everything that is in no chunk."""
    chunks: tuple[ChunkInfo, ...]

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
    header = stream.header
    config = unpack_config(header.model, header.config)
    chunks = []
    for chunk in stream.chunks:
        if len(chunk.groups) != len(config.groups):
            raise CorruptStream(f"{len(chunk.groups)} tensor groups where the network has {len(config.groups)}")
        sizes = dict(zip(config.groups, map(len, chunk.groups), strict=True))
        total = len(write_groups(chunk.groups))
        frames = header.segments[chunk.segment]
        chunks.append(
            ChunkInfo(segment=chunk.segment, layer=chunk.layer, frames=frames, total_bytes=total, group_bytes=sizes)
        )
    return StreamInfo(
        version=stream.version,
        video=header.video,
        frames=header.frames,
        model=model_name(config),
        config=config,
        file_bytes=len(data),
        header_bytes=len(data) - sum(chunk.total_bytes for chunk in chunks),
        chunks=tuple(chunks),
    )
