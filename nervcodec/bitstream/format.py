"""Header of a `.nerv` file; docs/bitstream.md says the same in words."""

from dataclasses import dataclass, replace
from fractions import Fraction

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.bitstream.records import (
    ATTACHED,
    CLOCK,
    CONTENT_LIGHT,
    DEPTH,
    DOMAIN,
    FIRST_OPTIONAL,
    MASTERING,
    MAX_FRAMES,
    MAX_RATIO,
    SAMPLE_ASPECT,
    TIMELINE,
    Attached,
    read_attached,
    read_clock,
    read_depth,
    read_domain,
    read_light,
    read_mastering,
    read_ratio,
    read_records,
    read_timeline,
    write_attached,
    write_clock,
    write_depth,
    write_domain,
    write_light,
    write_mastering,
    write_ratio,
    write_timeline,
)
from nervcodec.errors import CorruptStream, UnsupportedStream
from nervcodec.picture import CHROMA_FORMATS, MAX_PIXELS, SHALLOW, UNSPECIFIED, ColourTags, VideoFormat
from nervcodec.timeline import Clock, Timeline

MAGIC, PACK_MAGIC = b"NERV", b"NERP"
LEAST_VERSION, LAYERED_VERSION, RECORDS_VERSION, SEGMENTED_VERSION, VERSION = 1, 3, 4, 5, 5
"""Versions from the first to the last are read, the last one is written; between are the first with layers, the first
whose header has records, and the first whose segments may have networks of their own."""

MAX_SIDE = 1 << 14  # pixels
MAX_SEGMENTS = 1 << 16
MAX_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is true of the whole file."""

    video: VideoFormat
    segments: tuple[int, ...]
    """Frames in each segment, in order of time."""
    timeline: Timeline | None = None
    """Where the file's frames stand in the video; None means that it has all of them."""
    clock: Clock | None = None
    """When the frames of the video are shown; None means one after the other at its frame rate."""
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
    for number, payload in sorted(_records(header).items()):
        writer.uint8(number)
        writer.varint(len(payload))
        writer.raw(payload)
    return writer.getvalue()


def _records(header: Header) -> dict[int, bytes]:
    """What the header says beyond what every header says, by wire id."""
    video, records = header.video, dict[int, bytes]()
    if header.timeline:
        records[TIMELINE] = write_timeline(header.timeline)
    if header.attached:
        records[ATTACHED] = write_attached(header.attached)
    if video.depth != SHALLOW:
        records[DEPTH] = write_depth(video.depth)
    if video.domain != "rgb":
        records[DOMAIN] = write_domain(video.domain)
    if video.sample_aspect != 1:
        records[SAMPLE_ASPECT] = write_ratio(video.sample_aspect)
    if header.clock:
        records[CLOCK] = write_clock(header.clock)
    if video.mastering:
        records[MASTERING] = write_mastering(video.mastering)
    if video.content_light:
        records[CONTENT_LIGHT] = write_light(video.content_light)
    return records


def read_header(data: bytes, version: int = VERSION) -> Header:
    """The inverse of `write_header`, for a file of some version with layers.

    Raises CorruptStream for what lies outside the limits above, UnsupportedStream for a record that is not known.
    """
    reader = ByteReader(data)
    video, segments = read_video(reader), read_segments(reader)
    records = read_records(reader, MAX_HEADER_BYTES) if version >= RECORDS_VERSION else {}
    reader.finish("header")
    known = {TIMELINE, ATTACHED, DEPTH, DOMAIN} if version >= SEGMENTED_VERSION else {TIMELINE}
    unknown = [number for number in records if number < FIRST_OPTIONAL and number not in known]
    if unknown:
        raise UnsupportedStream(f"record {unknown[0]} of the header is not known to this decoder")
    timeline = read_timeline(records[TIMELINE], sum(segments)) if TIMELINE in records else None
    length = timeline.length if timeline else sum(segments)
    return Header(
        video=replace(
            video,
            depth=read_depth(records[DEPTH]) if DEPTH in records else SHALLOW,
            domain=read_domain(records[DOMAIN]) if DOMAIN in records else "rgb",
            sample_aspect=read_ratio(records[SAMPLE_ASPECT]) if SAMPLE_ASPECT in records else Fraction(1),
            mastering=read_mastering(records[MASTERING]) if MASTERING in records else None,
            content_light=read_light(records[CONTENT_LIGHT]) if CONTENT_LIGHT in records else None,
        ),
        segments=segments,
        timeline=timeline,
        clock=read_clock(records[CLOCK], length) if CLOCK in records else None,
        attached=read_attached(records[ATTACHED]) if ATTACHED in records else None,
    )


def check_header(header: Header) -> None:
    """Raises CorruptStream for a header that `read_header` would refuse, or that is too long."""
    data = write_header(header)
    if len(data) > MAX_HEADER_BYTES:
        raise CorruptStream(f"a header of {len(data)} bytes is longer than {MAX_HEADER_BYTES}")
    read_header(data)


def read_video(reader: ByteReader) -> VideoFormat:
    """The first part of a header: picture, rate and colour."""
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
    """The last part of a header: frames in each segment."""
    segments = tuple(reader.positive("segment", MAX_FRAMES) for _ in range(reader.positive("segments", MAX_SEGMENTS)))
    if sum(segments) > MAX_FRAMES:
        raise CorruptStream(f"{sum(segments)} frames are more than {MAX_FRAMES}")
    return segments
