from dataclasses import replace
from math import ceil
from typing import Any

import pytest
import torch
from torch import Tensor

from nervcodec.codec.stream.payload import pack
from nervcodec.errors import FitError, RequestError, ResourceError
from nervcodec.events import BatchHalved, Event, FitRestarted, StepDone
from nervcodec.models.catalogue import model_name
from nervcodec.models.config import PyramidConfig
from nervcodec.models.enhancement.sizing import enhancement_config
from nervcodec.models.ffnerv.sizing import ffnerv_config
from nervcodec.models.grids import frame_embeddings
from nervcodec.models.networks import build_decoder, given_embeddings
from nervcodec.quantization import dequantize
from nervcodec.training.attempt import Attempt, Fitted
from nervcodec.training.fit import fit
from nervcodec.training.network import FitInputs
from nervcodec.training.recipe import EmbeddingSource, Recipe, preset_steps
from nervcodec.training.schedule import latent_deviation, learning_rate_factor
from nervcodec.training.watchdog import constant_picture_psnr, psnr_from_mse
from tests.training.blobs import CONFIGS, SDMN, STUCK_RATE, moving_blob, train

EXPLODING_RATE = 1e38
"""A learning rate at which no fit keeps finite numbers."""

pytestmark = pytest.mark.usefixtures("arithmetic")


def weights_of(fitted: Fitted, config: PyramidConfig) -> dict[str, Tensor]:
    return {name: dequantize(t) for name, t in fitted.tensors.items() if name not in config.embeddings}


def psnr_of(fitted: Fitted, config: PyramidConfig, clip: Tensor) -> float:
    """Mean over frames of what the decoder makes, in float32."""
    decoder = build_decoder(config)
    decoder.load_state_dict(weights_of(fitted, config))
    with torch.no_grad():
        embeddings = {name: dequantize(fitted.tensors[name]) for name in config.embeddings}
        embeddings = frame_embeddings(config, embeddings, len(clip)) | given_embeddings(config, len(clip))
        frames = decoder(embeddings, torch.arange(len(clip)))[:, :, :30, :60]
    errors = (frames - clip.float() / 255).square().mean(dim=(1, 2, 3))
    return sum(psnr_from_mse(float(error)) for error in errors) / len(clip)


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
@pytest.mark.parametrize("embeddings", ["free", "encoder"])
def test_a_fit_learns_the_clip(config: PyramidConfig, embeddings: EmbeddingSource) -> None:
    clip = moving_blob()
    events: list[Event] = []
    fitted = fit(clip, config, Recipe(steps=300, embeddings=embeddings, rate=1e-4), events.append)
    level = psnr_of(fitted, config, clip)
    assert level > constant_picture_psnr(clip) + 4
    steps = [event for event in events if isinstance(event, StepDone)]
    assert steps[-1].step == steps[-1].steps == 300
    assert steps[-1].psnr_db == fitted.psnr_db
    assert steps[0].estimated_bytes is None
    assert fitted.estimated_bits is not None
    assert steps[-1].estimated_bytes == ceil(fitted.estimated_bits / 8)


@pytest.mark.parametrize("config", CONFIGS, ids=model_name)
def test_what_training_sees_is_what_the_decoder_makes(config: PyramidConfig) -> None:
    clip = moving_blob()
    fitted = fit(clip, config, Recipe(steps=320, rate=1e-4, reduced_precision=False))
    assert fitted.psnr_db == pytest.approx(psnr_of(fitted, config, clip), abs=0.01)
    size = sum(map(len, pack(config, fitted.tensors)))
    assert fitted.estimated_bits is not None
    assert fitted.estimated_bits / 8 == pytest.approx(size, rel=0.01)


def test_windows_of_a_batch_give_what_the_decoder_makes_of_whole_clips() -> None:
    clip, config = moving_blob(), ffnerv_config(30, 60, 8)
    fitted = fit(clip, config, Recipe(steps=60, rate=1e-4, batch=3, reduced_precision=False))
    assert fitted.psnr_db == pytest.approx(psnr_of(fitted, config, clip), abs=0.01)


