from dataclasses import replace
from math import prod

import pytest
import torch
from torch import Tensor

from nervcodec.codec.stream.payload import decoder_state, embedding_values, pack, unpack
from nervcodec.codec.stream.schema import layer_schema
from nervcodec.entropy.forms import FORMS, PLAIN
from nervcodec.errors import BitstreamError, CorruptStream, UnsupportedStream
from nervcodec.models.catalogue import model_name
from nervcodec.models.config import PyramidConfig
from nervcodec.models.dnerv.sizing import dnerv_config
from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.networks import build_decoder
from nervcodec.models.sdmn.sizing import sdmn_config
from nervcodec.quantization import QuantizedTensor, dequantize, quantize_to_bits

CONFIGS = [hnerv_config(75, 150, 12), dnerv_config(75, 150, 12, (10, 20))]


def random_tensors(config: PyramidConfig, frames: int) -> dict[str, Tensor]:
    torch.manual_seed(0)
    weights = {name: p.detach() for name, p in build_decoder(config).named_parameters()}
    return weights | {name: torch.randn(frames, *shape) for name, shape in config.embeddings.items()}


def at_bits(tensors: dict[str, Tensor], bits: int) -> dict[str, QuantizedTensor]:
    return {name: quantize_to_bits(tensor, bits, by_channel=False) for name, tensor in tensors.items()}


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
def test_schema_is_the_network(config: PyramidConfig) -> None:
    schema = layer_schema(config, 7)
    assert len(schema) == len(config.groups)
    specs = [spec for group in schema for spec in group]
    assert sum(torch.Size(spec.shape).numel() for spec in specs if not spec.temporal) == config.parameters
    for name, group in zip(config.groups, schema, strict=True):
        assert all(spec.name.split(".")[0] == name for spec in group)


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
@pytest.mark.parametrize("frames", [1, 5])
def test_a_network_comes_back_nearly(config: PyramidConfig, frames: int) -> None:
    tensors = random_tensors(config, frames)
    state = decoder_state(config, unpack(config, pack(config, at_bits(tensors, 8)), frames), frames)
    result = state.weights | state.embeddings
    assert tensors.keys() == result.keys()
    for name, tensor in tensors.items():
        assert tensor.shape == result[name].shape
        assert (tensor - result[name]).abs().max() <= tensor.abs().max() / 127 / 2 * 2 ** (1 / 8) * 1.001


def test_fewer_bits_are_fewer_bytes() -> None:
    tensors = random_tensors(CONFIGS[0], 4)
    sizes = [sum(map(len, pack(CONFIGS[0], at_bits(tensors, bits)))) for bits in (4, 6, 8)]
    assert sizes == sorted(sizes)
    assert sizes[2] < 1.02 * (CONFIGS[0].parameters + 4 * 16 * 6)


def test_plain_forms_are_never_smaller() -> None:
    tensors = at_bits(random_tensors(CONFIGS[1], 6), 6)
    tensors["difference"].symbols[1:] = tensors["difference"].symbols[:1]
    plain, best = (pack(CONFIGS[1], tensors, forms) for forms in (PLAIN, FORMS))
    assert sum(map(len, best)) < 0.95 * sum(map(len, plain))
    for groups in (plain, best):
        difference = decoder_state(CONFIGS[1], unpack(CONFIGS[1], groups, 6), 6).embeddings["difference"]
        assert torch.equal(difference, dequantize(tensors["difference"]))


def test_groups_of_another_network_are_refused() -> None:
    groups = pack(CONFIGS[0], at_bits(random_tensors(CONFIGS[0], 3), 8))
    with pytest.raises(CorruptStream, match="tensor groups"):
        unpack(CONFIGS[1], groups, 3)
    with pytest.raises(BitstreamError):
        unpack(hnerv_config(75, 150, 40), groups, 3)


def test_more_embeddings_than_memory_are_refused_before_they_are_made() -> None:
    with pytest.raises(UnsupportedStream, match="frames in one segment"):
        unpack(CONFIGS[1], (), 1 << 20)


def test_what_a_decoder_draws_counts_as_well_as_what_is_sent() -> None:
    config = sdmn_config(75, 150, 12)
    sent = sum(prod(shape) for shape in config.embeddings.values())
    unsent = sum(prod(shape) for shape in config.unsent.values())
    assert unsent > 0
    assert embedding_values(config, 5) == 5 * sent
    assert embedding_values(replace(config, latent=(9, 51)), 5) == 5 * (sent + unsent)
