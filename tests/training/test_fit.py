from dataclasses import replace

import pytest
import torch
from torch import Tensor

from nervcodec.errors import FitError, RequestError
from nervcodec.events import Event, FitRestarted, StepDone
from nervcodec.models.config import HNeRVConfig, model_name
from nervcodec.models.networks import DecoderState, build_decoder
from nervcodec.models.sizing import dnerv_config, hnerv_config
from nervcodec.training.fit import fit, learning_rate_factor
from nervcodec.training.recipe import EmbeddingSource, Recipe, preset_steps
from nervcodec.training.watchdog import constant_picture_psnr, psnr_from_mse

CPU = torch.device("cpu")
CONFIGS = [hnerv_config(30, 60, 12), dnerv_config(30, 60, 12, (8, 16))]


def moving_blob() -> Tensor:
    """Four frames `[4, 3, 30, 60]` of a bright disc on a gradient."""
    y, x = torch.meshgrid(torch.arange(30), torch.arange(60), indexing="ij")
    frames = []
    for t in range(4):
        disc = ((x - 10 - 12 * t) ** 2 + (y - 15) ** 2 < 60).float()
        frames.append(torch.stack([x / 60, y / 30, disc]))
    return (255 * torch.stack(frames)).byte()


def psnr_of(state: DecoderState, config: HNeRVConfig, clip: Tensor) -> float:
    decoder = build_decoder(config)
    decoder.load_state_dict(state.weights)
    with torch.no_grad():
        frames = decoder(state.embeddings, torch.arange(len(clip)))[:, :, :30, :60]
    return psnr_from_mse(float((frames - clip.float() / 255).square().mean()))


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
@pytest.mark.parametrize("embeddings", ["free", "encoder"])
def test_a_fit_learns_the_clip(config: HNeRVConfig, embeddings: EmbeddingSource) -> None:
    clip = moving_blob()
    events: list[Event] = []
    state = fit(clip, config, Recipe(steps=200, embeddings=embeddings), CPU, events.append)
    level = psnr_of(state, config, clip)
    assert level > constant_picture_psnr(clip) + 4
    steps = [event for event in events if isinstance(event, StepDone)]
    assert steps[-1].step == steps[-1].steps == 200
    assert steps[-1].psnr_db == pytest.approx(level, abs=1.5)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(steps=30, optimizer="adam"),
        Recipe(steps=30, optimizer="adan", batch=3),
        Recipe(steps=30, loss="l1-ssim", reduced_precision=False),
        Recipe(steps=1),
    ],
)
def test_every_kind_of_recipe_runs_and_repeats(recipe: Recipe) -> None:
    first, second = (fit(moving_blob(), CONFIGS[1], recipe, CPU) for _ in range(2))
    for name, weight in first.weights.items():
        assert torch.equal(weight, second.weights[name])
    other = fit(moving_blob(), CONFIGS[1], replace(recipe, seed=1), CPU)
    assert not torch.equal(other.weights["head.weight"], first.weights["head.weight"])


def test_pruned_weights_are_exactly_zero_at_the_end() -> None:
    state = fit(moving_blob(), CONFIGS[0], Recipe(steps=40, prune=0.25), CPU)
    weights = torch.cat([w.flatten() for w in state.weights.values() if w.ndim > 1])
    assert int((weights == 0).sum()) == int(0.25 * len(weights))


def test_pruning_is_not_a_collapse() -> None:
    events: list[Event] = []
    fit(moving_blob(), CONFIGS[0], Recipe(steps=500, prune=0.9), CPU, events.append)
    assert not [event for event in events if isinstance(event, FitRestarted)]


def test_a_collapsed_fit_starts_again_and_says_so() -> None:
    events: list[Event] = []
    with pytest.raises(FitError, match="3 seeds"):
        fit(moving_blob(), CONFIGS[0], Recipe(steps=60, optimizer="adam", learning_rate=1e38), CPU, events.append)
    restarts = [event for event in events if isinstance(event, FitRestarted)]
    assert [(r.attempt, r.seed) for r in restarts] == [(2, 1), (3, 2)]
    assert all(r.reason == "the loss is not a number" for r in restarts)


def test_a_stuck_fit_is_kept_after_the_last_attempt() -> None:
    events: list[Event] = []
    fit(moving_blob(), CONFIGS[0], Recipe(steps=320, optimizer="adam", learning_rate=1e-9), CPU, events.append)
    assert sum(isinstance(event, FitRestarted) for event in events) == 2


def test_the_schedule() -> None:
    recipe = Recipe(steps=1000)
    factors = [learning_rate_factor(step, recipe) for step in (1, 100, 550, 1000)]
    assert factors == pytest.approx([0.109, 1.0, 0.5, 0.0], abs=1e-9)


def test_presets() -> None:
    assert [preset_steps(name, 100, 1) for name in ("draft", "fast", "medium", "slow", "placebo")] == [
        2000,
        6000,
        15000,
        30000,
        120000,
    ]
    assert preset_steps("draft", 1, 1) == 600
    assert preset_steps("medium", 100, 4) == 3750


@pytest.mark.parametrize("bad", [{"steps": 0}, {"batch": 0}, {"prune": 1.0}, {"learning_rate": 0.0}, {"seed": -1}])
def test_impossible_recipes(bad: dict[str, float]) -> None:
    with pytest.raises(RequestError):
        Recipe(**({"steps": 1} | bad))  # type: ignore[arg-type]


@pytest.mark.gpu
def test_a_fit_on_cuda_learns_too() -> None:
    clip = moving_blob()
    state = fit(clip, CONFIGS[1], Recipe(steps=200), torch.device("cuda"))
    assert psnr_of(state, CONFIGS[1], clip) > constant_picture_psnr(clip) + 4