@pytest.mark.slow
def test_a_bit_that_weighs_more_makes_fewer_of_them() -> None:
    clip, sizes, levels = moving_blob(), [], []
    for rate in (1e-5, 1e-3, 1e-1):
        fitted = fit(clip, CONFIGS[1], Recipe(steps=300, rate=rate))
        assert fitted.estimated_bits is not None
        sizes.append(fitted.estimated_bits)
        levels.append(psnr_of(fitted, CONFIGS[1], clip))
    assert sizes[0] > 1.5 * sizes[1] > 2 * sizes[2]
    assert levels[0] > levels[1] > levels[2]


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(steps=30, optimizer="adam"),
        Recipe(steps=30, rate=None),
        Recipe(steps=30, embeddings="encoder"),
        Recipe(steps=30, optimizer="adan", batch=3),
        Recipe(steps=30, loss="l1-ssim", reduced_precision=False),
        Recipe(steps=30, branches=True),
        Recipe(steps=1),
    ],
)
def test_every_kind_of_recipe_runs_and_repeats(recipe: Recipe) -> None:
    first, second = (fit(moving_blob(), CONFIGS[1], recipe) for _ in range(2))
    for name, tensor in first.tensors.items():
        assert tensor.steps == second.tensors[name].steps
        assert (tensor.symbols == second.tensors[name].symbols).all()
    other = fit(moving_blob(), CONFIGS[1], replace(recipe, seed=1))
    assert (other.tensors["head.weight"].symbols != first.tensors["head.weight"].symbols).any()


def test_pruned_weights_are_exactly_zero_at_the_end() -> None:
    for rate in (None, 1e-6):
        run = Attempt(moving_blob(), CONFIGS[0], Recipe(steps=40, prune=0.25, rate=rate), seed=0)
        train(run)
        weights = torch.cat([w.flatten() for w in run.network.decoder.parameters() if w.ndim > 1])
        assert int((weights == 0).sum()) == int(0.25 * len(weights))
        coded = [w.flatten() for w in weights_of(run.result(), CONFIGS[0]).values() if w.ndim > 1]
        assert (torch.cat(coded)[weights == 0] == 0).all()


def test_branches_are_folded_before_weights_are_pruned() -> None:
    run = Attempt(moving_blob(), CONFIGS[0], Recipe(steps=40, prune=0.25, rate=None, branches=True), seed=0)
    before = run.network.render(torch.tensor([1]))
    run.network.fold()
    assert run.network.folding is None
    torch.testing.assert_close(run.network.render(torch.tensor([1])), before)
    run = Attempt(moving_blob(), CONFIGS[0], Recipe(steps=40, prune=0.25, rate=None, branches=True), seed=0)
    train(run)
    coded = [w.flatten() for w in weights_of(run.result(), CONFIGS[0]).values() if w.ndim > 1]
    assert float((torch.cat(coded) == 0).float().mean()) >= 0.25


@pytest.mark.parametrize(
    ("config", "change"),
    [
        (SDMN, {"branches": True}),
        (replace(SDMN, latent=(3, 255)), {}),
        (replace(SDMN, affine=0), {"embeddings": "encoder", "latent_noise": 1.0}),
    ],
)
def test_an_sdmn_is_fitted_to_what_its_decoder_makes(config: PyramidConfig, change: dict[str, Any]) -> None:
    clip = moving_blob()
    recipe = Recipe(steps=150, rate=1e-4, reduced_precision=False, **change)
    fitted = fit(clip, config, recipe)
    assert fitted.psnr_db == pytest.approx(psnr_of(fitted, config, clip), abs=0.01)
    assert fitted.psnr_db > constant_picture_psnr(clip) + 2


def test_what_is_not_sent_is_kept_near_a_normal_distribution() -> None:
    run = Attempt(moving_blob(), SDMN, Recipe(steps=40, embeddings="encoder", rate=None), seed=0)
    assert float(run.network.latent_cost) == 0
    times = torch.tensor([2])
    run.network.render(times)
    with torch.autocast("cpu", torch.bfloat16, enabled=run.network.autocast):
        made = run.network.encode(times)
    latents = torch.stack([made[name].square().mean() / 2 for name in SDMN.unsent])
    torch.testing.assert_close(run.network.latent_cost, latents.mean())
    cost = {}
    for weight in (0.0, 1.0):
        run = Attempt(
            moving_blob(), SDMN, Recipe(steps=40, embeddings="encoder", rate=None, latent_weight=weight), seed=0
        )
        train(run)
        cost[weight] = float(run.network.latent_cost)
    assert cost[1.0] < 0.5 * cost[0.0]


