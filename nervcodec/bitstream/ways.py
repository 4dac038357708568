"""The record of groups: how the frames of a video that a file does not hold are made."""

from itertools import accumulate, pairwise

from nervcodec.bitstream.fields import ByteReader
from nervcodec.errors import CorruptStream, UnsupportedStream
from nervcodec.timeline import Timeline

WAYS = (FIRST_WAY, ALONG_MOTION, BY_LEVELS) = (1, 2, 3)
"""Numbers of the ways in which frames between are made: along motion found at the time of each, as in version 7 of the
format; along motion found once between two frames of the file, as in version 8; or level by level, and corrected."""
LONGEST_GROUP = 64
"""Most frames from one of the file to the next, where those between are made level by level, and so kept in memory."""


def write_way(way: int) -> bytes:
    """The record of groups: the way in which frames between are made."""
    return bytes([way])


def read_way(record: bytes, timeline: Timeline | None, segments: tuple[int, ...]) -> int:
    """The inverse of `write_way`, for a file with a timeline and some frames in each segment.

    Raises UnsupportedStream for a way that is not known.
    """
    reader = ByteReader(record)
    way = reader.uint8("groups")
    reader.finish("groups")
    if timeline is None:
        raise CorruptStream("groups need a timeline")
    if way not in WAYS:
        raise UnsupportedStream(f"frames between made in way {way} are not known to this decoder")
    if way == BY_LEVELS:
        _check_groups([after - before for before, after in pairwise(timeline.positions)], segments)
    return way


def _check_groups(gaps: list[int], segments: tuple[int, ...]) -> None:
    """Raises CorruptStream if a group is too long, or lies in two segments."""
    if max(gaps, default=0) > LONGEST_GROUP:
        raise CorruptStream(f"a group of {max(gaps)} frames is longer than {LONGEST_GROUP}")
    if any(gaps[begin - 1] > 1 for begin in accumulate(segments[:-1])):
        raise CorruptStream("a group lies in two segments")
