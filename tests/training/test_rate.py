from collections.abc import Mapping

import numpy as np
import pytest
import torch

from nervcodec.codec.stream.schema import TensorSpec
from nervcodec.codec.stream.tensors import pack_group
from nervcodec.entropy.forms import MIXED
from nervcodec.quantization import QuantizedTensor, dequantize
from nervcodec.training.quantizing import Quantizer
from nervcodec.training.rate import RateModel


def tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    drift = torch.cumsum(torch.randn(30, 2, 10, 14) * (torch.rand(30, 2, 10, 14) < 0.2), dim=0)
    return {"content": drift, "weight": torch.randn(40, 30, 3, 3), "bias": torch.randn(40), "zero": torch.zeros(8, 8)}


STEPS = {"content": 0.4, "weight": 0.5, "bias": 0.05, "zero": 1.0}


CPU = torch.device("cpu")


def test_the_model_charges_what_the_file_takes() -> None:
    quantizer = Quantizer(STEPS, CPU)
    symbols = quantizer.symbols(tensors())
    model = RateModel(quantizer, {"content"}, symbols)
    specs = [TensorSpec(name, tuple(t.shape), name == "content") for name, t in tensors().items()]
    size = len(pack_group(specs, list(symbols.values())))
    assert model.total_bits / 8 == pytest.approx(size, rel=0.01)


def weight_alone() -> tuple[Quantizer, dict[str, torch.Tensor]]:
    return Quantizer({"weight": STEPS["weight"]}, CPU), {"weight": tensors()["weight"].requires_grad_()}


def test_expected_bits_under_noise_are_near_those_of_the_symbols() -> None:
    quantizer, weight = weight_alone()
    model = RateModel(quantizer, set(), quantizer.symbols(weight))
    expected = np.mean([float(model.bits(weight, torch.Generator().manual_seed(i)).detach()) for i in range(5)])
    assert expected == pytest.approx(model.total_bits, rel=0.05)


def test_gradients_lead_to_fewer_bits() -> None:
    quantizer, values = weight_alone()
    model = RateModel(quantizer, set(), quantizer.symbols(values))
    before = model.total_bits
    torch.autograd.backward(model.bits(values, torch.Generator().manual_seed(0)))
    assert quantizer.log_steps.grad is not None
    assert quantizer.log_steps.grad.item() < 0  # a coarser step takes fewer bits
    weight = values["weight"]
    assert weight.grad is not None
    with torch.no_grad():
        weight -= 0.5 * STEPS["weight"] * weight.grad / weight.grad.abs().max()
    model.fit(quantizer.symbols(values))
    assert model.total_bits < 0.98 * before


def field_alone() -> tuple[Quantizer, dict[str, torch.Tensor]]:
    """A smooth field that drifts, as an embedding whose cells are mixed."""
    torch.manual_seed(0)
    t, c, y, x = torch.meshgrid(*(torch.arange(side) for side in (12, 2, 20, 30)), indexing="ij")
    waves = 2 * torch.sin((x + 0.7 * t) / 2.3 + c) + torch.sin((y - 0.4 * t) / 3.1 + x / 5)
    values = {"content": (waves + 0.2 * torch.randn(waves.shape)).requires_grad_()}
    return Quantizer({"content": STEPS["content"]}, CPU), values


def packed(symbols: Mapping[str, QuantizedTensor]) -> bytes:
    """The bytes of an embedding, which is mixed."""
    tensor = symbols["content"]
    data = pack_group([TensorSpec("content", tensor.symbols.shape, True)], [tensor])
    assert data[0] == MIXED
    return data


def test_the_model_charges_what_a_mixed_embedding_takes() -> None:
    quantizer, field = field_alone()
    symbols = quantizer.symbols(field)
    model = RateModel(quantizer, {"content"}, symbols)
    assert model.total_bits / 8 == pytest.approx(len(packed(symbols)), rel=0.01)


def test_bits_of_a_mixed_embedding_are_those_of_its_symbols_where_nothing_is_rounded() -> None:
    quantizer, field = field_alone()
    symbols = quantizer.symbols(field)
    model = RateModel(quantizer, {"content"}, symbols)
    whole = {"content": dequantize(symbols["content"])}
    expected = np.mean([float(model.bits(whole, torch.Generator().manual_seed(i)).detach()) for i in range(5)])
    assert 1 < expected / model.total_bits < 1.2


def test_gradients_of_a_mixed_embedding_lead_to_fewer_bits() -> None:
    quantizer, values = field_alone()
    symbols = quantizer.symbols(values)
    model = RateModel(quantizer, {"content"}, symbols)
    torch.autograd.backward(model.bits(values, torch.Generator().manual_seed(0)))
    assert quantizer.log_steps.grad is not None
    assert quantizer.log_steps.grad.item() < 0
    content = values["content"]
    assert content.grad is not None
    before = len(packed(symbols))
    with torch.no_grad():
        content -= 0.5 * STEPS["content"] * content.grad / content.grad.abs().max()
    assert len(packed(quantizer.symbols(values))) < 0.98 * before
