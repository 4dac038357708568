"""Opening a `.nerv` file or a pack, with its path in every error message."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nervcodec.bitstream.fields import Data
from nervcodec.bitstream.format import MAGIC, PACK_MAGIC
from nervcodec.errors import BitstreamError, VideoError

MAX_PIPED_BYTES = 1 << 31
"""Most bytes that are read from an input in which one cannot seek, such as a pipe."""


class FileData:
    """The bytes of a file; a slice reads only its own bytes."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, where: slice) -> bytes:
        start, stop, _ = where.indices(self._size)
        self._file.seek(start)
        return self._file.read(max(stop - start, 0))


@contextmanager
def stream_file(path: str) -> Iterator[Data]:
    """The bytes of a file; every BitstreamError raised in the block begins with its path.

    Raises VideoError when the file cannot be read.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115, it stays open in the block
    except OSError as error:
        raise VideoError(f"{path}: {error.strerror}") from error
    with file:
        try:
            data = _data(file)
        except OSError as error:
            raise VideoError(f"{path}: {error.strerror}") from error
        with naming(path):
            yield data


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Have every BitstreamError raised in the block begin with a path."""
    try:
        yield
    except BitstreamError as error:
        raise type(error)(f"{path}: {error}") from error


def _data(file: BinaryIO) -> Data:
    """The bytes of a file, read at once if one cannot seek in it; only the magic if the file is of another kind."""
    magic = file.read(len(MAGIC))
    if magic not in (MAGIC, PACK_MAGIC):
        return magic
    if not file.seekable():
        return magic + file.read(MAX_PIPED_BYTES)
    return FileData(file, file.seek(0, 2))
