"""One layer of a file: which file it stands on, its network's description, and a chunk for each segment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.errors import BitstreamError, CorruptStream

MAX_LAYERS = 16
MAX_CONFIG_NUMBERS = 64
DIGEST_BYTES = 8


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A network for the whole video, to be added to what the layers below it give."""

    model: int
    """Wire id of the kind of network."""
    config: tuple[int, ...]
    """The network's description, as numbers that its kind understands."""
    chunks: tuple[tuple[bytes, ...], ...]
    """For each segment the bytes of each of its tensor groups."""


def base_digest(below: bytes | memoryview) -> bytes:
    """What a layer says of the file it was made for: the beginning of the SHA-256 of all bytes before the layer."""
    return sha256(below).digest()[:DIGEST_BYTES]


def write_layer(layer: Layer, digest: bytes) -> bytes:
    """The bytes of a layer; `digest` is the `base_digest` of what lies below, and empty for the base layer."""
    payloads = [write_groups(groups) for groups in layer.chunks]
    writer = ByteWriter()
    writer.raw(digest)
    writer.uint8(layer.model)
    writer.varint(len(layer.config))
    for number in layer.config:
        writer.varint(number)
    for payload in payloads:
        writer.varint(len(payload))
        writer.uint32(crc32(payload))
    writer.checksum()
    for payload in payloads:
        writer.raw(payload)
    return writer.getvalue()


def read_layer(reader: ByteReader, digest: bytes, segments: int) -> Layer:
    """The inverse of `write_layer`.

    Raises TruncatedStream, or CorruptStream where a checksum does not match or another digest stands in the layer.
    """
    start = reader.offset
    found = reader.raw(len(digest), "digest")
    model, config = read_description(reader)
    table = [read_entry(reader) for _ in range(segments)]
    reader.checksum(start, "its description")
    if found != digest:
        raise CorruptStream("belongs to another base")
    chunks = tuple(read_chunk(reader, f"segment {segment}", *entry) for segment, entry in enumerate(table))
    return Layer(model=model, config=config, chunks=chunks)


@contextmanager
def layer_errors(below: int) -> Iterator[None]:
    """Every BitstreamError raised in the block names the layer above so many others, and says that those are intact."""
    try:
        yield
    except BitstreamError as error:
        rest = f"; the layers below still decode with --layers {below}" if below else ""
        raise type(error)(f"layer {below + 1}: {error}{rest}") from error


def read_description(reader: ByteReader) -> tuple[int, tuple[int, ...]]:
    """Wire id and numbers of a network."""
    model = reader.uint8("model")
    return model, tuple(reader.varint("model description") for _ in range(reader.varint("model", MAX_CONFIG_NUMBERS)))


def read_entry(reader: ByteReader) -> tuple[int, int]:
    """Length in bytes and checksum of a chunk."""
    return reader.varint("chunk length"), reader.uint32("chunk checksum")


def read_chunk(reader: ByteReader, what: str, size: int, checksum: int) -> tuple[bytes, ...]:
    """The tensor groups of a chunk.

    Raises CorruptStream when it does not match its checksum.
    """
    payload = reader.raw(size, what)
    if crc32(payload) != checksum:
        raise CorruptStream(f"{what} does not match its checksum")
    return read_groups(payload)


def write_groups(groups: Sequence[bytes]) -> bytes:
    """Tensor groups one after the other, each behind its length."""
    writer = ByteWriter()
    for group in groups:
        writer.varint(len(group))
        writer.raw(group)
    return writer.getvalue()


def read_groups(payload: bytes) -> tuple[bytes, ...]:
    """The inverse of `write_groups`."""
    reader = ByteReader(payload)
    groups = []
    while reader.left:
        groups.append(reader.raw(reader.varint("group length"), "tensor group"))
    return tuple(groups)
