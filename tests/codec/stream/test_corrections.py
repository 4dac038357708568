"""Limits of corrections, and what becomes of damaged ones."""

import numpy as np
import pytest

from nervcodec.codec.stream.corrections import MAX_BLOCKS, pack_corrections, unpack_corrections
from nervcodec.corrections import blocks_of
from nervcodec.errors import BitstreamError, CorruptStream, ResourceError, UnsupportedStream
from tests.test_corrections import HEIGHT, WIDTH, corrections


def test_more_blocks_than_a_decoder_holds_are_refused_before_memory_is_taken() -> None:
    with pytest.raises(UnsupportedStream, match="more than this decoder holds"):
        unpack_corrections(pack_corrections(corrections()), MAX_BLOCKS, (2, 1), 2)


def test_corrections_of_which_none_is_sent_are_refused() -> None:
    with pytest.raises(CorruptStream, match="none is sent"):
        unpack_corrections(bytes([100, 100, 0, 0]), 3, (4, 3), 2)


def test_damaged_corrections_do_no_harm() -> None:
    data, rng, refused = pack_corrections(corrections()), np.random.default_rng(0), 0
    for _ in range(300):
        damaged = bytearray(data[: rng.integers(1, len(data) + 1)])
        for _ in range(rng.integers(3)):
            damaged[rng.integers(min(len(damaged), 90))] = rng.integers(256)
        try:
            made = unpack_corrections(bytes(damaged), 3, blocks_of(HEIGHT, WIDTH), 2)
        except (BitstreamError, ResourceError):
            refused += 1
        else:
            assert made is not None
            assert made.extents.max() <= 15
    assert refused > 150
