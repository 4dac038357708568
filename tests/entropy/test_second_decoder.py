"""Decoders in plain Python that follow docs/bitstream.md, sections 5, 6 and 10, word by word, against the coder."""

import numpy as np
import pytest

from nervcodec.codec.stream.schema import TensorSpec
from nervcodec.codec.stream.tensors import pack_group
from nervcodec.entropy import mixing
from nervcodec.entropy.coder import SymbolEncoder
from nervcodec.entropy.forms import MIXED, Symbols
from nervcodec.entropy.networks import networks
from nervcodec.entropy.priors import Prior
from nervcodec.quantization import QuantizedTensor
from tests import plain_mixing
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


Shape = tuple[int, int, int, int]
RNG = np.random.default_rng(0)


def field(shape: Shape, spread: float) -> Symbols:
    """Symbols that are alike in cells near each other, and more of them in later channels; at most 255."""
    walk = RNG.laplace(0, spread, shape).cumsum(0) + 2 * RNG.normal(0, spread, shape).cumsum(3)
    symbols = np.round(walk * np.arange(1, 1 + shape[1])[:, None, None])
    return np.asarray(np.clip(symbols, -255, 255), np.int32)


def check_mixed(symbols: Symbols, shape: Shape) -> None:
    data = pack_group([TensorSpec("content", shape, True)], [QuantizedTensor(symbols, (77,))], [MIXED])
    assert plain_mixing.decode(data, shape) == (77, symbols.ravel().tolist())


@pytest.mark.parametrize("spread", [0.1, 1, 20])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 1), (1, 2, 5, 6), (2, 1, 1, 7), (3, 3, 8, 1), (4, 2, 2, 2), (3, 1, 7, 9)], ids=str
)
def test_mixed_embeddings_come_back_through_the_document(shape: Shape, spread: float) -> None:
    check_mixed(field(shape, spread), shape)


@pytest.mark.parametrize("value", [-255, -1, 0, 9, 255])
def test_a_mixed_embedding_of_one_symbol(value: int) -> None:
    check_mixed(np.full((2, 1, 3, 3), value, np.int32), (2, 1, 3, 3))


def test_mixed_embeddings_with_the_largest_magnitudes() -> None:
    shape = (3, 1, 5, 5)
    for values in ([-255, 255], [254, 255], [-255, -254, 3], range(-255, 256)):
        check_mixed(RNG.choice(list(values), shape).astype(np.int32), shape)


@pytest.mark.parametrize("index", range(len(networks())))
@pytest.mark.parametrize("activities", [(0, 0, 0), (96, 255, 0), (255, 255, 255)], ids=str)
def test_any_networks_and_activities(index: int, activities: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(symbols: Symbols, sets: object = None) -> tuple[mixing.Mixing, float]:
        return mixing.Mixing(index, int(symbols.min()) - 2, int(symbols.max()) + 1, activities), 0.0

    monkeypatch.setattr("nervcodec.entropy.forms.cheapest_mixing", chosen)
    shape = (3, 2, 5, 4)
    check_mixed(np.clip(field(shape, 3), -100, 100), shape)
