from dataclasses import replace
from functools import cache

import pytest
import torch

from nervcodec.models.sdmn.invertible import Coupling, InvertibleNetwork
from nervcodec.models.sdmn.rows import ROWS

CONFIG = replace(ROWS["sdmn480-3m"].config(), growth=6)  # three couplings of 16 channels, narrow to be quick


@cache
def trained(affine: int) -> InvertibleNetwork:
    """A network trained to make noise for a while, so that its last convolutions are far from zero."""
    torch.manual_seed(0)
    network = InvertibleNetwork(replace(CONFIG, affine=affine), 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    x, target = torch.randn(2, 2, CONFIG.skip_channels, 4, 8)
    for _ in range(100):
        optimizer.zero_grad()
        torch.autograd.backward((network(x) - target).square().mean())
        optimizer.step()
    return network


@pytest.mark.parametrize("affine", [0, 1])
def test_the_inverse_gives_back_what_went_in(affine: int) -> None:
    network = trained(affine)
    u = torch.randn(3, CONFIG.skip_channels, 8, 16)
    with torch.no_grad():
        coded = network(u)
        assert float((coded - u).abs().max()) > 0.5
        error = (network.inverse(coded) - u).abs().max() / u.abs().max()
    assert float(error) < 1e-5


def test_under_autocast_the_inverse_stays_in_float32() -> None:
    network = trained(1)
    u = torch.randn(1, CONFIG.skip_channels, 4, 8)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        back = network.inverse(network(u))
    assert back.dtype == torch.float32
    torch.testing.assert_close(back, u, atol=1e-4, rtol=0)


@pytest.mark.parametrize("affine", [False, True])
def test_a_coupling_is_the_formula(affine: bool) -> None:
    torch.manual_seed(1)
    coupling = Coupling(1, 3, 5, affine)
    for parameter in coupling.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    x = torch.randn(1, 4, 6, 7)
    y1 = x[:, :1] + coupling.f(x[:, 1:])
    scale = 2 * torch.sigmoid(coupling.h(y1)) - 1 if coupling.h else 0 * y1
    expected = torch.cat([y1, x[:, 1:] * scale.exp() + coupling.g(y1)], dim=1)
    torch.testing.assert_close(coupling(x), expected)


@pytest.mark.parametrize(("channels", "growth", "parameters"), [(16, 20, 100_036), (12, 12, 39_344), (16, 32, 222_004)])
def test_parameters_of_an_affine_coupling(channels: int, growth: int, parameters: int) -> None:
    assert sum(p.numel() for p in Coupling(1, channels - 1, growth, True).parameters()) == parameters
