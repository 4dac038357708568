from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from nervcodec.models.catalogue import model_name
from nervcodec.models.config import PyramidConfig
from nervcodec.models.enhancement.sizing import enhancement_config
from nervcodec.models.ffnerv.sizing import ffnerv_config
from nervcodec.training.network import START_NOISE, START_SCALE, FitInputs, Network
from nervcodec.training.principal import SIDE, principal_components
from nervcodec.training.recipe import Recipe
from tests.training.blobs import CONFIGS, SDMN, moving_blob


def one_by_one(clip: Tensor) -> Callable[[], Iterator[Tensor]]:
    return lambda: iter(clip[:, None])


def test_components_are_those_of_a_singular_value_decomposition() -> None:
    torch.manual_seed(0)
    cells = torch.randn(5, 3, 3 * SIDE, 2 * SIDE) @ torch.randn(2 * SIDE, 2 * SIDE)
    made, weaker = (principal_components(one_by_one(cells), (4, 3, 2), alike=alike) for alike in (True, False))
    rows = np.stack(
        [
            cells[t, :, y * SIDE : (y + 1) * SIDE, x * SIDE : (x + 1) * SIDE].numpy().ravel()
            for t in range(5)
            for y in range(3)
            for x in range(2)
        ]
    ).astype(np.float64)
    left, strengths, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    for components, deviations in ((made, np.ones(4)), (weaker, strengths[:4] / strengths[0])):
        own = components.permute(0, 2, 3, 1).reshape(-1, 4).double().numpy()
        assert np.allclose(np.abs(left[:, :4].T @ own) / np.sqrt(30), np.diag(deviations), atol=1e-3)


def test_cells_are_averaged_and_small_ones_taken_as_they_are() -> None:
    clip = torch.rand(4, 1, 8 * SIDE, 8 * SIDE)
    fine = clip.repeat_interleave(3, dim=2).repeat_interleave(3, dim=3)
    coarse, same = (principal_components(one_by_one(c), (3, 8, 8)) for c in (clip, fine))
    assert torch.allclose(coarse.abs(), same.abs(), atol=1e-3)
    means = principal_components(one_by_one(clip), (1, 8 * SIDE, 8 * SIDE))
    assert torch.allclose(means.abs(), ((clip - clip.mean()) / clip.std(correction=0)).abs(), atol=1e-3)


@pytest.mark.parametrize("frames", [1, 3])
def test_what_does_not_vary_is_nothing(frames: int) -> None:
    made = principal_components(one_by_one(torch.full((frames, 3, 16, 16), 0.4)), (70, 2, 2))
    assert made.shape == (frames, 70, 2, 2)
    assert made.abs().max() < 0.1


def test_noise_is_not_made_large() -> None:
    clip = torch.zeros(3, 1, 8, 8)
    clip[1] = 1.0
    made = principal_components(one_by_one(clip + 1e-6 * torch.rand(clip.shape)), (3, 2, 2))
    assert abs(float(made[:, 0].std(correction=0)) - 1) < 1e-3
    assert made[:, 1:].abs().max() < 0.1


@pytest.mark.parametrize("config", [*CONFIGS, SDMN, ffnerv_config(30, 60, 8)], ids=model_name)
def test_embeddings_start_with_what_frames_show(config: PyramidConfig) -> None:
    clip = moving_blob()
    network = Network(clip, config, Recipe(steps=1), torch.Generator())
    for name, embedding in network.embeddings.items():
        is_grid = network.config.span_of[name] > 1
        assert embedding.requires_grad
        assert (float(embedding.detach().std()) < 2 * START_NOISE) == is_grid
        assert float(embedding.detach()[:, 0].std()) < 1.2 * START_SCALE


def test_an_enhancement_starts_with_what_the_layers_below_miss() -> None:
    clip = moving_blob()
    config = enhancement_config(30, 60, 8)
    perfect = Network(clip, config, Recipe(steps=1), torch.Generator(), FitInputs(below=clip))
    empty = Network(clip, config, Recipe(steps=1), torch.Generator(), FitInputs(below=torch.zeros_like(clip)))
    assert float(perfect.embeddings["content"].detach().std()) < 2 * START_NOISE
    assert float(empty.embeddings["content"].detach()[:, 0].std()) > START_SCALE / 2
