"""Corrections of luma against the plain implementation of the document."""

import numpy as np

from nervcodec.codec.stream.corrections import pack_corrections, unpack_corrections
from nervcodec.corrections import Corrections, blocks_of
from tests import plain_corrections
from tests.entropy.test_blocks import blocks

HEIGHT, WIDTH = 27, 21
STEPS = (150, 140)


def corrections() -> Corrections:
    return Corrections(STEPS, *blocks((3, *blocks_of(HEIGHT, WIDTH))))


def test_a_group_of_corrections_is_as_the_document_says() -> None:
    given = corrections()
    data = pack_corrections(given)
    steps, made = plain_corrections.decode(data, 3, *blocks_of(HEIGHT, WIDTH), levels=2)
    assert tuple(steps) == STEPS
    sent = list(zip(*map(list, np.nonzero(given.extents)), strict=True))
    assert sorted(made) == sent
    np.testing.assert_array_equal([made[place] for place in sent], given.symbols)
    back = unpack_corrections(data, 3, blocks_of(HEIGHT, WIDTH), 2)
    assert back is not None
    assert back.steps == STEPS
    np.testing.assert_array_equal(back.extents, given.extents)
    np.testing.assert_array_equal(back.symbols, given.symbols)


def test_luma_is_as_the_document_says() -> None:
    given = corrections()
    _, made = plain_corrections.decode(pack_corrections(given), 3, *blocks_of(HEIGHT, WIDTH), levels=2)
    for frame, level in ((2, 1), (0, 0)):
        own = given.luma(frame, level, HEIGHT, WIDTH)
        assert own.shape == (1, HEIGHT, WIDTH)
        plain = plain_corrections.luma(STEPS[level], made, frame, HEIGHT, WIDTH)
        assert np.abs(plain).max() > 0.02
        np.testing.assert_allclose(own[0], plain, atol=1e-5)


def test_no_corrections_take_no_bytes() -> None:
    none = np.zeros((3, 4, 3), np.int32)
    assert pack_corrections(Corrections(STEPS, none, np.zeros((0, 64), np.int32))) == b""
    assert unpack_corrections(b"", 3, (4, 3), 2) is None
