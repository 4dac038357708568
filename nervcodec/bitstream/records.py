"""Contents of the records of a header, which only some files have; `format.RECORDS` gives their numbers."""

import zlib
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby, pairwise

from nervcodec.bitstream.fields import MAX_VARINT, ByteReader, ByteWriter
from nervcodec.errors import CorruptStream, UnsupportedStream
from nervcodec.picture import DEEP, DOMAINS, ContentLight, Domain, MasteringDisplay
from nervcodec.timeline import Clock, Timeline

MAX_FRAMES = 1 << 20
MAX_RATIO = 1 << 31  # numerator and denominator
MAX_CHROMATICITY = MAX_LIGHT = (1 << 16) - 1
MAX_LUMINANCE = (1 << 32) - 1
RAW_DEFLATE = -15
"""zlib's code for a stream without header and checksum, and with a window of 32 KiB."""


@dataclass(frozen=True)
class Attached:
    """The attachment, which lies between the header and the layers."""

    size: int
    """Length of the attachment in bytes."""
    checksum: int
    """CRC-32 of the attachment."""


def read_records(reader: ByteReader, most_bytes: int) -> dict[int, bytes]:
    """Records of a header by number, from the bytes that follow its segments; numbers must increase."""
    records: dict[int, bytes] = {}
    while reader.left:
        number = reader.uint8("record")
        if records and number <= max(records):
            raise CorruptStream(f"record {number} of the header comes after record {max(records)}")
        records[number] = reader.raw(reader.varint("record length", most_bytes), "record")
    return records


def write_timeline(timeline: Timeline) -> bytes:
    """The record of the timeline: frames of the video, then runs of equal gaps from frame to frame."""
    writer = ByteWriter()
    writer.varint(timeline.length)
    for gap, run in groupby(after - before for before, after in pairwise(timeline.positions)):
        writer.varint(len(list(run)))
        writer.varint(gap)
    return writer.getvalue()


def read_timeline(record: bytes, frames: int) -> Timeline:
    """The inverse of `write_timeline`, for a file of `frames` frames."""
    reader = ByteReader(record)
    length = reader.positive("frames of the video", MAX_FRAMES)
    positions, last_gap = [0], 0
    while reader.left:
        count, gap = reader.positive("run", frames), reader.positive("gap", length)
        if len(positions) + count > frames or positions[-1] + count * gap >= length or gap == last_gap:
            raise CorruptStream(f"{count} gaps of {gap} after frame {positions[-1]} of {length}")
        positions += range(positions[-1] + gap, positions[-1] + count * gap + 1, gap)
        last_gap = gap
    if len(positions) != frames or frames == length:
        raise CorruptStream(f"a timeline of {len(positions)} frames for {frames} of {length}")
    return Timeline(tuple(positions), length)


def write_attached(attached: Attached) -> bytes:
    """The record of the attachment."""
    writer = ByteWriter()
    writer.varint(attached.size)
    writer.uint32(attached.checksum)
    return writer.getvalue()


def read_attached(record: bytes) -> Attached:
    """The inverse of `write_attached`."""
    reader = ByteReader(record)
    attached = Attached(reader.positive("attachment", MAX_VARINT), reader.uint32("attachment"))
    reader.finish("attachment")
    return attached


def write_depth(depth: int) -> bytes:
    """The record of the depth."""
    return bytes([depth])


def read_depth(record: bytes) -> int:
    """The inverse of `write_depth`.

    Raises UnsupportedStream for a depth that is not known.
    """
    reader = ByteReader(record)
    depth = reader.uint8("depth")
    reader.finish("depth")
    if depth != DEEP:
        raise UnsupportedStream(f"samples of {depth} bits are not known to this decoder")
    return depth


def write_domain(domain: Domain) -> bytes:
    """The record of the domain."""
    return bytes([DOMAINS.index(domain)])


def read_domain(record: bytes) -> Domain:
    """The inverse of `write_domain`.

    Raises UnsupportedStream for a domain that is not known.
    """
    reader = ByteReader(record)
    number = reader.uint8("domain")
    reader.finish("domain")
    if not 1 <= number < len(DOMAINS):
        raise UnsupportedStream(f"pictures in domain {number} are not known to this decoder")
    return DOMAINS[number]


def write_filters(filters: tuple[tuple[int, ...], ...]) -> bytes:
    """The record of the temporal filter: its strengths in all segments up to one layer after the other."""
    return bytes(strength for layer in filters for strength in layer)


