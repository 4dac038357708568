"""Codes corrections: the extent of each block from its neighbours' extents, then the coefficients of blocks.

All frames are coded together. Extents go in waves across the picture, in which the blocks to the left and above of
each are known; coefficients go from the lowest frequency to the highest. The class of a symbol, which has a prior of
its own, follows from the symbols around it that are already known (ours, docs/experiments.md).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nervcodec.cosine import COEFFICIENTS, DIAGONAL_OF, DIAGONALS, ORDER
from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder
from nervcodec.entropy.fitting import cheapest_priors, count_symbols
from nervcodec.entropy.priors import Prior
from nervcodec.errors import CorruptStream
from nervcodec.memory import check_memory

Symbols = NDArray[np.int32]
EXTENT_CLASSES = 8
"""Classes of extents: the bit length of a weighted sum of extents around the block."""
LARGEST_EXTENT = -(-DIAGONALS // 2)
"""Largest magnitude of the symbol of an extent."""
REACHES, BANDS = 5, 3
"""Numbers of bit lengths of magnitudes around a coefficient, and of bands of frequencies, that have classes."""
COEFFICIENT_CLASSES = REACHES * 2 * BANDS
AROUND = ((1, 0, 2), (0, 1, 2), (1, 1, 1), (2, 0, 1), (0, 2, 1))
"""Distance down and across to a lower frequency, and its weight in the sum of magnitudes around a coefficient."""
BIT_LENGTHS = np.array([number.bit_length() for number in range(6 * (DIAGONALS + 2))], np.int32)


def priors_of(extents: Symbols, symbols: Symbols) -> tuple[tuple[Prior, ...], tuple[Prior, ...]]:
    """The cheapest priors of the classes of extents `[T, h, w]` and of coefficients `[N, 64]`."""
    of_extents = cheapest_priors(count_symbols(_signed(extents), _extent_classes(extents), EXTENT_CLASSES))
    classes, sent = _coefficient_classes(symbols, extents[extents > 0])
    return tuple(of_extents), tuple(cheapest_priors(count_symbols(symbols[sent], classes[sent], COEFFICIENT_CLASSES)))


def encode_blocks(
    encoder: SymbolEncoder,
    extents: Symbols,
    symbols: Symbols,
    extent_priors: tuple[Prior, ...],
    coefficient_priors: tuple[Prior, ...],
) -> None:
    """Put extents `[T, h, w]` into a stream, then coefficients `[N, 64]` of the blocks whose extent is not 0."""
    signed, classes = _signed(extents), _extent_classes(extents)
    for rows, columns in _waves(*extents.shape[1:]):
        _encode(encoder, signed[:, rows, columns], classes[:, rows, columns], extent_priors)
    sums, sent = _coefficient_classes(symbols, extents[extents > 0])
    for place in range(symbols.shape[1]):
        own = sent[:, place]
        _encode(encoder, symbols[own, place], sums[own, place], coefficient_priors)


def decode_blocks(
    decoder: SymbolDecoder,
    shape: tuple[int, int, int],
    extent_priors: tuple[Prior, ...],
    coefficient_priors: tuple[Prior, ...],
) -> tuple[Symbols, Symbols]:
    """The inverse of `encode_blocks`.

    Raises CorruptStream for an extent of more diagonals than a block has, and ResourceError if the memory does not hold
    the coefficients.
    """
    extents = np.zeros(shape, np.int32)
    bordered = np.zeros((shape[0], shape[1] + 1, shape[2] + 2), np.int32)
    for rows, columns in _waves(*shape[1:]):
        classes = _classes_near(bordered, rows, columns)
        found = _unsigned(_decode(decoder, classes, extent_priors))
        extents[:, rows, columns] = bordered[:, rows + 1, columns + 1] = found
    if extents.max(initial=0) > DIAGONALS:
        raise CorruptStream("a block has more diagonals than there are")
    own = extents[extents > 0]
    check_memory(2 * COEFFICIENTS * own.nbytes, "decoding corrections")
    symbols, magnitudes = np.zeros((2, len(own), COEFFICIENTS), np.int32)
    for place in range(COEFFICIENTS):
        sent = own > DIAGONAL_OF[place]
        classes = _classes_at(magnitudes, own, place)[sent]
        symbols[sent, place] = _decode(decoder, classes, coefficient_priors)
        magnitudes[:, place] = np.abs(symbols[:, place])
    return extents, symbols


def _encode(encoder: SymbolEncoder, symbols: Symbols, classes: Symbols, priors: tuple[Prior, ...]) -> None:
    for number in _present(classes):
        encoder.encode(symbols[classes == number], priors[number])


def _decode(decoder: SymbolDecoder, classes: Symbols, priors: tuple[Prior, ...]) -> Symbols:
    symbols = np.zeros(classes.shape, np.int32)
    for number in _present(classes):
        own = classes == number
        symbols[own] = decoder.decode(int(own.sum()), priors[number])
    return symbols


def _present(classes: Symbols) -> NDArray[np.intp]:
    """Numbers of the classes that occur, in order."""
    return np.flatnonzero(np.bincount(classes.ravel()))  # np.unique would import numpy.ma


def _signed(extents: Symbols) -> Symbols:
    """Extents 0, 1, 2, 3 ... as 0, 1, -1, 2 ..., for which there are laws."""
    return np.where(extents % 2, (extents + 1) // 2, -(extents // 2)).astype(np.int32)


def _unsigned(symbols: Symbols) -> Symbols:
    """The inverse of `_signed`."""
    return np.where(symbols > 0, 2 * symbols - 1, -2 * symbols).astype(np.int32)


def _waves(height: int, width: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows and columns of the blocks that are coded together: those whose 2 y + x is 0, then 1, and so on."""
    wave = 2 * np.arange(height)[:, None] + np.arange(width)
    for number in range(2 * height + width - 2):
        rows, columns = np.nonzero(wave == number)
        yield rows, columns


