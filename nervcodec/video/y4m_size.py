"""How long the frames of a y4m stream are, by its header, so that one that ends early is noticed."""

import re
from typing import BinaryIO

from nervcodec.errors import VideoError

MAGIC, FRAME = b"YUV4MPEG2", b"FRAME"
LONGEST_LINE = 1 << 12
"""Bytes of a header line at most."""
CHROMA = {"420": (2, 2), "411": (4, 1), "422": (2, 1), "444": (1, 1)}
"""Width and height of the pixels that share a sample of colour, by the first three characters of the colour space."""


def frame_bytes(header: bytes, name: str) -> int:
    """Bytes of the samples of each frame after a header line.

    Raises VideoError for a line that is no header of y4m, or names a colour space that is not known.
    """
    words = header.decode("ascii", "replace").split()
    fields = {word[0]: word[1:] for word in words[1:]}
    if not header.startswith(MAGIC) or not (fields.get("W", "").isdigit() and fields.get("H", "").isdigit()):
        raise VideoError(f"{name} is not y4m: it does not begin with YUV4MPEG2 and a size")
    width, height, space = int(fields["W"]), int(fields["H"]), fields.get("C", "420")
    found = re.fullmatch(r"(420|411|422|444|mono)(?:jpeg|mpeg2|paldv|alpha)?(?:p?(9|10|12|14|16))?", space)
    if found is None:
        raise VideoError(f"{name}: y4m of the colour space {space} is not known")
    samples = width * height
    if found[1] != "mono":
        across, down = CHROMA[found[1]]
        samples += 2 * -(-width // across) * -(-height // down)
    if space.startswith("444alpha"):
        samples += width * height
    return samples * (2 if found[2] else 1)


def read_line(file: BinaryIO, name: str) -> bytes:
    """A header line with its end; empty at the end of the stream.

    Raises VideoError for a line that is cut short or too long.
    """
    line = file.readline(LONGEST_LINE)
    if line and not line.endswith(b"\n"):
        raise VideoError(f"{name}: y4m that ends within a header line; it is damaged or incomplete")
    return line


def check_frames(file: BinaryIO, name: str, end: int) -> None:
    """Raises VideoError for a y4m file, of `end` bytes and read from its start, whose last frame is cut short."""
    size, number = frame_bytes(read_line(file, name), name), 0
    while line := read_line(file, name):
        number += 1
        start = file.tell()
        if not line.startswith(FRAME) or start + size > end:
            raise incomplete(name, number, min(end - start, size), size)
        file.seek(start + size)


def incomplete(name: str, number: int, found: int, size: int) -> VideoError:
    """What is said of a frame, counted from 1, that is cut short."""
    return VideoError(f"{name}: frame {number} has {found} of {size} bytes; the y4m is damaged or incomplete")
