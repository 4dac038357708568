"""Header of a `.nerv` file; docs/bitstream.md says the same in words."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise

from nervcodec.bitstream.fields import MAX_VARINT, ByteReader, ByteWriter
from nervcodec.errors import CorruptStream, UnsupportedStream
from nervcodec.picture import CHROMA_FORMATS, MAX_PIXELS, UNSPECIFIED, ColourTags, VideoFormat
from nervcodec.timeline import Timeline

MAGIC, PACK_MAGIC = b"NERV", b"NERP"
LEAST_VERSION, LAYERED_VERSION, RECORDS_VERSION, SEGMENTED_VERSION, VERSION = 1, 3, 4, 5, 5
"""Versions from the first to the last are read, the last one is written; between are the first with layers, the first
whose header has records, and the first whose segments may have networks of their own."""
TIMELINE, ATTACHED = 1, 2
"""Wire ids of a header's records; one from FIRST_OPTIONAL on may be passed over by a decoder that does not know it."""
FIRST_OPTIONAL = 128

MAX_SIDE = 1 << 14  # pixels
MAX_FRAMES = 1 << 20
MAX_RATE = 1 << 31  # numerator and denominator
MAX_SEGMENTS = 1 << 16
MAX_HEADER_BYTES = 1 << 20


@dataclass(frozen=True)
class Attached:
    """What lies between the header and the layers."""

    size: int
    """In bytes."""
    checksum: int
    """CRC-32."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is true of the whole file."""

    video: VideoFormat
    segments: tuple[int, ...]
    """Frames in each segment, in order of time."""
    timeline: Timeline | None = None
    """Where the file's frames stand in the video; None means that it has all of them."""
    attached: Attached | None = None
    """Filled in when a stream is written."""

    @property
    def frames(self) -> int:
        """Frames in the file."""
        return sum(self.segments)

    @property
    def times(self) -> Timeline:
        """Where the file's frames stand in the video."""
        return self.timeline or Timeline.every(1, self.frames)


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
    if header.timeline:
        _write_record(writer, TIMELINE, write_timeline(header.timeline))
    if header.attached:
        _write_record(writer, ATTACHED, write_attached(header.attached))
    return writer.getvalue()


def _write_record(writer: ByteWriter, number: int, payload: bytes) -> None:
    writer.uint8(number)
    writer.varint(len(payload))
    writer.raw(payload)


def read_header(data: bytes, version: int = VERSION) -> Header:
    """The inverse of `write_header`, for a file of some version with layers.

    Raises CorruptStream for what lies outside the limits above, UnsupportedStream for a record that is not known.
    """
    reader = ByteReader(data)
    video, segments = read_video(reader), read_segments(reader)
    records = read_records(reader) if version >= RECORDS_VERSION else {}
    reader.finish("header")
    timeline = read_timeline(ByteReader(records.pop(TIMELINE)), sum(segments)) if TIMELINE in records else None
    can_attach = ATTACHED in records and version >= SEGMENTED_VERSION
    attached = read_attached(ByteReader(records.pop(ATTACHED))) if can_attach else None
    unknown = [number for number in records if number < FIRST_OPTIONAL]
    if unknown:
        raise UnsupportedStream(f"record {unknown[0]} of the header is not known to this decoder")
    return Header(video=video, segments=segments, timeline=timeline, attached=attached)


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


def read_records(reader: ByteReader) -> dict[int, bytes]:
    """What follows the segments: records by number, which increases."""
    records: dict[int, bytes] = {}
    while reader.left:
        number = reader.uint8("record")
        if records and number <= max(records):
            raise CorruptStream(f"record {number} of the header comes after record {max(records)}")
        records[number] = reader.raw(reader.varint("record length", MAX_HEADER_BYTES), "record")
    return records


def write_timeline(timeline: Timeline) -> bytes:
    """The record TIMELINE: frames of the video, then runs of equal gaps from frame to frame."""
    writer = ByteWriter()
    writer.varint(timeline.length)
    for gap, run in groupby(after - before for before, after in pairwise(timeline.positions)):
        writer.varint(len(list(run)))
        writer.varint(gap)
    return writer.getvalue()


def read_timeline(reader: ByteReader, frames: int) -> Timeline:
    """The inverse of `write_timeline`, of a file of so many frames."""
    length = _positive(reader, "frames of the video", MAX_FRAMES)
    positions, last_gap = [0], 0
    while reader.left:
        count, gap = _positive(reader, "run", frames), _positive(reader, "gap", length)
        if len(positions) + count > frames or positions[-1] + count * gap >= length or gap == last_gap:
            raise CorruptStream(f"{count} gaps of {gap} after frame {positions[-1]} of {length}")
        positions += range(positions[-1] + gap, positions[-1] + count * gap + 1, gap)
        last_gap = gap
    if len(positions) != frames or frames == length:
        raise CorruptStream(f"a timeline of {len(positions)} frames for {frames} of {length}")
    return Timeline(tuple(positions), length)


def write_attached(attached: Attached) -> bytes:
    """The record ATTACHED."""
    writer = ByteWriter()
    writer.varint(attached.size)
    writer.uint32(attached.checksum)
    return writer.getvalue()


def read_attached(reader: ByteReader) -> Attached:
    """The inverse of `write_attached`."""
    attached = Attached(_positive(reader, "attachment", MAX_VARINT), reader.uint32("attachment"))
    reader.finish("attachment")
    return attached


def _positive(reader: ByteReader, what: str, limit: int) -> int:
    value = reader.varint(what, limit)
    if value == 0:
        raise CorruptStream(f"{what}: zero")
    return value
