"""Header of a `.nerv` file, as docs/bitstream.md describes it in words."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from operator import attrgetter
from typing import Any

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.bitstream.records import (
    MAX_FRAMES,
    MAX_RATIO,
    Attached,
    read_attached,
    read_clock,
    read_depth,
    read_domain,
    read_filters,
    read_light,
    read_mastering,
    read_ratio,
    read_records,
    read_timeline,
    write_attached,
    write_clock,
    write_depth,
    write_domain,
    write_filters,
    write_light,
    write_mastering,
    write_ratio,
    write_timeline,
)
from nervcodec.bitstream.ways import BY_LEVELS, WAYS, read_way, write_way
from nervcodec.errors import CorruptStream, UnsupportedStream
from nervcodec.picture import CHROMA_FORMATS, MAX_PIXELS, UNSPECIFIED, ColourTags, VideoFormat
from nervcodec.timeline import Clock, Playback, Timeline

MAGIC, PACK_MAGIC = b"NERV", b"NERP"
LEAST_VERSION, LAYERED_VERSION, RECORDS_VERSION, SEGMENTED_VERSION, GROUPED_VERSION, FILTERED_VERSION, VERSION = (
    1,
    3,
    4,
    5,
    7,
    8,
    10,
)
"""Versions of the format: the first that is read, the first with layers, the first whose header has records, the first
whose segments may have networks of their own, the first whose frames may be in groups, the first whose frames may be
filtered, and the last that is read, which is written (its embeddings may be mixed; from version 9 on frames of groups
may be corrected, from version 6 on attachments may have a clock of their own)."""

MAX_SIDE = 1 << 14  # pixels
MAX_SEGMENTS = 1 << 16
MAX_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Header:
    """Properties of the whole file."""

    video: VideoFormat
    segments: tuple[int, ...]
    """Number of frames in each segment, in order of time."""
    timeline: Timeline | None = None
    """Positions of the file's frames in the video; None means that the file has all frames of the video."""
    way: int = 0
    """Way in which the frames of the video that the file does not hold are made between those that it holds, and shown
    with them (`nervcodec.bitstream.ways.WAYS`); 0 means that they are not shown."""
    filters: tuple[tuple[int, ...], ...] = ()
    """Strength of the temporal filter (`nervcodec.temporal_filter`) up to each layer, in each segment; 0 and layers
    without strengths mean none."""
    clock: Clock | None = None
    """Times at which the frames of the video are shown; None means at equal intervals, by its frame rate."""
    attached: Attached | None = None
    """The attachment, filled in when a stream is written."""

    @property
    def frames(self) -> int:
        """Number of frames in the file."""
        return sum(self.segments)

    @property
    def grouped(self) -> bool:
        """Whether frames between those of the file are frames of the video like them."""
        return self.way > 0

    def positions(self, segment: int) -> tuple[int, ...]:
        """Positions in the video of the file's frames in a segment."""
        first = self._starts[segment]
        return self.times.positions[first : first + self.segments[segment]]

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        """Number of the first frame of each segment, in frames of the file."""
        return tuple(accumulate(self.segments, initial=0))

    def corrected(self, segment: int) -> tuple[int, ...]:
        """Positions of the frames of a segment for which its chunks hold corrections: those between its frames."""
        if self.way != BY_LEVELS:
            return ()
        held = self.positions(segment)
        return tuple(sorted({*range(held[0], held[-1])}.difference(held)))

    @property
    def playback(self) -> Playback:
        """The times that are shown unless others are asked for."""
        return Playback(all_times=self.grouped)

    @property
    def shown(self) -> int:
        """Number of frames that are shown unless other times are asked for."""
        return self.times.length if self.grouped else self.frames

    @property
    def times(self) -> Timeline:
        """Positions of the file's frames in the video, also for a file that has all of them."""
        return self.timeline or Timeline.every(1, self.frames)


@dataclass(frozen=True)
class HeaderRecord:
    """A record of the header, for something that most videos do not have."""

    number: int
    """Wire id; a decoder skips a record with an id that it does not know if the id is at least FIRST_OPTIONAL."""
    field: str
    """Attribute of Header, or `video.` and an attribute of its VideoFormat; written where it is not the default."""
    write: Callable[[Any], bytes]
    read: Callable[[bytes, Header], Any]
    """The inverse of `write`; the header that it takes has the contents of all records with lower numbers."""
    since: int = RECORDS_VERSION
    """The first version of the format that has the record."""


