"""SDMN against QS-NeRV's supplement, figures derived from it by hand, and PyTorch's own operators."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.models.networks import build_decoder, build_encoder
from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.models.sdmn.network import SDMN, resample
from nervcodec.models.sdmn.rows import ROWS
from nervcodec.models.sdmn.sizing import sdmn_config, sdmn_widths

FOLDED = {"sdmn480-3m": 2_348_296, "sdmn960-3m": 2_415_500, "sdmn640-0.75m": 567_153}
WHOLE = {"sdmn480-3m": 2_951_062, "sdmn960-3m": 3_017_892, "sdmn640-0.75m": 725_387}
SENT = {  # Table 1, and the maps of the decoder that they join
    "sdmn480-3m": ((1, 4, 8), (1, 8, 16), (10, 20), (40, 80)),
    "sdmn960-3m": ((1, 4, 8), (1, 12, 24), (10, 20), (40, 80)),
    "sdmn640-0.75m": ((1, 4, 8), (1, 8, 16), (10, 20), (40, 80)),
}


@pytest.mark.parametrize("name", ROWS)
def test_shapes_and_parameters_of_the_table(name: str) -> None:
    config = ROWS[name].config()
    coarse, fine, near, far = SENT[name]
    assert (config.coarse, config.fine) == (coarse, fine)
    assert config.padded_size == (ROWS[name].height, ROWS[name].width)
    height, width = (s * side for s, side in zip((config.strides[0],) * 2, config.content[1:], strict=True))
    assert (height, width) == near
    assert (height * config.strides[1], width * config.strides[1]) == far
    counts = {n: p.numel() for n, p in build_decoder(config).named_parameters()}
    plain = sum(count for n, count in counts.items() if n.split(".")[0] in ("stem", "stages", "head"))
    assert (plain, sum(counts.values()), config.parameters) == (FOLDED[name], WHOLE[name], WHOLE[name])


def test_channels_follow_the_rule_in_two_rows_and_are_kept_in_the_third() -> None:
    for name in ("sdmn480-3m", "sdmn960-3m"):
        assert ROWS[name].widths == sdmn_widths(ROWS[name].widths[0], 5)
    assert ROWS["sdmn640-0.75m"].config().widths == (43, 36, 30, 24, 20, 17)


@pytest.mark.parametrize("size", [(4, 8, 10, 20), (8, 16, 40, 80), (12, 24, 40, 80), (10, 20, 4, 8), (1, 2, 5, 10)])
def test_resampling_is_bilinear(size: tuple[int, int, int, int]) -> None:
    x, target = torch.randn(2, 3, *size[:2]), torch.Size(size[2:])
    expected = F.interpolate(x, size=target, mode="bilinear", align_corners=False)
    torch.testing.assert_close(resample(x, target), expected, atol=1e-5, rtol=0)


@pytest.fixture
def config() -> SDMNConfig:
    return sdmn_config(75, 150, 12)


def features(config: SDMNConfig, frames: int = 2) -> dict[str, Tensor]:
    return {name: torch.randn(frames, *shape) for name, shape in config.embeddings.items()}


def test_the_decoder_is_hnerv_with_two_maps_added(config: SDMNConfig) -> None:
    decoder, sent, now = build_decoder(config), features(config), torch.tensor([1])
    assert isinstance(decoder, SDMN)
    seen: list[Tensor] = []
    for stage in decoder.stages:
        stage.register_forward_hook(lambda _, inputs, output: seen.extend((inputs[0], output)))
    decoder(sent, now)
    for number, (name, skip) in enumerate({"coarse": decoder.coarse_skip, "fine": decoder.fine_skip}.items(), 1):
        channels = config.skip_channels - 1
        coded = torch.cat([sent[name][1:], torch.zeros(1, channels, *sent[name].shape[2:])], dim=1)
        u = skip.invertible.inverse(coded)
        added = F.interpolate(skip.join(u), size=seen[2 * number].shape[2:], mode="bilinear", align_corners=False)
        torch.testing.assert_close(seen[2 * number], seen[2 * number - 1] + added, atol=1e-5, rtol=1e-5)


def test_latents_reach_the_picture(config: SDMNConfig) -> None:
    decoder, sent, now = build_decoder(config), features(config), torch.tensor([0])
    zeros = {name: torch.zeros(2, *shape) for name, shape in config.unsent.items()}
    drawn = {name: torch.randn(2, *shape) for name, shape in config.unsent.items()}
    assert torch.equal(decoder(sent, now), decoder(sent | zeros, now))
    assert not torch.equal(decoder(sent, now), decoder(sent | drawn, now))


def test_the_encoder_sends_what_its_two_smallest_maps_become(config: SDMNConfig) -> None:
    decoder = build_decoder(config)
    assert isinstance(decoder, SDMN)
    encoder = build_encoder(config, decoder)
    frames = torch.rand(2, 3, *config.padded_size)
    made = encoder(frames, frames, frames)
    shapes = {name: tuple(e.shape[1:]) for name, e in made.items()}
    assert shapes == config.embeddings | config.unsent
    back = decoder.coarse_skip.invertible.inverse(torch.cat([made["coarse"], made["coarse_latent"]], dim=1))
    sizes = [made["content"].shape[2] * config.strides[-1], made["content"].shape[3] * config.strides[-1]]
    assert list(back.shape[2:]) == sizes
    own = {id(p) for p in encoder.parameters()}
    assert not own & {id(p) for p in decoder.parameters()}


def test_a_decoder_can_be_fitted_after_it_has_decoded(config: SDMNConfig) -> None:
    decoder, sent, now = build_decoder(config), features(config), torch.tensor([1])
    with torch.inference_mode():
        decoder(sent, now)
    decoder(sent, now).mean().backward()
    assert all(parameter.grad is not None for parameter in decoder.parameters())
