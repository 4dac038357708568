"""The range coder: the only door to constriction."""

from collections.abc import Iterable, Sequence

import constriction
import numpy as np
from numpy.typing import NDArray

from nervcodec.entropy.priors import Prior, frequencies
from nervcodec.errors import CorruptStream

Symbols = NDArray[np.int32]
WORD = np.dtype("<u4")


def encode_symbols(parts: Iterable[tuple[Symbols, Prior]]) -> bytes:
    """One range-coded stream of all parts in order; each part flat, int32, within its prior's magnitude."""
    encoder = constriction.stream.queue.RangeEncoder()
    for symbols, prior in parts:
        if prior.magnitude:
            encoder.encode(symbols + np.int32(prior.magnitude), _model(prior))
    data: bytes = encoder.get_compressed().astype(WORD).tobytes()
    return data


def decode_symbols(data: bytes, parts: Sequence[tuple[int, Prior]]) -> list[Symbols]:
    """The inverse of `encode_symbols`; each part is given as the number of its symbols and its prior.

    Raises CorruptStream when the bytes are no such stream. Most damage goes unnoticed here: check a CRC first.
    """
    if len(data) % WORD.itemsize:
        raise CorruptStream(f"{len(data)} bytes of coded symbols are no whole number of words")
    decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(data, WORD).astype(np.uint32))
    decoded = []
    try:
        for count, prior in parts:
            if prior.magnitude:
                decoded.append(decoder.decode(_model(prior), count) - np.int32(prior.magnitude))
            else:
                decoded.append(np.zeros(count, np.int32))
    except (AssertionError, ValueError) as error:
        raise CorruptStream("the coded symbols contradict their tables") from error
    if not decoder.maybe_exhausted():
        raise CorruptStream("more symbols are coded than the network has")
    return decoded


def _model(prior: Prior) -> constriction.stream.model.Categorical:
    return constriction.stream.model.Categorical(frequencies(prior), perfect=False)
