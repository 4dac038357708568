"""Copying standard input to a file, which can be read more than once."""

from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from nervcodec.errors import VideoError
from nervcodec.files import replacing
from nervcodec.video.y4m_size import FRAME, LONGEST_LINE, frame_bytes, incomplete, read_line

STANDARD_INPUT = "standard input"


def spool(path: Path, stop: int | None, source: BinaryIO | None = None) -> str:
    """Copy y4m on standard input, or of another stream, to a file, up to frame `stop`; the digest of what was copied.

    Raises VideoError for input that is empty, no y4m or cut short, OSError where the copy cannot be written.
    """
    if source is None:
        with open(0, "rb", closefd=False) as source:
            return spool(path, stop, source)
    header = source.readline(LONGEST_LINE)
    if not header:
        raise VideoError(f"{STANDARD_INPUT} is empty: give y4m, such as ffmpeg -i video.mp4 -f yuv4mpegpipe -")
    size, digest, number = frame_bytes(header, STANDARD_INPUT), sha256(header), 0
    with replacing(path) as temporary, temporary.open("wb") as target:
        target.write(header)
        while number != stop and (line := read_line(source, STANDARD_INPUT)):
            number += 1
            samples = source.read(size)
            if not line.startswith(FRAME) or len(samples) < size:
                raise incomplete(STANDARD_INPUT, number, len(samples), size)
            for data in (line, samples):
                digest.update(data)
                target.write(data)
    return digest.hexdigest()
