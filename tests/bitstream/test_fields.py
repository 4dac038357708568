import pytest

from nervcodec.bitstream.fields import MAX_VARINT, ByteReader, ByteWriter
from nervcodec.errors import CorruptStream, TruncatedStream


def test_fields_come_back() -> None:
    writer = ByteWriter()
    writer.uint8(255)
    writer.uint32(2**32 - 1)
    writer.raw(b"abc")
    reader = ByteReader(writer.getvalue())
    assert (reader.uint8("a"), reader.uint32("b"), reader.raw(3, "c")) == (255, 2**32 - 1, b"abc")
    reader.finish("all")


@pytest.mark.parametrize(("value", "size"), [(0, 1), (127, 1), (128, 2), (16383, 2), (16384, 3), (MAX_VARINT, 5)])
def test_varints(value: int, size: int) -> None:
    writer = ByteWriter()
    writer.varint(value)
    assert len(writer.getvalue()) == size
    assert ByteReader(writer.getvalue()).varint("n") == value


@pytest.mark.parametrize("data", [b"\x80\x00", b"\xff\xff\xff\xff\xff\x01", b"\x81\x80\x80\x00"])
def test_varints_have_one_spelling(data: bytes) -> None:
    with pytest.raises(CorruptStream):
        ByteReader(data).varint("n")


def test_limits_and_ends_have_names() -> None:
    with pytest.raises(CorruptStream, match="frames: 5 is out of range"):
        ByteReader(b"\x05").varint("frames", 4)
    with pytest.raises(TruncatedStream, match="tail: 9 bytes wanted at byte 1, 2 left"):
        ByteReader(b"abc", 1).raw(9, "tail")
    with pytest.raises(TruncatedStream, match="count"):
        ByteReader(b"").varint("count")
    with pytest.raises(CorruptStream, match="1 bytes too many"):
        ByteReader(b"a").finish("file")
