"""Forms of tensors: most divide symbols into classes with a prior each, by prediction, channels, contexts.

A *form* is a set of flags. Without any flag, a tensor is one class. The residual is what is coded: the symbols, or
their differences to the row before, or to a reference. With contexts, the class of a symbol follows from the magnitudes
of residuals that are already known: the same place in the row before and its eight neighbours, and, for the white cells
of a checkerboard (He et al., CVPR 2021), the four black cells around them. The choice of neighbours and weights is
ours; see docs/experiments.md. In the mixed form each cell has a law of its own (`nervcodec.entropy.mixing`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder
from nervcodec.entropy.fitting import cheapest_priors, coded_bits, count_symbols
from nervcodec.entropy.mixing import Mixing, cheapest_mixing, decode_cells, encode_cells
from nervcodec.entropy.priors import Prior

Symbols = NDArray[np.int32]
Classes = NDArray[np.int32]

PREDICTED = 1
"""Flag for rows of differences to the row before; the first row is a class of its own."""
PER_CHANNEL = 2
"""Flag for a class of its own for each channel."""
CONTEXTS = 8
"""Flag for classes that follow from the magnitudes around each cell; the first row is a class of its own."""
REFERS = 16
"""Flag for differences to the symbols of the segment before in the same place, in the same steps."""
MIXED = 32
"""Flag for a law of its own for each cell, mixed from the cells around it (`nervcodec.entropy.mixing`)."""

PLAIN = (0,)
"""The form with one prior for a tensor, as near as this coder comes to one table of Huffman codes."""
STANDALONE = (0, PREDICTED, PER_CHANNEL, PREDICTED | PER_CHANNEL, CONTEXTS, PREDICTED | CONTEXTS)
"""Forms of a tensor that refers to no other tensor."""
REFERRING = (*STANDALONE, REFERS, REFERS | PER_CHANNEL)
FORMS = (*REFERRING, MIXED)
FORMS_OF_VERSION = (
    {1: STANDALONE[:4]} | dict.fromkeys(range(2, 5), STANDALONE) | dict.fromkeys(range(5, 10), REFERRING) | {10: FORMS}
)
"""The forms that each version of the file format has."""
CLASSES = 10
"""Number of classes of each colour with contexts: the class is the bit length of the weighted sum of magnitudes, the
last one also for longer sums."""
BIT_LENGTHS = np.array([total.bit_length() for total in range(1 << CLASSES - 1)], np.int32)
"""Bit length of each sum; a larger sum counts as the last one."""
PRIOR_BITS = 16
MIXING_BITS = 48
"""Bits of a mixing in the file, less those of a magnitude, which a mixed tensor does not have."""
MAX_HISTOGRAM = 1 << 24
"""Most cells in the histograms of all classes; a form that needs more is not tried."""


Kind = tuple[int, int | None]
"""The flags of a form, and the index of its networks if it is mixed."""


@dataclass(frozen=True)
class Form:
    """A form with which one tensor is coded."""

    flags: int
    classes: Classes
    """Index of the class of each symbol, in the shape of the tensor."""
    priors: tuple[Prior, ...]
    """Prior of each class; all have the same magnitude."""
    bits: float
    """Ideal length of symbols and priors, in bits."""
    mixing: Mixing | None = None
    """What a mixed form has in place of classes and priors."""

    @property
    def kind(self) -> Kind:
        """What is left of the form without what is fitted to symbols."""
        return self.flags, self.mixing.networks if self.mixing else None


def allowed(shape: tuple[int, ...], temporal: bool, flags: int, *, refers: bool = False) -> bool:
    """Whether a tensor can have a form; `temporal` if its first axis is time and its second channels, `refers` if there
    is another tensor that it may refer to."""
    if flags not in FORMS or (flags & REFERS and not refers):
        return False
    flags &= ~REFERS
    if flags & MIXED:
        return temporal
    if flags & (PREDICTED | CONTEXTS):
        return temporal and shape[0] > 1
    return len(shape) > 1 or not flags


def class_count(shape: tuple[int, ...], temporal: bool, flags: int) -> int:
    """Number of classes of a form."""
    if flags & CONTEXTS:
        return 1 + 2 * CLASSES
    rows = 2 if flags & PREDICTED else 1
    return rows * (shape[int(temporal)] if flags & PER_CHANNEL else 1)


def cheapest_form(
    symbols: Symbols, temporal: bool, choices: Iterable[int] = FORMS, reference: Symbols | None = None
) -> Form:
    """The form among the choices that codes a tensor in the fewest bits."""
    refers = reference is not None
    possible = [flags for flags in choices if allowed(symbols.shape, temporal, flags, refers=refers)]
    forms = [fitted_form(symbols, temporal, flags, reference) for flags in possible]
    return min((form for form in forms if form), key=lambda form: form.bits)


def fitted_form(symbols: Symbols, temporal: bool, flags: int, reference: Symbols | None = None) -> Form | None:
    """The form with some flags that codes a tensor in the fewest bits; None where its magnitudes are too large."""
    coded = residual(symbols, flags, reference)
    if flags & MIXED:
        found = cheapest_mixing(coded)
        return found and mixed_form(*found)
    count = class_count(coded.shape, temporal, flags)
    if count * (2 * int(np.abs(coded).max()) + 1) > MAX_HISTOGRAM and flags:
        return None
    classes = _classes(coded, temporal, flags)
    counts = count_symbols(coded, classes, count)
    priors = cheapest_priors(counts)
    return Form(flags, classes, tuple(priors), coded_bits(counts, priors) + PRIOR_BITS * count)


def mixed_form(mixing: Mixing, bits: float) -> Form:
    """The form of a tensor whose symbols take some bits with a mixing."""
    return Form(MIXED, np.zeros(0, np.int32), (), bits + MIXING_BITS, mixing)


def residual(symbols: Symbols, flags: int, reference: Symbols | None = None) -> Symbols:
    """The residual of a tensor's symbols, which is what is coded."""
    if flags & REFERS and reference is not None:
        return symbols - reference
    return np.diff(symbols, axis=0, prepend=np.zeros_like(symbols[:1])) if flags & PREDICTED else symbols


