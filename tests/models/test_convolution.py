import pytest
import torch
from torch.nn import functional as F

from nervcodec.models import convolution
from nervcodec.models.convolution import Convolution


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("block", [1, 200, 1 << 12])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_are_those_of_the_definition(
    kernel: int, block: int, layout: torch.memory_format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolution, "BLOCK_PIXELS", block)
    torch.manual_seed(0)
    x = torch.randn(2, 3, 65, 70, dtype=torch.float32).to(memory_format=layout).requires_grad_()
    module = Convolution(3, 8, kernel)
    made = module(x)
    expected = F.conv2d(x, module.weight, module.bias, padding=kernel // 2)
    assert torch.equal(made, expected)
    direction, inputs = torch.randn_like(made), [x, *module.parameters()]
    gradients = torch.autograd.grad(made, inputs, direction)
    for own, other in zip(gradients, torch.autograd.grad(expected, inputs, direction), strict=True):
        assert own.shape == other.shape
        assert (own - other).norm() < 1e-5 * other.norm()
