import pytest
import torch

from nervcodec.codec.payload import pack, unpack
from nervcodec.codec.schema import layer_schema
from nervcodec.errors import BitstreamError, CorruptStream, UnsupportedStream
from nervcodec.models.config import HNeRVConfig, model_name
from nervcodec.models.networks import DecoderState, build_decoder
from nervcodec.models.sizing import dnerv_config, hnerv_config

CONFIGS = [hnerv_config(75, 150, 12), dnerv_config(75, 150, 12, (10, 20))]


def random_state(config: HNeRVConfig, frames: int) -> DecoderState:
    torch.manual_seed(0)
    weights = {name: p.detach() for name, p in build_decoder(config).named_parameters()}
    return DecoderState(weights, {name: torch.randn(frames, *shape) for name, shape in config.embeddings.items()})


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
def test_schema_is_the_network(config: HNeRVConfig) -> None:
    schema = layer_schema(config, 7)
    assert len(schema) == len(config.groups)
    specs = [spec for group in schema for spec in group]
    assert sum(torch.Size(spec.shape).numel() for spec in specs if not spec.temporal) == config.parameters
    for name, group in zip(config.groups, schema, strict=True):
        assert all(spec.name.split(".")[0] == name for spec in group)


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
@pytest.mark.parametrize("frames", [1, 5])
def test_a_network_comes_back_nearly(config: HNeRVConfig, frames: int) -> None:
    state = random_state(config, frames)
    result = unpack(config, pack(config, state, bits=8), frames)
    for before, after in ((state.weights, result.weights), (state.embeddings, result.embeddings)):
        assert before.keys() == after.keys()
        for name, tensor in before.items():
            assert tensor.shape == after[name].shape
            assert (tensor - after[name]).abs().max() <= tensor.abs().max() / 127 / 2 * 2 ** (1 / 8) * 1.001


def test_fewer_bits_are_fewer_bytes() -> None:
    state = random_state(CONFIGS[0], 4)
    sizes = [sum(map(len, pack(CONFIGS[0], state, bits))) for bits in (4, 6, 8)]
    assert sizes == sorted(sizes)
    assert sizes[2] < 1.02 * (CONFIGS[0].parameters + 4 * 16 * 6)


def test_groups_of_another_network_are_refused() -> None:
    groups = pack(CONFIGS[0], random_state(CONFIGS[0], 3), 8)
    with pytest.raises(CorruptStream, match="tensor groups"):
        unpack(CONFIGS[1], groups, 3)
    with pytest.raises(BitstreamError):
        unpack(hnerv_config(75, 150, 40), groups, 3)


def test_more_embeddings_than_memory_are_refused_before_they_are_made() -> None:
    with pytest.raises(UnsupportedStream, match="frames in one segment"):
        unpack(CONFIGS[1], (), 1 << 20)
