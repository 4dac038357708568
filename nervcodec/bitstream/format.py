"""Header of a `.nerv` file; docs/bitstream.md says the same in words."""

from dataclasses import dataclass
from fractions import Fraction

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.errors import CorruptStream
from nervcodec.picture import CHROMA_FORMATS, MAX_PIXELS, UNSPECIFIED, ColourTags, VideoFormat

MAGIC, PACK_MAGIC = b"NERV", b"NERP"
LEAST_VERSION, LAYERED_VERSION, VERSION = 1, 3, 3
"""Versions from the first to the last are read, the last one is written; the one between is the first with layers."""

MAX_SIDE = 1 << 14  # pixels
MAX_FRAMES = 1 << 20
MAX_RATE = 1 << 31  # numerator and denominator
MAX_SEGMENTS = 1 << 16
MAX_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is true of the whole file."""

    video: VideoFormat
    segments: tuple[int, ...]
    """Frames in each segment, in order of time."""

    @property
    def frames(self) -> int:
        """Frames in the video."""
        return sum(self.segments)


def write_header(header: Header) -> bytes:
    """The header's bytes, without magic, version and checksum."""
    writer = ByteWriter()
    video, colour = header.video, header.video.colour
    for number in (video.width, video.height, *video.frame_rate.as_integer_ratio()):
        writer.varint(number)
    for code in (colour.primaries, colour.transfer, colour.matrix, colour.sample_range):
        writer.uint8(code)
    writer.uint8(CHROMA_FORMATS.index(video.chroma))
    writer.varint(len(header.segments))
    for frames in header.segments:
        writer.varint(frames)
    return writer.getvalue()


def read_header(data: bytes) -> Header:
    """The inverse of `write_header`.

    Raises CorruptStream for what lies outside the limits above.
    """
    reader = ByteReader(data)
    header = Header(video=read_video(reader), segments=read_segments(reader))
    reader.finish("header")
    return header


def check_header(header: Header) -> None:
    """Raises CorruptStream for a header that `read_header` would refuse."""
    read_header(write_header(header))


def read_video(reader: ByteReader) -> VideoFormat:
    """The first part of a header: picture, rate and colour."""
    width = _positive(reader, "width", MAX_SIDE)
    height = _positive(reader, "height", MAX_SIDE)
    if width * height > MAX_PIXELS:
        raise CorruptStream(f"a picture of {width}x{height} is larger than {MAX_PIXELS} pixels")
    frame_rate = Fraction(*(_positive(reader, "frame rate", MAX_RATE) for _ in range(2)))
    colour = ColourTags(
        primaries=reader.uint8("primaries"),
        transfer=reader.uint8("transfer"),
        matrix=reader.uint8("matrix"),
        sample_range=reader.uint8("range"),
    )
    chroma = reader.uint8("chroma format")
    if chroma >= len(CHROMA_FORMATS) or colour.sample_range > UNSPECIFIED:
        raise CorruptStream("the colour description is out of range")
    return VideoFormat(width=width, height=height, frame_rate=frame_rate, colour=colour, chroma=CHROMA_FORMATS[chroma])


def read_segments(reader: ByteReader) -> tuple[int, ...]:
    """The last part of a header: frames in each segment."""
    segments = tuple(
        _positive(reader, "segment", MAX_FRAMES) for _ in range(_positive(reader, "segments", MAX_SEGMENTS))
    )
    if sum(segments) > MAX_FRAMES:
        raise CorruptStream(f"{sum(segments)} frames are more than {MAX_FRAMES}")
    return segments


def _positive(reader: ByteReader, what: str, limit: int) -> int:
    value = reader.varint(what, limit)
    if value == 0:
        raise CorruptStream(f"{what}: zero")
    return value
