from itertools import product

import numpy as np
import pytest

from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder, Symbols
from nervcodec.entropy.forms import (
    CONTEXTS,
    FORMS,
    FORMS_OF_VERSION,
    MIXED,
    MIXING_BITS,
    PER_CHANNEL,
    PLAIN,
    PREDICTED,
    PRIOR_BITS,
    REFERRING,
    REFERS,
    STANDALONE,
    allowed,
    cheapest_form,
    class_count,
    decode_residual,
    encode_residual,
    fitted_form,
    residual,
    restored,
)

RNG = np.random.default_rng(0)


def burst(frames: int, channels: int, height: int, width: int) -> Symbols:
    """Symbols that are active in one corner."""
    spread = np.where(np.add.outer(np.arange(height), np.arange(width)) < (height + width) / 3, 6.0, 0.2)
    return np.round(RNG.laplace(0, 1, (frames, channels, height, width)) * spread).astype(np.int32)


SHAPES = [(5, 2, 4, 7), (2, 3, 1, 1), (9, 1, 1, 2)]


@pytest.mark.parametrize("flags", REFERRING)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_form_with_classes_comes_back(flags: int, shape: tuple[int, int, int, int]) -> None:
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


@pytest.mark.parametrize("shape", SHAPES)
def test_the_mixed_form_comes_back(shape: tuple[int, int, int, int]) -> None:
    symbols, encoder = burst(*shape), SymbolEncoder()
    form = cheapest_form(symbols, True, [MIXED])
    assert (form.flags, form.priors, form.classes.size) == (MIXED, (), 0)
    assert form.mixing
    encode_residual(encoder, residual(symbols, MIXED), True, form)
    decoder = SymbolDecoder(encoder.getvalue())
    coded = decode_residual(decoder, shape, True, MIXED, form.priors, form.mixing)
    decoder.finish()
    np.testing.assert_array_equal(restored(coded, MIXED), symbols)


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
    form = cheapest_form(symbols, True, REFERRING)
    assert form.flags == CONTEXTS
    assert form.bits < 0.8 * cheapest_form(symbols, True, PLAIN).bits


def test_cells_are_mixed_where_they_go_on_as_their_neighbours() -> None:
    t, y, x = np.indices((12, 20, 30))
    waves = 6 * np.sin((x + 0.7 * t) / 2.3 + y / 5)[:, None]
    smooth = np.round(waves + RNG.laplace(0, 0.4, waves.shape)).astype(np.int32)
    form = cheapest_form(smooth, True)
    assert form.flags == MIXED
    assert form.bits < 0.97 * cheapest_form(smooth, True, REFERRING).bits
    few = np.full((1, 1, 1, 2), 3, np.int32)
    assert cheapest_form(few, True).flags == 0
    assert cheapest_form(100 * smooth, True).flags in REFERRING


def test_which_forms_a_tensor_may_have() -> None:
    def forms(shape: tuple[int, ...], temporal: bool, refers: bool = False) -> list[int]:
        return [flags for flags in range(64) if allowed(shape, temporal, flags, refers=refers)]

    assert forms((4, 2, 3, 3), True) == [*sorted(STANDALONE), MIXED]
    assert forms((1, 2, 3, 3), True) == [0, PER_CHANNEL, MIXED]
    assert forms((8, 2, 3, 3), False) == [0, PER_CHANNEL]
    assert forms((8, 2, 3, 3), False, True) == [0, PER_CHANNEL, REFERS, REFERS | PER_CHANNEL]
    assert forms((8,), False) == [0]
    assert forms((8,), False, True) == [0, REFERS]


def test_which_forms_a_version_of_the_format_has() -> None:
    assert [sorted(FORMS_OF_VERSION[version]) for version in range(1, 11)] == [
        [0, 1, 2, 3],
        *[[0, 1, 2, 3, 8, 9]] * 3,
        *[[0, 1, 2, 3, 8, 9, 16, 18]] * 5,
        [0, 1, 2, 3, 8, 9, 16, 18, 32],
    ]
    assert FORMS_OF_VERSION[10] == FORMS


def test_estimated_bits_are_the_bytes() -> None:
    symbols = burst(40, 2, 40, 80)
    for flags in (*STANDALONE, MIXED):
        form, encoder = cheapest_form(symbols, True, [flags]), SymbolEncoder()
        encode_residual(encoder, residual(symbols, flags), True, form)
        side = PRIOR_BITS * len(form.priors) + MIXING_BITS * (flags == MIXED)
        assert 8 * len(encoder.getvalue()) == pytest.approx(form.bits - side, rel=0.002)


@pytest.mark.parametrize("flags", [0, PREDICTED, CONTEXTS, MIXED])
def test_a_form_with_some_flags_is_the_cheapest_with_them(flags: int) -> None:
    symbols = burst(9, 3, 4, 5)
    form, again = cheapest_form(symbols, True, [flags]), fitted_form(symbols, True, flags)
    assert again is not None
    assert (again.kind, again.bits) == (form.kind, form.bits)


def test_symbols_that_are_too_large_have_no_mixed_form() -> None:
    assert fitted_form(1000 * burst(9, 3, 4, 5), True, MIXED) is None