def restored(coded: Symbols, flags: int, reference: Symbols | None = None) -> Symbols:
    """The inverse of `residual`."""
    if flags & REFERS and reference is not None:
        return coded + reference
    return np.cumsum(coded, axis=0, dtype=np.int32) if flags & PREDICTED else coded


def encode_residual(encoder: SymbolEncoder, coded: Symbols, temporal: bool, form: Form) -> None:
    """Put a residual into a stream, class after class, or with contexts, which need the rows before, row after row."""
    if form.mixing:
        encode_cells(encoder, coded, form.mixing)
    elif form.flags & CONTEXTS:
        for indices in _waves(form.classes):
            encoder.encode(coded.ravel()[indices], form.priors[form.classes.ravel()[indices[0]]])
    else:
        for view, prior in zip(_views(coded, temporal, form.flags), form.priors, strict=True):
            encoder.encode(view.ravel(), prior)


def decode_residual(
    decoder: SymbolDecoder,
    shape: tuple[int, ...],
    temporal: bool,
    flags: int,
    priors: tuple[Prior, ...],
    mixing: Mixing | None = None,
) -> Symbols:
    """The inverse of `encode_residual`."""
    if mixing:
        return decode_cells(decoder, shape, mixing)
    coded = np.zeros(shape, np.int32)
    if not flags & CONTEXTS:
        for view, prior in zip(_views(coded, temporal, flags), priors, strict=True):
            view[...] = decoder.decode(view.size, prior).reshape(view.shape)
        return coded
    coded[0] = decoder.decode(coded[0].size, priors[0]).reshape(shape[1:])
    for previous, row in pairwise(coded):
        for colour in range(2):
            classes = _context_classes(np.abs(previous), np.abs(row))
            for number in range(1 + colour * CLASSES, 1 + (colour + 1) * CLASSES):
                cells = classes == number
                if cells.any():
                    row[cells] = decoder.decode(int(cells.sum()), priors[number])
    return coded


def _waves(classes: Classes) -> Iterator[NDArray[np.intp]]:
    """Flat indices of the symbols that are coded together: by row, then by class, then in the order of the tensor."""
    rows = np.arange(len(classes)).repeat(classes[0].size)
    keys = rows * (1 + 2 * CLASSES) + classes.ravel()
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    yield from np.split(order, starts[1:])


def _views(coded: Symbols, temporal: bool, flags: int) -> list[Symbols]:
    """The symbols of each class of a tensor without contexts, as slices that can be written to."""
    rows = [coded[:1], coded[1:]] if flags & PREDICTED else [coded]
    if not flags & PER_CHANNEL:
        return rows
    axis = int(temporal)
    return [view for row in rows for view in np.split(row, row.shape[axis], axis=axis)]


def _classes(coded: Symbols, temporal: bool, flags: int) -> Classes:
    if flags & CONTEXTS:
        classes = np.zeros(coded.shape, np.int32)
        magnitudes = np.abs(coded)
        classes[1:] = _context_classes(magnitudes[:-1], magnitudes[1:])
        return classes
    classes = np.zeros(coded.shape, np.int32)
    for index, view in enumerate(_views(classes, temporal, flags)):
        view[...] = index
    return classes


def _context_classes(previous: Symbols, current: Symbols) -> Classes:
    """Classes of cells `[..., h, w]` from magnitudes in the row before and, for white cells, in the black cells of the
    same row."""
    height, width = current.shape[-2:]
    white = (np.arange(height)[:, None] + np.arange(width)) % 2 == 1
    across = 4 * previous + 2 * _beside(previous, 1) + 2 * _beside(previous, 0) + _beside(_beside(previous, 0), 1)
    around = _beside(current, 0) + _beside(current, 1)
    total = np.where(white, across + 4 * around, 2 * across)
    classes: Classes = BIT_LENGTHS[np.minimum(total, len(BIT_LENGTHS) - 1)]
    classes += (1 + CLASSES * white).astype(np.int32)
    return classes


def _beside(cells: Symbols, axis: int) -> Symbols:
    """Sum of the two neighbours of each cell along the height (0) or the width (1), which are zero beyond the edge."""
    spread = np.zeros_like(cells)
    low, high = (np.s_[..., :-1, :], np.s_[..., 1:, :]) if axis == 0 else (np.s_[..., :-1], np.s_[..., 1:])
    spread[high] += cells[low]
    spread[low] += cells[high]
    return spread
