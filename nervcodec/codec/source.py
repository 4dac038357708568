"""Opening a `.nerv` file or a pack, and naming it in what is said about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nervcodec.bitstream.format import MAGIC, PACK_MAGIC
from nervcodec.errors import BitstreamError, VideoError

MAX_FILE_BYTES = 1 << 31
"""What lies beyond is not read; 2^28 weights at most take less."""


@contextmanager
def stream_file(path: str) -> Iterator[bytes]:
    """The bytes of a file; every BitstreamError raised in the block begins with its path.

    Raises VideoError when the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(len(MAGIC))
            if data in (MAGIC, PACK_MAGIC):
                data += file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise VideoError(f"{path}: {error.strerror}") from error
    try:
        yield data
    except BitstreamError as error:
        raise type(error)(f"{path}: {error}") from error