def read_filters(record: bytes, segments: int) -> tuple[tuple[int, ...], ...]:
    """The inverse of `write_filters`, for a file with some number of segments."""
    if not record or len(record) % segments:
        raise CorruptStream(f"{len(record)} strengths of the filter for {segments} segments")
    return tuple(tuple(record[start : start + segments]) for start in range(0, len(record), segments))


def write_clock(clock: Clock) -> bytes:
    """The record of the clock: the time base, the shortest duration, and, deflated, how much longer each frame is."""
    durations = [after - before for before, after in pairwise((*clock.ticks, clock.end))]
    shortest, writer, longer = min(durations), ByteWriter(), ByteWriter()
    if max(durations) > MAX_VARINT:
        raise CorruptStream(f"a frame is shown for {max(durations)} ticks, which is more than {MAX_VARINT}")
    for number in (*clock.time_base.as_integer_ratio(), shortest):
        writer.varint(number)
    for duration in durations:
        longer.varint(duration - shortest)
    squeezed = zlib.compressobj(9, wbits=RAW_DEFLATE)
    writer.raw(squeezed.compress(longer.getvalue()) + squeezed.flush())
    return writer.getvalue()


def read_clock(record: bytes, frames: int) -> Clock:
    """The inverse of `write_clock`, for a video of `frames` frames."""
    reader = ByteReader(record)
    time_base = _ratio(reader, "time base")
    shortest = reader.positive("shortest frame", MAX_VARINT)
    longer = ByteReader(_inflate(reader.raw(reader.left, "durations"), 5 * frames))
    durations = [shortest + longer.varint("duration") for _ in range(frames)]
    longer.finish("durations")
    *ticks, end = accumulate(durations, initial=0)
    return Clock(time_base=time_base, ticks=tuple(ticks), end=end)


def write_ratio(ratio: Fraction) -> bytes:
    """The record of the sample aspect."""
    writer = ByteWriter()
    for number in ratio.as_integer_ratio():
        writer.varint(number)
    return writer.getvalue()


def read_ratio(record: bytes) -> Fraction:
    """The inverse of `write_ratio`."""
    reader = ByteReader(record)
    ratio = _ratio(reader, "sample aspect")
    reader.finish("sample aspect")
    return ratio


def write_mastering(display: MasteringDisplay) -> bytes:
    """The record of the mastering display: x and y of red, green, blue, white, then most and least luminance."""
    writer = ByteWriter()
    for point in (display.red, display.green, display.blue, display.white):
        for coordinate in point:
            writer.varint(coordinate)
    writer.varint(display.max_luminance)
    writer.varint(display.min_luminance)
    return writer.getvalue()


def read_mastering(record: bytes) -> MasteringDisplay:
    """The inverse of `write_mastering`."""
    reader = ByteReader(record)
    coordinates = [reader.varint("chromaticity", MAX_CHROMATICITY) for _ in range(8)]
    most, least = (reader.varint("luminance", MAX_LUMINANCE) for _ in range(2))
    reader.finish("mastering display")
    return MasteringDisplay.of(coordinates, most, least)


def write_light(light: ContentLight) -> bytes:
    """The record of the content light: MaxCLL, then MaxFALL."""
    writer = ByteWriter()
    writer.varint(light.max_content)
    writer.varint(light.max_average)
    return writer.getvalue()


def read_light(record: bytes) -> ContentLight:
    """The inverse of `write_light`."""
    reader = ByteReader(record)
    light = ContentLight(
        max_content=reader.varint("light", MAX_LIGHT),
        max_average=reader.varint("light", MAX_LIGHT),
    )
    reader.finish("content light")
    return light


def _ratio(reader: ByteReader, what: str) -> Fraction:
    return Fraction(*(reader.positive(what, MAX_RATIO) for _ in range(2)))


def _inflate(data: bytes, most_bytes: int) -> bytes:
    inflater = zlib.decompressobj(wbits=RAW_DEFLATE)
    try:
        inflated = inflater.decompress(data, most_bytes + 1)
    except zlib.error as error:
        raise CorruptStream("durations that cannot be inflated") from error
    if len(inflated) > most_bytes or not inflater.eof or inflater.unused_data:
        raise CorruptStream("durations of another number of frames")
    return inflated
