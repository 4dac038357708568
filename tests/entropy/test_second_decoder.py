"""A decoder in plain Python that follows docs/bitstream.md, sections 5 and 6, word by word, against the coder."""

import numpy as np
import pytest

from nervcodec.entropy.coder import SymbolEncoder
from nervcodec.entropy.priors import Prior
from tests.plain_coder import RangeDecoder, boundaries, frequencies

pytestmark = pytest.mark.usefixtures("each_library")


@pytest.mark.parametrize(
    "prior", [Prior(7, 0, 32), Prior(90, 1, 50, 30), Prior(127, 1, 5), Prior(600, 0, 81), Prior(1, 0, 0)]
)
def test_symbols_come_back_through_the_document(prior: Prior) -> None:
    rng = np.random.default_rng(prior.magnitude)
    left = boundaries(frequencies(prior.magnitude, prior.family, prior.scale, prior.spike))
    for count in (1, 2, 3, 5, 700):
        spread = rng.normal(0, prior.magnitude / 3, count)
        symbols = np.clip(np.round(spread), -prior.magnitude, prior.magnitude).astype(np.int32)
        encoder = SymbolEncoder()
        encoder.encode(symbols, prior)
        decoder = RangeDecoder(encoder.getvalue())
        assert [decoder.decode(left) - prior.magnitude for _ in range(count)] == symbols.tolist()
