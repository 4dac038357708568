import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.models.encoder import ConvNeXtBlock, Downsample


def plain(block: ConvNeXtBlock, x: Tensor) -> Tensor:
    """The block as its paper writes it, by ordinary operations."""
    y = block.depthwise(x).permute(0, 2, 3, 1)
    y = F.layer_norm(y, y.shape[-1:], block.norm.weight, block.norm.bias, 1e-6)
    y = block.scale * block.contract(F.gelu(block.expand(y)))
    result: Tensor = x + y.permute(0, 3, 1, 2)
    return result


@pytest.mark.parametrize("channels", [32, 10])
def test_block_and_its_gradients_are_those_of_the_plain_form(channels: int) -> None:
    torch.manual_seed(0)
    block = ConvNeXtBlock(channels)
    with torch.no_grad():
        block.scale.fill_(0.5)
    x = torch.randn(2, channels, 200, 90, requires_grad=True)  # more pixels than are expanded at a time
    weights = [x, *block.parameters()]
    result, expected = block(x), plain(block, x)
    torch.testing.assert_close(result, expected)
    direction = torch.randn_like(result)
    gradients = torch.autograd.grad(result, weights, direction)
    for gradient, reference in zip(gradients, torch.autograd.grad(expected, weights, direction), strict=True):
        assert (gradient - reference).norm() < 1e-5 * reference.norm()


def test_norm_keeps_bfloat16_under_autocast() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        y = Downsample(3, 8, 2)(torch.rand(1, 3, 8, 8))
    assert y.dtype == torch.bfloat16
    assert y.shape == (1, 8, 4, 4)
    assert y.float().mean(dim=1).abs().max() < 0.02
