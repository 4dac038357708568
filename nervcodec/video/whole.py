"""Check that a file is as long as its own outermost lengths say; FFmpeg shows what is left of a shorter one."""

from collections.abc import Iterator
from io import SEEK_END
from pathlib import Path
from typing import BinaryIO

from nervcodec.errors import VideoError
from nervcodec.video.y4m_size import MAGIC, check_frames

EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
LONGEST_HEAD = 1 << 16
"""Largest size, in bytes, of the EBML header of a Matroska file."""
BOXES = (b"ftyp", b"styp", b"moov", b"wide", b"mdat", b"free", b"skip")
"""Types of boxes that a file of the MP4 family can begin with."""


def check_whole(path: Path, name: str) -> None:
    """Raises VideoError for an MP4 or Matroska file that has been cut short; other files do not state their length."""
    with path.open("rb") as file:
        size = file.seek(0, SEEK_END)
        file.seek(0)
        head = file.read(8)
        if head == MAGIC[:8]:
            file.seek(0)
            check_frames(file, name, size)
        ends = _segment_ends(file) if head[:4] == EBML else _box_ends(file) if head[4:] in BOXES else iter(())
        end = next((end for end in ends if end > size), size)
    if end > size:
        raise VideoError(f"{name}: the file has {size} of {end} bytes; it is damaged or incomplete")


def _box_ends(file: BinaryIO) -> Iterator[int]:
    """Ends of the outermost boxes of an MP4 file, except for a last one without a length."""
    start = 0
    while True:
        file.seek(start)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if len(head) < 8 or length < 8:  # the end, or a last box without a length
            return
        start += length
        yield start


def _segment_ends(file: BinaryIO) -> Iterator[int]:
    """End of the Segment element of a Matroska file, if its size is stated."""
    file.seek(len(EBML))
    head = _ebml_size(file)
    if head is not None and head <= LONGEST_HEAD:
        file.seek(head, 1)
        if file.read(4) == SEGMENT and (length := _ebml_size(file)) is not None:
            yield file.tell() + length


def _ebml_size(file: BinaryIO) -> int | None:
    """The size of an EBML element; None where it is not known."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    extra = 8 - first[0].bit_length()
    value = int.from_bytes(first + file.read(extra), "big") - (1 << 7 * (extra + 1))
    return None if value == (1 << 7 * (extra + 1)) - 1 else value
