"""A fit that is interrupted at any moment and taken up again ends with the same numbers as one that was not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nervcodec.events import Event, FitRestarted, FitResumed, StepDone
from nervcodec.models.config import PyramidConfig
from nervcodec.training import fit as fit_module
from nervcodec.training.attempt import Fitted
from nervcodec.training.checkpoint import Keeper, State, load_checkpoint, save_checkpoint
from nervcodec.training.fit import fit
from nervcodec.training.network import CLIP_ALONE, FitInputs
from nervcodec.training.recipe import Recipe
from tests.training.blobs import CONFIGS, SDMN, STUCK_RATE, moving_blob

RATE = Recipe(steps=60, rate=1e-4)
NO_WAIT = -1.0
"""Seconds between two reports with which every step is reported."""

pytestmark = pytest.mark.usefixtures("arithmetic")


class Stop(BaseException):
    """Somebody pulls the plug."""


def interrupted(
    path: Path, config: PyramidConfig, recipe: Recipe, moments: tuple[int, ...], inputs: FitInputs = CLIP_ALONE
) -> Fitted:
    """The fit that a keeper brings to its end, stopped after some of its steps."""
    for moment in moments:

        def stop(event: Event, moment: int = moment) -> None:
            if isinstance(event, StepDone) and event.step >= moment:
                raise Stop

        with pytest.raises(Stop):
            fit(moving_blob(), config, recipe, stop, inputs, Keeper(path))
    return fit(moving_blob(), config, recipe, inputs=inputs, keeper=Keeper(path))


def same(one: Fitted, other: Fitted) -> bool:
    """Whether two fits ended with the same numbers."""
    tensors = one.tensors.keys() == other.tensors.keys() and all(
        np.array_equal(t.symbols, other.tensors[n].symbols) and t.steps == other.tensors[n].steps
        for n, t in one.tensors.items()
    )
    return tensors and (one.psnr_db, one.estimated_bits) == (other.psnr_db, other.estimated_bits)


@pytest.fixture(autouse=True)
def every_step_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_module, "REPORT_SECONDS", NO_WAIT)


@pytest.mark.parametrize(
    ("config", "recipe", "moments"),
    [
        (CONFIGS[1], RATE, (3, 6, 40, 59)),
        (CONFIGS[1], replace(RATE, prune=0.3, target_bits=9000.0, batch=3), (1, 41, 42)),
        (CONFIGS[0], replace(RATE, optimizer="adam"), (7,)),
        (CONFIGS[0], replace(RATE, optimizer="adan"), (30,)),
        (CONFIGS[1], replace(RATE, embeddings="encoder"), (4, 30)),
        (SDMN, replace(RATE, latent_noise=0.1, steps=24), (10,)),
        (SDMN, Recipe(steps=24, rate=None, branches=True, prune=0.1, embeddings="encoder"), (8, 20)),
    ],
    ids=["rate", "pruned", "adam", "adan", "encoder", "noise", "paper"],
)
def test_a_resumed_fit_is_the_uninterrupted_one(
    tmp_path: Path, config: PyramidConfig, recipe: Recipe, moments: tuple[int, ...]
) -> None:
    made = interrupted(tmp_path / "fit.safetensors", config, recipe, moments)
    assert same(made, fit(moving_blob(), config, recipe))


def test_a_fit_that_starts_from_another_is_resumed_too(tmp_path: Path) -> None:
    before = FitInputs(before=fit(moving_blob(), CONFIGS[1], replace(RATE, seed=1)).tensors)
    made = interrupted(tmp_path / "fit.safetensors", CONFIGS[1], RATE, (30,), before)
    assert same(made, fit(moving_blob(), CONFIGS[1], RATE, inputs=before))
    assert not same(made, fit(moving_blob(), CONFIGS[1], RATE))


@pytest.mark.slow
def test_a_second_attempt_is_resumed_as_such(tmp_path: Path) -> None:
    hopeless = Recipe(steps=320, optimizer="adam", learning_rate=STUCK_RATE)
    restarts: list[Event] = []

    def watch(event: Event) -> None:
        if isinstance(event, FitRestarted):
            restarts.append(event)
        if restarts and isinstance(event, StepDone) and event.step == 10:
            raise Stop

    path = tmp_path / "fit.safetensors"
    with pytest.raises(Stop):
        fit(moving_blob(), CONFIGS[0], hopeless, watch, keeper=Keeper(path))
    state = load_checkpoint(path)
    assert state
    assert state.numbers["seed"] == 1
    assert same(fit(moving_blob(), CONFIGS[0], hopeless, keeper=Keeper(path)), fit(moving_blob(), CONFIGS[0], hopeless))


def test_a_finished_fit_takes_no_step_again(tmp_path: Path) -> None:
    first = fit(moving_blob(), CONFIGS[1], RATE, keeper=Keeper(tmp_path / "fit.safetensors"))
    events: list[Event] = []
    again = fit(moving_blob(), CONFIGS[1], RATE, events.append, keeper=Keeper(tmp_path / "fit.safetensors"))
    assert same(first, again)
    assert [type(event) for event in events] == [FitResumed]


def test_a_state_is_kept_every_so_many_seconds_and_belongs_to_its_fit(tmp_path: Path) -> None:
    path = tmp_path / "fit.safetensors"
    kept: list[bool] = []
    fit(moving_blob(), CONFIGS[1], RATE, lambda event: kept.append(path.exists()), keeper=Keeper(path, seconds=0.0))
    assert all(kept)
    other = replace(RATE, seed=5)
    assert same(fit(moving_blob(), CONFIGS[1], other, keeper=Keeper(path)), fit(moving_blob(), CONFIGS[1], other))


def test_states_come_back_as_they_were_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state"
    tensors = {"a": torch.randn(3, 4).t(), "b c": torch.arange(5, dtype=torch.int32)}
    save_checkpoint(path, State({"step": 3, "x": [0.1, float("-inf")]}, tensors))
    state = load_checkpoint(path)
    assert state
    assert state.numbers == {"step": 3, "x": [0.1, float("-inf")]}
    assert all(torch.equal(state.tensors[name], tensor) for name, tensor in tensors.items())
    data = path.read_bytes()
    for position in range(0, len(data), 7):
        path.write_bytes(data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :])
        assert load_checkpoint(path) is None
        path.write_bytes(data[:position])
        assert load_checkpoint(path) is None
    path.unlink()
    assert load_checkpoint(path) is None
