import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.enhancement.config import EnhancementConfig
from nervcodec.models.enhancement.sizing import enhancement_config
from nervcodec.models.networks import build_decoder

CONFIG = enhancement_config(75, 150, 9)


def inputs() -> tuple[dict[str, Tensor], Tensor, Tensor]:
    embeddings = {name: torch.randn(3, *shape) for name, shape in CONFIG.embeddings.items()}
    return embeddings, torch.tensor([2, 0]), torch.randint(256, (2, 3, 75, 150)) / 255


def test_it_starts_as_the_identity_and_so_it_stays_without_its_head() -> None:
    network = build_decoder(CONFIG)
    embeddings, times, below = inputs()
    assert torch.equal(network(embeddings, times, below)[:, :, :75, :150], below)
    assert network(embeddings, times, below).shape == (2, 3, *CONFIG.padded_size)


def test_it_is_the_formula() -> None:
    torch.manual_seed(0)
    network = build_decoder(CONFIG)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    embeddings, times, below = inputs()
    p = dict(network.named_parameters())
    height, width = CONFIG.padded_size
    padded = F.pad(below, (0, width - 150, 0, height - 75), mode="replicate")
    x = F.gelu(F.conv2d(embeddings["content"][times], p["stem.weight"], p["stem.bias"]))
    scale = CONFIG.strides[-1] * CONFIG.strides[-2]
    for i, (stride, kernel) in enumerate(zip(CONFIG.strides, CONFIG.kernels, strict=True)):
        if i == len(CONFIG.strides) - 2:
            seen = F.conv2d(F.pixel_unshuffle(padded, scale), p["join.weight"], p["join.bias"], padding=1)
            x = x + F.gelu(seen)
        x = F.conv2d(x, p[f"stages.{i}.0.weight"], p[f"stages.{i}.0.bias"], padding=kernel // 2)
        x = F.gelu(F.pixel_shuffle(x, stride))
    expected = padded + F.conv2d(x, p["head.weight"], p["head.bias"], padding=1)
    torch.testing.assert_close(network(embeddings, times, below), expected)


@pytest.mark.parametrize("size", [(75, 150), (320, 640), (1080, 1920), (64, 64)])
def test_parameters_and_groups(size: tuple[int, int]) -> None:
    config: EnhancementConfig = enhancement_config(*size, 12)
    with torch.device("meta"):
        network = build_decoder(config)
    assert sum(p.numel() for p in network.parameters()) == config.parameters
    modules = list(dict.fromkeys(name.split(".")[0] for name, _ in network.named_parameters()))
    assert (*config.embeddings, *modules) == config.groups


def test_every_weight_and_embedding_gets_a_gradient() -> None:
    network = build_decoder(CONFIG)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    embeddings, times, below = inputs()
    embeddings["content"].requires_grad_()
    network(embeddings, times, below).square().sum().backward()
    assert all(t.grad is not None and t.grad.any() for t in (*network.parameters(), embeddings["content"]))
