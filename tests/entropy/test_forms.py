from itertools import product

import numpy as np
import pytest

from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder, Symbols
from nervcodec.entropy.forms import (
    CONTEXTS,
    FORMS,
    PER_CHANNEL,
    PLAIN,
    REFERS,
    STANDALONE,
    allowed,
    cheapest_form,
    class_count,
    decode_residual,
    encode_residual,
    residual,
    restored,
)

RNG = np.random.default_rng(0)


def burst(frames: int, channels: int, height: int, width: int) -> Symbols:
    """Symbols that are active in one corner."""
    spread = np.where(np.add.outer(np.arange(height), np.arange(width)) < (height + width) / 3, 6.0, 0.2)
    return np.round(RNG.laplace(0, 1, (frames, channels, height, width)) * spread).astype(np.int32)


@pytest.mark.parametrize("flags", FORMS)
@pytest.mark.parametrize("shape", [(5, 2, 4, 7), (2, 3, 1, 1), (9, 1, 1, 2)])
def test_every_form_comes_back(flags: int, shape: tuple[int, int, int, int]) -> None:
    symbols, reference, temporal = burst(*shape), burst(*shape), not flags & REFERS
    form = cheapest_form(symbols, temporal, [flags], reference)
    assert form.flags == flags
    assert len(form.priors) == class_count(shape, temporal, flags)
    encoder = SymbolEncoder()
    encode_residual(encoder, residual(symbols, flags, reference), temporal, form)
    decoder = SymbolDecoder(encoder.getvalue())
    coded = decode_residual(decoder, shape, temporal, flags, form.priors)
    decoder.finish()
    np.testing.assert_array_equal(restored(coded, flags, reference), symbols)


def test_what_is_nearly_the_same_is_coded_as_differences() -> None:
    reference = burst(9, 3, 4, 5)
    symbols = reference + (RNG.random(reference.shape) < 0.02)
    form = cheapest_form(symbols, False, reference=reference)
    assert form.flags & REFERS
    assert form.bits < 0.3 * cheapest_form(symbols, False).bits
    assert not cheapest_form(symbols, False, reference=burst(9, 3, 4, 5)).flags & REFERS


def test_parts_of_contexts_are_those_of_the_document() -> None:
    symbols = burst(3, 2, 4, 5)
    classes = cheapest_form(symbols, True, [CONTEXTS]).classes
    assert (classes[0] == 0).all()

    def magnitude(t: int, c: int, y: int, x: int) -> int:
        return abs(int(symbols[t, c, y, x])) if 0 <= y < 4 and 0 <= x < 5 else 0

    for t, c, y, x in product(range(1, 3), range(2), range(4), range(5)):
        cross = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        corners = product((y - 1, y + 1), (x - 1, x + 1))
        p = 4 * magnitude(t - 1, c, y, x) + 2 * sum(magnitude(t - 1, c, *at) for at in cross)
        p += sum(magnitude(t - 1, c, *at) for at in corners)
        white = (y + x) % 2
        n = p + 4 * sum(magnitude(t, c, *at) for at in cross) if white else 2 * p
        assert classes[t, c, y, x] == 1 + min(n.bit_length(), 9) + 10 * white


def test_contexts_pay_where_magnitudes_have_neighbours() -> None:
    symbols = burst(12, 2, 20, 30)
    form = cheapest_form(symbols, True)
    assert form.flags == CONTEXTS
    assert form.bits < 0.8 * cheapest_form(symbols, True, PLAIN).bits


def test_which_forms_a_tensor_may_have() -> None:
    def forms(shape: tuple[int, ...], temporal: bool, refers: bool = False) -> list[int]:
        return [flags for flags in range(64) if allowed(shape, temporal, flags, refers=refers)]

    assert forms((4, 2, 3, 3), True) == sorted(STANDALONE)
    assert forms((1, 2, 3, 3), True) == [0, PER_CHANNEL]
    assert forms((8, 2, 3, 3), False) == [0, PER_CHANNEL]
    assert forms((8, 2, 3, 3), False, True) == [0, PER_CHANNEL, REFERS, REFERS | PER_CHANNEL]
    assert forms((8,), False) == [0]
    assert forms((8,), False, True) == [0, REFERS]


def test_estimated_bits_are_the_bytes() -> None:
    symbols = burst(40, 2, 40, 80)
    for flags in STANDALONE:
        form, encoder = cheapest_form(symbols, True, [flags]), SymbolEncoder()
        encode_residual(encoder, residual(symbols, flags), True, form)
        assert 8 * len(encoder.getvalue()) == pytest.approx(form.bits - 16 * len(form.priors), rel=0.002)
