"""Sections of a file that are read, and checked, only when they are looked at."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar, overload
from zlib import crc32

from nervcodec.bitstream.fields import ByteReader
from nervcodec.errors import CorruptStream

T = TypeVar("T")


class Stored(Sequence[T], Generic[T]):
    """A sequence whose items are read one by one, each when it is looked at."""

    def __init__(self, read: Callable[[int], T], count: int) -> None:
        self._read, self._count = read, count

    @staticmethod
    def skip(reader: ByteReader, parts: Iterable[tuple[int, int, str]]) -> "Stored[bytes]":
        """Skip some sections, each given by its length in bytes, its CRC-32 and its name.

        Raises TruncatedStream; reading an item raises CorruptStream when it does not match its checksum.
        """
        data = reader.data
        found = [(reader.skip(size, what), size, checksum, what) for size, checksum, what in parts]

        def read(index: int) -> bytes:
            start, size, checksum, what = found[index]
            payload = data[start : start + size]
            if crc32(payload) != checksum:
                raise CorruptStream(f"{what} does not match its checksum")
            return payload

        return Stored(read, len(found))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...

    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        places = range(self._count)[index]
        return [self._read(place) for place in places] if isinstance(places, range) else self._read(places)
