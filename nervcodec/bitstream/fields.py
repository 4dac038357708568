"""Bounded reading and writing of little-endian fields."""

import struct
from typing import Protocol
from zlib import crc32

from nervcodec.errors import CorruptStream, TruncatedStream

MAX_VARINT = (1 << 35) - 1  # five bytes of seven bits


class ByteWriter:
    """Appends fields to a growing buffer."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def uint8(self, value: int) -> None:
        self._parts.append(struct.pack("<B", value))

    def uint32(self, value: int) -> None:
        self._parts.append(struct.pack("<I", value))

    def varint(self, value: int) -> None:
        """Append an unsigned number, seven bits a byte, lowest first; the high bit says that another byte follows."""
        assert 0 <= value <= MAX_VARINT
        while value > 0x7F:
            self.uint8(value & 0x7F | 0x80)
            value >>= 7
        self.uint8(value)

    def checksum(self) -> None:
        """Append the CRC-32 of what has been written so far."""
        self.uint32(crc32(self.getvalue()))

    def raw(self, data: bytes) -> None:
        self._parts.append(data)

    def getvalue(self) -> bytes:
        return b"".join(self._parts)


class Data(Protocol):
    """A source of fields: bytes, or a file of which only the requested bytes are read."""

    def __len__(self) -> int: ...

    def __getitem__(self, where: slice, /) -> bytes: ...


class ByteReader:
    """Reads fields from data; reading past its end always raises TruncatedStream, which says where."""

    def __init__(self, data: Data, offset: int = 0) -> None:
        self.data = data
        self.offset = offset

    @property
    def left(self) -> int:
        return len(self.data) - self.offset

    def uint8(self, what: str) -> int:
        return int(self._unpack("<B", what))

    def uint32(self, what: str) -> int:
        return int(self._unpack("<I", what))

    def varint(self, what: str, limit: int = MAX_VARINT) -> int:
        """The inverse of ByteWriter.varint.

        Raises CorruptStream above `limit` or when the number could have been written in fewer bytes.
        """
        value, shift = 0, 0
        while True:
            group = self.uint8(what)
            value |= (group & 0x7F) << shift
            shift += 7
            if group < 0x80:
                break
            if shift >= 35:
                raise CorruptStream(f"{what}: a number of more than five bytes at byte {self.offset}")
        if value > limit or (group == 0 and shift > 7):
            raise CorruptStream(f"{what}: {value} is out of range (at most {limit})")
        return value

    def positive(self, what: str, limit: int) -> int:
        """A varint above zero.

        Raises CorruptStream for zero and above `limit`.
        """
        value = self.varint(what, limit)
        if value == 0:
            raise CorruptStream(f"{what}: zero")
        return value

    def raw(self, size: int, what: str) -> bytes:
        start = self.skip(size, what)
        return self.data[start : self.offset]

    def skip(self, size: int, what: str) -> int:
        """Skip `size` bytes, and return the offset at which they begin."""
        if size > self.left:
            raise TruncatedStream(f"{what}: {size} bytes wanted at byte {self.offset}, {self.left} left")
        self.offset += size
        return self.offset - size

    def checksum(self, start: int, what: str) -> None:
        """Read the CRC-32 of all bytes from `start` up to here.

        Raises CorruptStream when it does not match.
        """
        expected = crc32(self.data[start : self.offset])
        if self.uint32(f"{what}: checksum") != expected:
            raise CorruptStream(f"{what} does not match its checksum")

    def finish(self, what: str) -> None:
        """Raises CorruptStream when bytes are left over."""
        if self.left:
            raise CorruptStream(f"{what}: {self.left} bytes too many")

    def _unpack(self, layout: str, what: str) -> int:
        value: int = struct.unpack(layout, self.raw(struct.calcsize(layout), what))[0]
        return value
