"""Opening a `.nerv` file, and naming it in what is said about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nervcodec.errors import BitstreamError, VideoError


@contextmanager
def stream_file(path: str) -> Iterator[bytes]:
    """The bytes of a file; every BitstreamError raised in the block begins with its path.

    Raises VideoError when the file cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise VideoError(f"{path}: {error.strerror}") from error
    try:
        yield data
    except BitstreamError as error:
        raise type(error)(f"{path}: {error}") from error
