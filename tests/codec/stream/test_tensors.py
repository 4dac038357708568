import numpy as np
import pytest

from nervcodec.codec.stream.schema import TensorSpec
from nervcodec.codec.stream.tensors import pack_group, unpack_group
from nervcodec.entropy.forms import CONTEXTS, PER_CHANNEL, PREDICTED
from nervcodec.errors import BitstreamError
from nervcodec.quantization import QuantizedTensor

RNG = np.random.default_rng(0)


def random_symbols(*shape: int, spread: float = 20) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.round(RNG.normal(0, spread, shape)).astype(np.int32)


def drift(frames: int, *shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Rows that change slowly from one to the next."""
    return np.cumsum(
        np.concatenate([random_symbols(1, *shape), random_symbols(frames - 1, *shape, spread=1)]), axis=0
    ).astype(np.int32)


def check_round_trip(specs: list[TensorSpec], tensors: list[QuantizedTensor]) -> bytes:
    data = pack_group(specs, tensors)
    for tensor, result in zip(tensors, unpack_group(specs, data), strict=True):
        np.testing.assert_array_equal(tensor.symbols, result.symbols)
        assert tensor.steps == result.steps
    return data


def test_a_group_comes_back() -> None:
    specs = [TensorSpec("w", (12, 7, 3, 3), False), TensorSpec("b", (12,), False), TensorSpec("z", (4, 4), False)]
    tensors = [
        QuantizedTensor(random_symbols(12, 7, 3, 3), (150,)),
        QuantizedTensor(random_symbols(12, spread=600), (99,)),
        QuantizedTensor(np.zeros((4, 4), np.int32), (0,)),
    ]
    check_round_trip(specs, tensors)


def test_embeddings_that_drift_are_predicted() -> None:
    spec = TensorSpec("content", (30, 4, 3, 5), True)
    data = check_round_trip([spec], [QuantizedTensor(drift(30, 4, 3, 5), (180,))])
    assert data[0] & PREDICTED
    jumpy = check_round_trip([spec], [QuantizedTensor(random_symbols(30, 4, 3, 5), (180,))])
    assert not jumpy[0] & PREDICTED
    assert len(data) < 0.6 * len(jumpy)


def test_channels_get_priors_of_their_own_where_that_pays() -> None:
    spec = TensorSpec("w", (6, 20, 5, 5), False)
    symbols = random_symbols(6, 20, 5, 5) // np.array([1, 2, 4, 8, 16, 30], np.int32).reshape(6, 1, 1, 1)
    assert check_round_trip([spec], [QuantizedTensor(symbols, (150,))])[0] & PER_CHANNEL
    assert not check_round_trip([spec], [QuantizedTensor(random_symbols(6, 20, 5, 5), (150,))])[0] & PER_CHANNEL


def test_steps_for_each_channel() -> None:
    check_round_trip([TensorSpec("w", (5, 3), False)], [QuantizedTensor(random_symbols(5, 3), (1, 2, 3, 4, 255))])


@pytest.mark.parametrize("predicted", [True, False])
def test_contexts_pay_where_activity_is_local(predicted: bool) -> None:
    spec = TensorSpec("difference", (20, 2, 24, 31), True)
    active = np.zeros(spec.shape, np.int32)
    for t in range(20):
        active[t, :, 8:16, t : t + 8] = random_symbols(2, 8, 8, spread=3)
    if predicted:
        active = np.cumsum(active, axis=0, dtype=np.int32)
    data = check_round_trip([spec], [QuantizedTensor(active, (180,))])
    assert data[0] == CONTEXTS | PREDICTED * predicted
    scattered = RNG.permutation(active.ravel()).reshape(spec.shape)
    assert len(data) < 0.7 * len(check_round_trip([spec], [QuantizedTensor(scattered, (180,))]))


@pytest.mark.parametrize("frames", [1, 2])
def test_very_short_clips(frames: int) -> None:
    check_round_trip([TensorSpec("content", (frames, 2, 1, 1), True)], [QuantizedTensor(drift(frames, 2, 1, 1), (7,))])


def test_damage_is_an_error_or_other_symbols_but_nothing_worse() -> None:
    specs = [
        TensorSpec("content", (5, 2, 2, 2), True),
        TensorSpec("w", (4, 3, 3, 3), False),
        TensorSpec("b", (4,), False),
    ]
    data = pack_group(specs, [QuantizedTensor(random_symbols(*spec.shape), (150,)) for spec in specs])
    refused = 0
    for _ in range(3000):
        damaged = bytearray(data[: RNG.integers(len(data) + 1)] if RNG.random() < 0.2 else data)
        for _ in range(RNG.integers(1, 4)):
            if damaged:
                damaged[RNG.integers(len(damaged))] = RNG.integers(256)
        try:
            tensors = unpack_group(specs, bytes(damaged))
        except BitstreamError:
            refused += 1
        else:
            assert [t.symbols.shape for t in tensors] == [spec.shape for spec in specs]
    assert refused > 300
