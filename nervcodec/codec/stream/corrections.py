"""Codes the corrections of a chunk: side information, then one range-coded stream."""

from nervcodec.bitstream.fields import ByteReader, ByteWriter
from nervcodec.codec.stream.tensors import read_priors, write_priors
from nervcodec.corrections import Corrections
from nervcodec.entropy.blocks import (
    COEFFICIENT_CLASSES,
    EXTENT_CLASSES,
    LARGEST_EXTENT,
    decode_blocks,
    encode_blocks,
    priors_of,
)
from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder
from nervcodec.errors import CorruptStream, UnsupportedStream
from nervcodec.memory import check_memory
from nervcodec.quantization import LARGEST_SYMBOL

MAX_BLOCKS = 1 << 28
"""Most blocks of all frames between the frames of a segment."""
BLOCK_BYTES = 12
"""Bytes of memory that the extent of a block takes while it is decoded."""


def pack_corrections(corrections: Corrections) -> bytes:
    """The group of a chunk that holds corrections; no bytes if all of them are zero."""
    if not corrections.extents.any():
        return b""
    writer, encoder = ByteWriter(), SymbolEncoder()
    priors = priors_of(corrections.extents, corrections.symbols)
    writer.raw(bytes(corrections.steps))
    for own in priors:
        write_priors(writer, own)
    encode_blocks(encoder, corrections.extents, corrections.symbols, *priors)
    writer.raw(encoder.getvalue())
    return writer.getvalue()


def unpack_corrections(data: bytes, frames: int, blocks: tuple[int, int], levels: int) -> Corrections | None:
    """The inverse of `pack_corrections`, for a number of frames, of blocks down and across each of them, and of levels.

    Raises TruncatedStream or CorruptStream, UnsupportedStream for more blocks than this decoder holds, and
    ResourceError if the memory does not hold them.
    """
    if not data:
        return None
    if frames * blocks[0] * blocks[1] > MAX_BLOCKS:
        raise UnsupportedStream(f"corrections of {frames} frames are more than this decoder holds")
    check_memory(BLOCK_BYTES * frames * blocks[0] * blocks[1], "decoding corrections")
    reader = ByteReader(data)
    steps = tuple(reader.raw(levels, "steps"))
    extent_priors = read_priors(reader, EXTENT_CLASSES, LARGEST_EXTENT)
    if not extent_priors[0].magnitude:
        raise CorruptStream("corrections of which none is sent")
    coefficient_priors = read_priors(reader, COEFFICIENT_CLASSES, LARGEST_SYMBOL)
    decoder = SymbolDecoder(reader.raw(reader.left, "symbols"))
    extents, symbols = decode_blocks(decoder, (frames, *blocks), extent_priors, coefficient_priors)
    decoder.finish()
    return Corrections(steps, extents, symbols)