def _extent_classes(extents: Symbols) -> Symbols:
    bordered = np.pad(extents, ((0, 0), (1, 0), (1, 1)))
    rows, columns = (np.arange(side) for side in extents.shape[1:])
    return _classes_near(bordered, rows[:, None], columns)


def _classes_near(bordered: Symbols, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Symbols:
    """Classes of blocks from the extents to the left, above, above left and above right.

    bordered: extents with a row of zeros above, and a column of zeros on each side.
    """
    beside = bordered[:, rows + 1, columns] + bordered[:, rows, columns + 1]
    total = 2 * beside + bordered[:, rows, columns] + bordered[:, rows, columns + 2]
    classes: Symbols = BIT_LENGTHS[total]
    return classes


def _coefficient_classes(symbols: Symbols, extents: Symbols) -> tuple[Symbols, NDArray[np.bool_]]:
    """Classes of coefficients `[N, 64]` of blocks of given extents, and whether they are sent."""
    magnitudes = np.abs(symbols)
    classes = [_classes_at(magnitudes, extents, place) for place in range(symbols.shape[1])]
    return np.stack(classes, axis=1), extents[:, None] > np.array(DIAGONAL_OF)


def _classes_at(magnitudes: Symbols, extents: Symbols, place: int) -> Symbols:
    """Classes of one coefficient in some blocks, from magnitudes of lower frequencies and from whether it lies on the
    last diagonal that is sent."""
    total, (down, across) = np.zeros(len(magnitudes), np.int32), ORDER[place]
    for further_down, further_across, weight in AROUND:
        lower = (down - further_down, across - further_across)
        if min(lower) >= 0:
            total += weight * magnitudes[:, ORDER.index(lower)]
    reach = np.minimum(BIT_LENGTHS[np.minimum(total, len(BIT_LENGTHS) - 1)], REACHES - 1)
    is_last = extents == DIAGONAL_OF[place] + 1
    classes: Symbols = (reach * 2 + is_last) * BANDS + min(DIAGONAL_OF[place], BANDS - 1)
    return classes
