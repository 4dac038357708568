"""One layer of a file: the digest of what lies below, descriptions of its networks, and a chunk for each segment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.bitstream.stored import Stored
from nervcodec.errors import BitstreamError, CorruptStream

MAX_LAYERS = 16
MAX_CONFIG_NUMBERS = 64
DIGEST_BYTES = 8
MAX_FOLLOWING = 63
"""Most chunks of a chain that follow its first one, which follows none."""


@dataclass(frozen=True)
class Chunk:
    """One layer of one segment, as tensor groups."""

    groups: tuple[bytes, ...]
    """Tensor groups of the segment's network; without any, a layer above the base adds nothing to the segment."""
    network: int = 0
    """Index of the network's description among those of the layer."""
    follows: bool = False
    """Whether the chunk may refer to that of the segment before, whose network is the same."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Networks of one layer for the whole video, whose output is added to that of the layers below."""

    model: int
    """Wire id of the kind of network."""
    configs: tuple[tuple[int, ...], ...]
    """Descriptions of networks, as numbers whose meaning depends on their kind."""
    chunks: Sequence[Chunk]
    """One chunk for each segment."""


@dataclass(frozen=True)
class Entry:
    """The entry of a chunk in the table of its layer."""

    size: int
    """Length of the chunk in bytes."""
    checksum: int
    network: int = 0
    follows: bool = False


def base_digest(below: bytes) -> bytes:
    """The digest in a layer of the file it was made for: the first bytes of the SHA-256 of what describes that file."""
    return sha256(below).digest()[:DIGEST_BYTES]


def write_layer(layer: Layer, digest: bytes) -> tuple[bytes, bytes]:
    """The description of a layer and its chunks, which follow it in the file.

    digest: the `base_digest` of what lies below, empty for the base layer.
    """
    payloads = [write_groups(chunk.groups) for chunk in layer.chunks]
    writer = ByteWriter()
    writer.raw(digest)
    writer.uint8(layer.model)
    writer.varint(len(layer.configs))
    for config in layer.configs:
        writer.varint(len(config))
        for number in config:
            writer.varint(number)
    for chunk, payload in zip(layer.chunks, payloads, strict=True):
        writer.varint(len(payload))
        writer.uint32(crc32(payload))
        writer.varint(2 * chunk.network + chunk.follows)
    writer.checksum()
    return writer.getvalue(), b"".join(payloads)


def read_layer(reader: ByteReader, digest: bytes, segments: int) -> tuple[Layer, bytes]:
    """The inverse of `write_layer`: the layer, whose chunks are read when they are looked at, and its description.

    Raises TruncatedStream, or CorruptStream where a checksum does not match or the layer has another digest.
    """
    start = reader.offset
    found = reader.raw(len(digest), "digest")
    model, configs = read_description(reader, segments)
    table = [read_entry(reader) for _ in range(segments)]
    reader.checksum(start, "its description")
    described = reader.data[start : reader.offset]
    if found != digest:
        raise CorruptStream("belongs to another base")
    check_table(table, configs, is_base=not digest)
    return Layer(model=model, configs=configs, chunks=stored_chunks(reader, table)), described


@contextmanager
def layer_errors(below: int) -> Iterator[None]:
    """Name the layer above `below` others in every BitstreamError of the block; say that the layers below decode."""
    try:
        yield
    except BitstreamError as error:
        rest = f"; the layers below still decode with --layers {below}" if below else ""
        raise type(error)(f"layer {below + 1}: {error}{rest}") from error


def read_description(reader: ByteReader, most: int) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """Wire id of a layer's kind of network, and the numbers of each of its networks, at most `most`."""
    model, count = reader.uint8("model"), reader.varint("networks", most)
    return model, tuple(read_config(reader) for _ in range(count))


def read_config(reader: ByteReader) -> tuple[int, ...]:
    """The numbers that describe a network."""
    return tuple(reader.varint("model description") for _ in range(reader.varint("model", MAX_CONFIG_NUMBERS)))


def read_entry(reader: ByteReader) -> Entry:
    """The next entry of the table of chunks."""
    size, checksum = reader.varint("chunk length"), reader.uint32("chunk checksum")
    network, follows = divmod(reader.varint("network of a chunk"), 2)
    return Entry(size, checksum, network, bool(follows))


def check_table(table: Sequence[Entry], configs: Sequence[tuple[int, ...]], *, is_base: bool) -> None:
    """Raises CorruptStream for a table of chunks that contradicts itself or the layer."""
    following = 0
    for segment, entry in enumerate(table):
        following = following + 1 if entry.follows else 0
        if following > MAX_FOLLOWING:
            raise CorruptStream(f"segment {segment} is the {following}th to follow another")
        if entry.network >= len(configs):
            raise CorruptStream(f"segment {segment}: network {entry.network} of {len(configs)}")
        if not entry.size and (is_base or entry.follows):
            raise CorruptStream(f"segment {segment}: its chunk is empty")
        if entry.follows and segment and (not table[segment - 1].size or table[segment - 1].network != entry.network):
            raise CorruptStream(f"segment {segment} cannot follow one of another network")


def stored_chunks(reader: ByteReader, table: Sequence[Entry]) -> Stored[Chunk]:
    """Skip the chunks of a table, which are read, and checked, when they are looked at."""
    payloads = Stored.skip(reader, [(e.size, e.checksum, f"segment {n}") for n, e in enumerate(table)])
    return Stored(lambda n: Chunk(read_groups(payloads[n]), table[n].network, table[n].follows), len(table))


def write_groups(groups: Sequence[bytes]) -> bytes:
    """The bytes of tensor groups one after the other, each preceded by its length."""
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