FIRST_OPTIONAL = 128
RECORDS = (
    HeaderRecord(1, "timeline", write_timeline, lambda data, header: read_timeline(data, header.frames)),
    HeaderRecord(2, "attached", write_attached, lambda data, _: read_attached(data), SEGMENTED_VERSION),
    HeaderRecord(3, "video.depth", write_depth, lambda data, _: read_depth(data), SEGMENTED_VERSION),
    HeaderRecord(4, "video.domain", write_domain, lambda data, _: read_domain(data), SEGMENTED_VERSION),
    HeaderRecord(
        5, "way", write_way, lambda data, header: read_way(data, header.timeline, header.segments), GROUPED_VERSION
    ),
    HeaderRecord(
        6, "filters", write_filters, lambda data, header: read_filters(data, len(header.segments)), FILTERED_VERSION
    ),
    HeaderRecord(128, "video.sample_aspect", write_ratio, lambda data, _: read_ratio(data)),
    HeaderRecord(129, "clock", write_clock, lambda data, header: read_clock(data, header.times.length)),
    HeaderRecord(130, "video.mastering", write_mastering, lambda data, _: read_mastering(data)),
    HeaderRecord(131, "video.content_light", write_light, lambda data, _: read_light(data)),
)
"""Records of a header in the order of their numbers, which is also that of the file."""
DEFAULTS = {field.name: field.default for kind in (Header, VideoFormat) for field in fields(kind)}


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
    for record in RECORDS:
        value = attrgetter(record.field)(header)
        if value != DEFAULTS[record.field.rpartition(".")[2]]:
            payload = record.write(value)
            writer.uint8(record.number)
            writer.varint(len(payload))
            writer.raw(payload)
    return writer.getvalue()


def read_header(data: bytes, version: int = VERSION) -> Header:
    """The inverse of `write_header`, for a file of a version with layers.

    Raises CorruptStream for values outside the limits of the format, UnsupportedStream for a record that is not known.
    """
    reader = ByteReader(data)
    header = Header(video=read_video(reader), segments=read_segments(reader))
    payloads = read_records(reader, MAX_HEADER_BYTES) if version >= RECORDS_VERSION else {}
    reader.finish("header")
    known = [record for record in RECORDS if version >= record.since]
    for number in sorted(payloads.keys() - {record.number for record in known}):
        if number < FIRST_OPTIONAL:
            raise UnsupportedStream(f"record {number} of the header is not known to this decoder")
    for record in known:
        if record.number in payloads:
            header = _with(header, record.field, record.read(payloads[record.number], header))
    if header.way not in (0, *WAYS[: max(version - GROUPED_VERSION + 1, 0)]):
        raise UnsupportedStream(f"frames between made in way {header.way} are not known in version {version}")
    return header


def _with(header: Header, field: str, value: Any) -> Header:
    """A copy of a header with another value of an attribute, which is named as in `HeaderRecord.field`."""
    owner, _, name = field.rpartition(".")
    return replace(header, video=replace(header.video, **{name: value})) if owner else replace(header, **{name: value})


def check_header(header: Header) -> None:
    """Raises CorruptStream for a header that `read_header` would refuse, or that is too long."""
    data = write_header(header)
    if len(data) > MAX_HEADER_BYTES:
        raise CorruptStream(f"a header of {len(data)} bytes is longer than {MAX_HEADER_BYTES}")
    read_header(data)


def read_video(reader: ByteReader) -> VideoFormat:
    """The first fields of a header: picture, rate and colour."""
    width = reader.positive("width", MAX_SIDE)
    height = reader.positive("height", MAX_SIDE)
    if width * height > MAX_PIXELS:
        raise CorruptStream(f"a picture of {width}x{height} is larger than {MAX_PIXELS} pixels")
    frame_rate = Fraction(*(reader.positive("frame rate", MAX_RATIO) for _ in range(2)))
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
    """The last fields of a header before its records: the number of frames in each segment."""
    segments = tuple(reader.positive("segment", MAX_FRAMES) for _ in range(reader.positive("segments", MAX_SEGMENTS)))
    if sum(segments) > MAX_FRAMES:
        raise CorruptStream(f"{sum(segments)} frames are more than {MAX_FRAMES}")
    return segments
