"""Separation of a file into its layers and joining of them, byte by byte."""

from nervcodec.bitstream.container import described, layer_ends, read_stream
from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.bitstream.format import LAYERED_VERSION, PACK_MAGIC, SEGMENTED_VERSION
from nervcodec.bitstream.layer import DIGEST_BYTES, MAX_LAYERS, base_digest
from nervcodec.errors import CorruptStream, RequestError, UnsupportedStream


def first_layers(data: bytes, count: int) -> bytes:
    """The file of the first `count` layers of a file; what follows them may be damaged.

    Raises BitstreamError as `read_stream` does, and RequestError for more layers than the file has.
    """
    return data[: layer_ends(data, count)[-1]]


def cut_pack(data: bytes, first: int, last: int | None = None) -> bytes:
    """The pack of layers `first` to `last` of a file, counted from 1 and both included; without `last`, up to the end.

    Raises BitstreamError as `read_stream` does, and RequestError for layers that the file does not have, or the base.
    """
    if first < 2:
        raise RequestError("a pack begins with layer 2 or above; layer 1 is the base of all others")
    if last is not None and last < first:
        raise RequestError(f"layers {first} to {last} are none")
    ends = layer_ends(data, last)
    if first > len(ends):
        raise RequestError(f"layer {first} is asked for, the file ends with layer {len(ends)}")
    return write_pack(first, data[ends[first - 2] : ends[-1]], _layers_version(data))


def join_pack(data: bytes, pack: bytes) -> bytes:
    """The inverse of `cut_pack`: the file `data` and, on top of it, the layers of a pack; all of it is checked.

    Raises BitstreamError for a pack that is damaged or made for another file.
    """
    first, layers, version = read_pack(pack)
    stream = read_stream(data)
    if stream.version < LAYERED_VERSION:
        raise UnsupportedStream(f"a file of format version {stream.version} has one layer and takes no pack")
    if first != len(stream.layers) + 1:
        raise CorruptStream(f"the pack begins with layer {first}, the file ends with layer {len(stream.layers)}")
    below = described(data) if version == SEGMENTED_VERSION else data
    same = version == _layers_version(data)
    if not same or ByteReader(layers).raw(DIGEST_BYTES, "digest") != base_digest(below):
        raise CorruptStream("the pack belongs to another base")
    joined = data + layers
    read_stream(joined)
    return joined


def _layers_version(data: bytes) -> int:
    """The version of the format that introduced the layout of a file's layers."""
    return SEGMENTED_VERSION if data[len(PACK_MAGIC)] >= SEGMENTED_VERSION else LAYERED_VERSION


def write_pack(first: int, layers: bytes, version: int) -> bytes:
    """The bytes of a pack: layers as they are in their file; `first` is the number of the first one, counted from 1.

    version: the version of the format that introduced the layout of the layers.
    """
    writer = ByteWriter()
    writer.raw(PACK_MAGIC)
    writer.uint8(version)
    writer.varint(first - 1)
    writer.checksum()
    writer.raw(layers)
    return writer.getvalue()


def read_pack(data: bytes) -> tuple[int, bytes, int]:
    """The inverse of `write_pack`; the layers themselves can be checked on their base only.

    Raises UnsupportedStream, TruncatedStream or CorruptStream.
    """
    reader = ByteReader(data)
    if reader.raw(min(len(PACK_MAGIC), reader.left), "magic") != PACK_MAGIC:
        raise UnsupportedStream("not an enhancement pack")
    version = reader.uint8("format version")
    if version not in (LAYERED_VERSION, SEGMENTED_VERSION):
        raise UnsupportedStream(f"a pack of format version {version} is not known to this decoder")
    first = reader.varint("number of the first layer", MAX_LAYERS - 1) + 1
    reader.checksum(0, "the pack's header")
    if first < 2:
        raise CorruptStream("a pack of the base layer")
    return first, reader.raw(reader.left, "layers"), version