def test_an_enhancement_corrects_what_is_below_it() -> None:
    clip = moving_blob()
    below = (clip.float() * 0.6 + 20).byte()
    start = psnr_from_mse(float(((below.float() - clip.float()) / 255).square().mean()))
    events: list[Event] = []
    fitted = fit(clip, enhancement_config(30, 60, 8), Recipe(steps=200, rate=1e-4), events.append, FitInputs(below))
    assert fitted.psnr_db > start + 5


def test_pruning_is_not_a_collapse() -> None:
    events: list[Event] = []
    fit(moving_blob(), CONFIGS[0], Recipe(steps=320, prune=0.99, prune_at=0.5, rate=None), events.append)
    assert not [event for event in events if isinstance(event, FitRestarted)]


def test_a_collapsed_fit_starts_again_and_says_so() -> None:
    events: list[Event] = []
    with pytest.raises(FitError, match="3 seeds"):
        fit(moving_blob(), CONFIGS[0], Recipe(steps=60, optimizer="adam", learning_rate=EXPLODING_RATE), events.append)
    restarts = [event for event in events if isinstance(event, FitRestarted)]
    assert [(r.attempt, r.seed) for r in restarts] == [(2, 1), (3, 2)]
    assert all(r.reason == "the loss is not a number" for r in restarts)


@pytest.mark.slow
def test_a_stuck_fit_is_kept_after_the_last_attempt() -> None:
    events: list[Event] = []
    fit(moving_blob(), CONFIGS[0], Recipe(steps=320, optimizer="adam", learning_rate=STUCK_RATE), events.append)
    assert sum(isinstance(event, FitRestarted) for event in events) == 2


def test_the_schedule() -> None:
    recipe, steps = Recipe(steps=1000, warmup=0.1), (1, 100, 325, 500, 550, 775, 1000)
    factors = [learning_rate_factor(step, recipe) for step in steps]
    assert factors == pytest.approx([0.109, 1.0, 1.0, 1.0, 0.9, 0.45, 0.0], abs=1e-9)
    cosine = [learning_rate_factor(step, replace(recipe, schedule="cosine")) for step in steps]
    assert cosine == pytest.approx([0.109, 1.0, 0.8535533906, 0.5868240888, 0.5, 0.1464466094, 0.0], abs=1e-9)


def test_latent_noise_falls_in_the_middle_half() -> None:
    recipe = Recipe(steps=100, latent_noise=0.8)
    assert [latent_deviation(step, recipe) for step in (1, 25, 50, 75, 100)] == pytest.approx([0.8, 0.8, 0.4, 0, 0])


def test_presets() -> None:
    assert [preset_steps(name, 100, 1) for name in ("draft", "fast", "medium", "slow", "placebo")] == [
        1000,
        3000,
        10000,
        30000,
        100000,
    ]
    assert preset_steps("draft", 1, 1) == 600
    assert preset_steps("medium", 100, 4) == 2500


@pytest.mark.parametrize(
    "bad",
    [{"steps": 0}, {"batch": 0}, {"prune": 1.0}, {"learning_rate": 0.0}, {"seed": -1}, {"bits": 1}, {"rate": -1.0}],
)
def test_impossible_recipes(bad: dict[str, float]) -> None:
    with pytest.raises(RequestError):
        Recipe(**({"steps": 1} | bad))  # type: ignore[arg-type]


def test_where_memory_is_short_batches_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    step, events, recipe = Attempt.step, list[Event](), Recipe(steps=20, batch=4, rate=None)

    def short(self: Attempt, number: int, times: Tensor) -> bool:
        if len(times) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return step(self, number, times)

    monkeypatch.setattr(Attempt, "step", short)
    fitted = fit(moving_blob(), CONFIGS[0], recipe, events.append)
    assert [event.batch for event in events if isinstance(event, BatchHalved)] == [2]
    expected = fit(moving_blob(), CONFIGS[0], replace(recipe, batch=2, steps=40))
    assert fitted.psnr_db == expected.psnr_db
    monkeypatch.setattr(Attempt, "step", lambda *others: (_ for _ in ()).throw(torch.OutOfMemoryError()))
    with pytest.raises(ResourceError, match="does not hold a step of one frame"):
        fit(moving_blob(), CONFIGS[0], recipe)


@pytest.mark.gpu
@pytest.mark.parametrize("captured", [True, False])
def test_a_fit_on_cuda_learns_too(captured: bool) -> None:
    clip = moving_blob()
    fitted = fit(clip.cuda(), CONFIGS[1], Recipe(steps=300, rate=1e-4, captured=captured))
    assert psnr_of(fitted, CONFIGS[1], clip) > constant_picture_psnr(clip) + 4
