"""Opening a `.nerv` file or a pack, and naming it in what is said about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nervcodec.bitstream.fields import Data
from nervcodec.bitstream.format import MAGIC, PACK_MAGIC
from nervcodec.errors import BitstreamError, VideoError

MAX_PIPED_BYTES = 1 << 31
"""Of what cannot be sought in, what lies beyond is not read."""


class FileData:
    """The bytes of a file, of which only what is asked for is read."""

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
        try:
            yield data
        except BitstreamError as error:
            raise type(error)(f"{path}: {error}") from error


def _data(file: BinaryIO) -> Data:
    """All of a file, up to its magic if that is of another kind; what cannot be sought in is read."""
    magic = file.read(len(MAGIC))
    if magic not in (MAGIC, PACK_MAGIC):
        return magic
    if not file.seekable():
        return magic + file.read(MAX_PIPED_BYTES)
    return FileData(file, file.seek(0, 2))
