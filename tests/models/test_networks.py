"""One contract for every model, and each network against the formulas of its paper."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.models.blocks import at_times
from nervcodec.models.catalogue import model_name
from nervcodec.models.config import PyramidConfig
from nervcodec.models.dnerv.config import DNeRVConfig
from nervcodec.models.dnerv.sizing import dnerv_config
from nervcodec.models.ffnerv.sizing import ffnerv_config
from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.networks import build_decoder, build_encoder
from nervcodec.models.sdmn.sizing import sdmn_config

CONFIGS = [
    hnerv_config(75, 150, 10),
    dnerv_config(75, 150, 10, (10, 20)),
    dnerv_config(75, 150, 10, (5, 10), gate_kernel=3),
    sdmn_config(75, 150, 12),
]
ALL_CONFIGS = [*CONFIGS, ffnerv_config(75, 150, 10)]
FRAMES = 3


def random_embeddings(config: PyramidConfig) -> dict[str, Tensor]:
    return {name: torch.randn(FRAMES, *shape) for name, shape in config.embeddings.items()}


@pytest.mark.parametrize("config", ALL_CONFIGS, ids=model_name)
def test_frames_have_the_padded_size_and_lie_in_range(config: PyramidConfig) -> None:
    frames = build_decoder(config)(random_embeddings(config), torch.tensor([0, 2]))
    assert frames.shape == (2, 3, *config.padded_size)
    assert frames.min() >= 0
    assert frames.max() <= 1


@pytest.mark.parametrize("config", ALL_CONFIGS, ids=model_name)
def test_integer_times_are_the_frames_themselves(config: PyramidConfig) -> None:
    decoder, embeddings = build_decoder(config), random_embeddings(config)
    whole = decoder(embeddings, torch.arange(FRAMES))
    assert torch.equal(whole, decoder(embeddings, torch.arange(FRAMES).float()))


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
def test_times_between_frames_are_those_of_embeddings_between_them(config: PyramidConfig) -> None:
    decoder, embeddings = build_decoder(config), random_embeddings(config)
    between = decoder(embeddings, torch.tensor([0.5]))
    mean = {name: e[:2].mean(dim=0, keepdim=True) for name, e in embeddings.items()}
    torch.testing.assert_close(between, decoder(mean, torch.tensor([0])))


@pytest.mark.parametrize("config", ALL_CONFIGS, ids=model_name)
def test_every_weight_and_embedding_gets_a_gradient(config: PyramidConfig) -> None:
    decoder, embeddings = build_decoder(config), random_embeddings(config)
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.1)  # some start at zero, and hide others
    for embedding in embeddings.values():
        embedding.requires_grad_()
    decoder(embeddings, torch.tensor([1])).square().sum().backward()
    for tensor in [*decoder.parameters(), *embeddings.values()]:
        assert tensor.grad is not None
        assert tensor.grad.any()


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
def test_encoders_make_what_the_decoder_takes(config: PyramidConfig) -> None:
    clip = torch.rand(2, 3, *config.padded_size)
    made = build_encoder(config, build_decoder(config))(clip, clip, clip)
    assert {name: tuple(e.shape[1:]) for name, e in made.items()} == config.embeddings | config.unsent


def test_times_beyond_the_ends_are_held() -> None:
    rows = torch.arange(3.0).view(3, 1, 1, 1)
    assert at_times(rows, torch.tensor([-1.0, 0.25, 5.0])).flatten().tolist() == [0.0, 0.25, 2.0]


def test_hnerv_is_the_paper_formula() -> None:
    config = CONFIGS[0]
    decoder, embeddings = build_decoder(config), random_embeddings(config)
    p = dict(decoder.named_parameters())
    x = F.gelu(F.conv2d(embeddings["content"][1:2], p["stem.weight"], p["stem.bias"]))
    x = stages(x, p, "stages", config.strides, config.kernels)
    expected = (torch.tanh(F.conv2d(x, p["head.weight"], p["head.bias"], padding=1)) + 1) / 2
    torch.testing.assert_close(decoder(embeddings, torch.tensor([1])), expected)


@pytest.mark.parametrize("config", CONFIGS[1:3])
def test_dnerv_is_the_paper_formula(config: DNeRVConfig) -> None:
    decoder, embeddings = build_decoder(config), random_embeddings(config)
    p = dict(decoder.named_parameters())

    def gate(name: str, x: Tensor) -> Tensor:
        return F.conv2d(x, p[f"gate.{name}.weight"], p[f"gate.{name}.bias"], padding=config.gate_kernel // 2)

    f = F.conv2d(embeddings["content"][:1], p["stem.weight"], p["stem.bias"])
    f = stages(f, p, "stages", config.strides[:3], config.kernels[:3])
    d = F.conv2d(embeddings["difference"][:1], p["difference_stem.weight"], p["difference_stem.bias"])
    d = stages(d, p, "difference_stages", config.difference_strides, [1] * len(config.difference_strides))
    candidate = torch.tanh(gate("candidate_content", f) + gate("candidate_difference", d))
    update = torch.sigmoid(gate("update_content", f) + gate("update_difference", d))
    x = update * candidate + (1 - update) * f
    x = stages(x, p, "stages", config.strides[3:], config.kernels[3:], first=3)
    expected = torch.sigmoid(F.conv2d(x, p["head.weight"], p["head.bias"], padding=1))
    torch.testing.assert_close(decoder(embeddings, torch.tensor([0])), expected)


def stages(
    x: Tensor, p: Mapping[str, Tensor], module: str, strides: object, kernels: object, *, first: int = 0
) -> Tensor:
    pairs = zip(strides, kernels, strict=True)  # type: ignore[call-overload]
    for index, (stride, kernel) in enumerate(pairs, start=first):
        x = F.conv2d(x, p[f"{module}.{index}.0.weight"], p[f"{module}.{index}.0.bias"], padding=kernel // 2)
        x = F.gelu(F.pixel_shuffle(x, stride))
    return x


def test_difference_encoder_sees_both_first_differences_interleaved() -> None:
    encoder = build_encoder(CONFIGS[1], build_decoder(CONFIGS[1]))
    seen: list[Tensor] = []
    difference = encoder.get_submodule("difference")
    difference.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    size = CONFIGS[1].padded_size
    previous, frame, following = (torch.rand(1, 3, *size) for _ in range(3))
    encoder(previous, frame, following)
    for colour in range(3):
        torch.testing.assert_close(seen[0][0, 2 * colour], (frame - previous)[0, colour])
        torch.testing.assert_close(seen[0][0, 2 * colour + 1], (following - frame)[0, colour])
