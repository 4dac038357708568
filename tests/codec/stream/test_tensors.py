import numpy as np
import pytest

from nervcodec.codec.stream.schema import TensorSpec
from nervcodec.codec.stream.tensors import pack_group, unpack_group
from nervcodec.entropy.forms import CONTEXTS, FORMS, FORMS_OF_VERSION, MIXED, PER_CHANNEL, PREDICTED, REFERRING
from nervcodec.entropy.networks import networks
from nervcodec.errors import BitstreamError, CorruptStream
from nervcodec.quantization import QuantizedTensor

RNG = np.random.default_rng(0)


def random_symbols(*shape: int, spread: float = 20) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.round(RNG.normal(0, spread, shape)).astype(np.int32)


def drift(frames: int, *shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Rows that change slowly from one to the next."""
    return np.cumsum(
        np.concatenate([random_symbols(1, *shape), random_symbols(frames - 1, *shape, spread=1)]), axis=0
    ).astype(np.int32)


def check_round_trip(specs: list[TensorSpec], tensors: list[QuantizedTensor], forms: tuple[int, ...] = FORMS) -> bytes:
    data = pack_group(specs, tensors, forms)
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
    data = check_round_trip([spec], [QuantizedTensor(drift(30, 4, 3, 5), (180,))], REFERRING)
    assert data[0] & PREDICTED
    jumpy = check_round_trip([spec], [QuantizedTensor(random_symbols(30, 4, 3, 5), (180,))], REFERRING)
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
    data = check_round_trip([spec], [QuantizedTensor(active, (180,))], REFERRING)
    assert data[0] == CONTEXTS | PREDICTED * predicted
    scattered = RNG.permutation(active.ravel()).reshape(spec.shape)
    assert len(data) < 0.7 * len(check_round_trip([spec], [QuantizedTensor(scattered, (180,))], REFERRING))


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


CONTENT = TensorSpec("content", (4, 2, 3, 5), True)
LAST = len(networks()) - 1
WHOLE_RANGE = bytes([MIXED, 180, LAST, 0, 0xFE, 0x03, 96, 0, 255])
"""Side information of a mixed tensor with symbols from -255 to 255."""


def group(side: bytes, spec: TensorSpec = CONTENT) -> QuantizedTensor:
    """The tensor of a group that has side information and four words of symbols."""
    return unpack_group([spec], side + bytes(16))[0]


def test_mixed_embeddings_come_back() -> None:
    for shape in ((30, 4, 3, 5), (1, 1, 1, 1), (2, 1, 9, 1)):
        spec, symbols = TensorSpec("content", shape, True), drift(*shape)
        data = check_round_trip([spec], [QuantizedTensor(symbols, (180,))], (MIXED,))
        low, high = int(symbols.min()) + 255, int(symbols.max() - symbols.min())
        assert data[:3] == bytes([MIXED, 180, data[2]])
        assert data[3:].startswith(varint(low) + varint(high))


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number % 128 + 128, number // 128])


def test_mixed_embeddings_beside_others() -> None:
    specs = [CONTENT, TensorSpec("w", (4, 3, 3, 3), False), CONTENT]
    tensors = [QuantizedTensor(random_symbols(*spec.shape), (150,)) for spec in specs]
    assert check_round_trip(specs, tensors, (0, MIXED))


def test_a_mixed_embedding_of_one_symbol_has_no_stream() -> None:
    data = pack_group([CONTENT], [QuantizedTensor(np.full(CONTENT.shape, 255, np.int32), (180,))], (MIXED,))
    assert data[3:6] == bytes([0xFE, 0x03, 0])
    assert len(data) == 9
    assert (unpack_group([CONTENT], data)[0].symbols == 255).all()
    with pytest.raises(CorruptStream, match="more symbols"):
        unpack_group([CONTENT], data + bytes(16))


@pytest.mark.parametrize("flag", [1, 2, 4, 8, 16, 64, 128])
def test_mixed_goes_with_no_other_flag(flag: int) -> None:
    with pytest.raises(CorruptStream, match="make no sense"):
        group(bytes([MIXED | flag]) + WHOLE_RANGE[1:])


@pytest.mark.parametrize("shape", [(4, 2, 3, 5), (4,)])
def test_weights_are_not_mixed(shape: tuple[int, ...]) -> None:
    with pytest.raises(CorruptStream, match="make no sense"):
        group(WHOLE_RANGE, TensorSpec("w", shape, False))


@pytest.mark.parametrize("version", range(1, 10))
def test_versions_that_have_no_mixed_embeddings(version: int) -> None:
    data = pack_group([CONTENT], [QuantizedTensor(drift(*CONTENT.shape), (180,))], (MIXED,))
    with pytest.raises(CorruptStream, match="make no sense"):
        unpack_group([CONTENT], data, FORMS_OF_VERSION[version])


@pytest.mark.parametrize(
    ("place", "after", "refusal"),
    [
        (2, bytes([LAST + 1, 0, 0]), f"networks {LAST + 1}"),
        (2, bytes([255, 0, 0]), "networks 255"),
        (3, bytes([0xFF, 0x03, 0]), "lowest symbol"),
        (3, bytes([0, 0xFF, 0x03]), "highest symbol"),
        (3, bytes([0xFE, 0x03, 1]), "highest symbol"),
        (3, bytes([0xFD, 0x03, 2]), "highest symbol"),
    ],
)
def test_mixings_out_of_their_limits(place: int, after: bytes, refusal: str) -> None:
    with pytest.raises(CorruptStream, match=refusal):
        group(WHOLE_RANGE[:place] + after + bytes(3))


def test_mixings_at_their_limits() -> None:
    for side in (WHOLE_RANGE, bytes([MIXED, 0, 0, 0xFD, 0x03, 1, 255, 255, 255])):
        spec = TensorSpec("content", (100, 2, 3, 5), True)
        with pytest.raises(CorruptStream, match="contradict"):
            unpack_group([spec], side + bytes([255] * 16))
        for length in range(len(side)):
            with pytest.raises(BitstreamError):
                unpack_group([spec], side[:length])
