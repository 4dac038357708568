import pytest
import torch

from nervcodec.quantization import STEP_TABLE, dequantize
from nervcodec.training.quantizing import Quantizer, quantized, quantized_together

CPU = torch.device("cpu")


def test_values_are_what_a_decoder_makes_of_the_symbols() -> None:
    torch.manual_seed(0)
    tensors = {"a": torch.randn(5, 7), "b": 100 * torch.randn(9)}
    quantizer = Quantizer({"a": 0.11, "b": 3.0}, CPU)
    symbols, steps = quantizer.symbols(tensors), quantizer.steps()
    for name, tensor in tensors.items():
        assert float(steps[name].detach()) == float(STEP_TABLE[symbols[name].steps[0]])
        assert torch.equal(quantized(tensor, steps[name]).detach(), dequantize(symbols[name]))


def test_the_dead_zone_makes_zeros_likelier() -> None:
    step = torch.tensor(2.0)
    values = torch.tensor([-1.3, 1.1, 1.3, 3.1, 3.3])
    assert quantized(values, step).tolist() == [-2.0, 0.0, 2.0, 2.0, 4.0]


def test_gradients() -> None:
    values, step = torch.tensor([0.3, 1.4], requires_grad=True), torch.tensor(1.0, requires_grad=True)
    torch.autograd.backward(quantized(values, step), torch.tensor([1.0, 2.0]))
    assert values.grad is not None
    assert values.grad.tolist() == [1.0, 2.0]
    assert step.grad is not None
    assert float(step.grad) == pytest.approx(1.0 * (0 - 0.3) + 2.0 * (1 - 1.4))


def test_tensors_together_are_what_they_are_one_by_one() -> None:
    torch.manual_seed(0)
    shapes = {"bias": (5,), "matrix": (3, 4), "weight": (6, 5, 3, 3)}
    tensors = {name: torch.randn(shape) for name, shape in shapes.items()}
    tensors["weight"] = tensors["weight"].contiguous(memory_format=torch.channels_last)
    steps = {"bias": torch.tensor(0.1), "matrix": torch.tensor(0.3), "weight": torch.tensor(0.7)}
    leaves = [tensor.requires_grad_() for tensor in (*tensors.values(), *steps.values())]
    gradients = {name: torch.randn(shape) for name, shape in shapes.items()}
    alone = {name: quantized(tensor, steps[name]) for name, tensor in tensors.items()}
    together = quantized_together(tensors, steps)
    expected, given = (
        torch.autograd.grad([made[name] for name in shapes], leaves, list(gradients.values()))
        for made in (alone, together)
    )
    for name in shapes:
        assert torch.equal(together[name], alone[name])
    for a, b in zip(given, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_no_number_becomes_zero_and_none_leaves_the_range() -> None:
    tensors = {"a": torch.tensor([float("nan"), float("inf"), -1e30, 1.0])}
    symbols = Quantizer({"a": 1.0}, CPU).symbols(tensors)["a"].symbols
    assert symbols.tolist() == [0, 1 << 14, -(1 << 14), 1]
