"""A folded convolution against the branches it stands for, each run by itself."""

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from nervcodec.models.blocks import Upsample
from nervcodec.models.networks import build_decoder
from nervcodec.models.sdmn.sizing import sdmn_config
from nervcodec.training.folding import Branches, Folding


def branchwise(x: Tensor, convolution: nn.Conv2d, branches: Branches, stride: int) -> Tensor:
    """The sum of all branches before PixelShuffle."""
    side = convolution.kernel_size[0] // 2
    y = F.conv2d(x, convolution.weight, convolution.bias, padding=side)
    y = y + F.conv2d(F.conv2d(x, branches.inner[:, :, None, None]), branches.outer, padding=side)
    for weight in branches.parallel:
        y = y + F.conv2d(x, weight, padding=[length // 2 for length in weight.shape[2:]])
    copies = torch.zeros(len(x), len(branches.identity), *x.shape[2:])
    channels = min(x.shape[1], len(branches.identity))
    copies[:, :channels] = branches.identity[:channels, None, None] * x[:, :channels]
    return y + copies.repeat_interleave(stride**2, dim=1)


@pytest.mark.parametrize(
    ("c_in", "c_out", "stride", "kernel"), [(12, 8, 5, 1), (12, 8, 4, 3), (9, 6, 3, 5), (3, 5, 2, 3)]
)
def test_folding_is_exact(c_in: int, c_out: int, stride: int, kernel: int) -> None:
    torch.manual_seed(0)
    stage = Upsample(c_in, c_out, stride, kernel)
    convolution = stage[0]
    assert isinstance(convolution, nn.Conv2d)
    branches = Branches(convolution, stride)
    nn.init.normal_(branches.identity)
    x = torch.randn(2, c_in, 7, 9)
    folded = F.conv2d(x, branches(convolution.weight), convolution.bias, padding=kernel // 2)
    torch.testing.assert_close(folded, branchwise(x, convolution, branches, stride), atol=2e-5, rtol=0)


def test_the_picture_of_the_folded_decoder_is_that_of_its_branches() -> None:
    torch.manual_seed(0)
    config = sdmn_config(80, 160, 20)
    decoder = build_decoder(config)
    folding = Folding(decoder)
    embeddings = {name: torch.randn(1, *shape) for name, shape in config.embeddings.items()}
    weights = folding(dict(decoder.named_parameters()))
    folded = functional_call(decoder, weights, (embeddings, torch.tensor([0])))
    for key, branches in folding.items():
        stage = decoder.get_submodule(key.replace("/", ".").removesuffix(".0.weight"))
        assert isinstance(stage, Upsample)
        assert isinstance(branches, Branches)
        convolution = stage[0]
        assert isinstance(convolution, nn.Conv2d)
        stage.register_forward_hook(
            lambda module, inputs, output, c=convolution, b=branches: F.gelu(
                F.pixel_shuffle(branchwise(inputs[0], c, b, b.stride), b.stride)
            )
        )
    picture = decoder(embeddings, torch.tensor([0]))
    assert float((picture - folded).detach().abs().max()) < 1e-4
    assert len(folding) == len(config.strides)


def test_every_branch_gets_a_gradient() -> None:
    torch.manual_seed(0)
    convolution = Upsample(6, 5, 2, 3)[0]
    assert isinstance(convolution, nn.Conv2d)
    branches = Branches(convolution, 2)
    torch.autograd.backward((branches(convolution.weight) * torch.randn(20, 6, 3, 3)).sum())
    assert all(p.grad is not None and p.grad.any() for p in branches.parameters())
