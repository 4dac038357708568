import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nervcodec.models.catalogue import model_name
from nervcodec.models.config import PyramidConfig
from nervcodec.models.domains import for_domain
from nervcodec.models.enhancement.sizing import enhancement_config
from nervcodec.models.ffnerv.sizing import ffnerv_config
from nervcodec.training.attempt import Attempt
from nervcodec.training.capturing import WARM_STEPS, CapturingRunner
from nervcodec.training.network import FitInputs
from nervcodec.training.recipe import Recipe
from tests.training.blobs import CONFIGS, SDMN, moving_blob, train
from tests.training.recording import Recorder, recorded

CPU = torch.device("cpu")
MODELS = [*CONFIGS, SDMN, ffnerv_config(30, 60, 8), enhancement_config(30, 60, 8)]
CHARGED = Recipe(steps=40, rate=1e-4, quantize_at=0.0, rate_every=2, batch=2)
"""Bits are charged in every second step."""


def attempt_at(config: PyramidConfig, recipe: Recipe, clip: Tensor | None = None) -> Attempt:
    clip = moving_blob() if clip is None else clip
    below = clip // 2 if model_name(config) == "een" else None
    return Attempt(clip.contiguous(memory_format=torch.channels_last), config, recipe, 0, FitInputs(below))


def steady(attempt: Attempt, begun: int = 4) -> list[Callable[[], bool]]:
    """The next two steps of an attempt in which some have been taken."""
    steps = attempt.steps_to_come()
    for _ in range(begun):
        attempt.step(*next(steps))
    return [lambda s=s: attempt.step(*s) for s in (next(steps), next(steps))]  # type: ignore[misc]


@pytest.mark.usefixtures("arithmetic")
@pytest.mark.parametrize("config", MODELS, ids=model_name)
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"optimizer": "adam"},
        {"optimizer": "adan", "rate": None},
        {"branches": True, "prune": 0.1, "prune_at": 0.05},
        {"embeddings": "encoder", "rate": None, "latent_noise": 0.5},
    ],
)
def test_no_step_waits_for_a_gpu(
    config: PyramidConfig, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if change.get("embeddings") == "encoder" and model_name(config) in ("ffnerv", "een"):
        pytest.skip("the model has no encoder")
    attempt = attempt_at(config, replace(CHARGED, **change))
    for take in steady(attempt):
        with recorded(monkeypatch) as (recording, read):
            take()
        assert len(recording.calls) > 100
        assert recording.waits() == []
        assert read == []
        assert recording.wide() == []


def test_planes_and_masks_do_not_have_a_step_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    halves = moving_blob()[:, :, ::2, ::2]
    masks = torch.zeros(4, 1, 15, 30, dtype=torch.bool)
    masks[:, :, :5] = True
    planes, config = torch.cat([halves, halves], dim=1), for_domain("yuv420", CONFIGS[1])
    attempt = Attempt(planes, config, CHARGED, 0, FitInputs(masks=masks))
    for take in steady(attempt):
        with recorded(monkeypatch) as (recording, read):
            take()
        assert (recording.waits(), read, recording.wide()) == ([], [], [])


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(),
        lambda x: x.cpu(),
        lambda x: x.flatten()[:2].tolist(),
        lambda x: x[x > 0],
        lambda x: x.unique(),
        lambda x: x * torch.tensor([2.0]),
        lambda x: bool(x.sum() > 0),
        lambda x: x.to("cpu"),
    ],
)
def test_a_step_that_reads_a_number_is_noticed(
    read: Callable[[Tensor], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = attempt_at(CONFIGS[0], CHARGED)
    take, errors = steady(attempt)[0], attempt.network.errors

    def reading(frames: Tensor, times: Tensor) -> Tensor:
        read(frames)
        return errors(frames, times)

    monkeypatch.setattr(attempt.network, "errors", reading)
    with recorded(monkeypatch) as (recording, methods):
        take()
    assert recording.waits() or methods


def trained(config: PyramidConfig, recipe: Recipe, recorder: Recorder, warm: int) -> Attempt:
    attempt = attempt_at(config, recipe)
    attempt.runner = CapturingRunner(CPU, recorder, warm)
    train(attempt)
    return attempt


@pytest.mark.parametrize(
    ("config", "change"),
    [*((config, {}) for config in MODELS), (SDMN, {"embeddings": "encoder", "latent_noise": 0.5, "quantize_at": 0.5})],
)
def test_graphs_do_what_the_steps_do(
    config: PyramidConfig, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nervcodec.training.tradeoff.RATE_FITS", 4)
    recipe = Recipe(steps=48, rate=1e-4, rate_every=2, batch=3, prune=0.1, prune_at=0.4, target_bits=2e4, **change)
    recorders = Recorder(), Recorder()
    graphs, steps = (
        trained(config, recipe, recorder, warm) for recorder, warm in zip(recorders, (1, 1000), strict=True)
    )
    assert recorders[0].replayed >= 15
    assert recorders[1].replayed == 0
    for (name, one), (_, other) in zip(graphs.network.tensors().items(), steps.network.tensors().items(), strict=True):
        assert torch.equal(one, other), name
    assert graphs.psnr_db() == steps.psnr_db()
    assert graphs.result().estimated_bits == steps.result().estimated_bits


def test_numbers_and_indices_stay_where_they_are() -> None:
    runner = CapturingRunner(CPU, Recorder())
    first = runner.number("rate", 0.5)
    assert runner.number("rate", 0.25) is first
    assert float(first) == 0.25
    held = runner.indices(torch.tensor([3, 1]))
    assert runner.indices(torch.tensor([0, 2])) is held
    assert held.tolist() == [0, 2]
    assert runner.indices(torch.tensor([5])).tolist() == [5]


def test_a_version_is_captured_after_some_steps_and_dropped_for_the_next() -> None:
    recorder, total = Recorder(), torch.zeros(())
    runner = CapturingRunner(CPU, recorder)
    for version in range(2):
        for number in range(WARM_STEPS + 5):
            runner.run("kind", version, lambda: total.add_(1))  # type: ignore[arg-type]
            assert recorder.captured == version + (number >= WARM_STEPS)
    assert total == 2 * (WARM_STEPS + 5)


def test_a_step_that_cannot_be_captured_is_taken_and_this_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Recorder):
        def capture(self, step: Callable[[], None]) -> Callable[[], None]:
            raise RuntimeError("operation not permitted when stream is capturing")

    taken: list[int] = []
    runner = CapturingRunner(CPU, Failing())
    with caplog.at_level(logging.WARNING):
        for number in range(3 * WARM_STEPS):
            runner.run(number % 2, 0, lambda: taken.append(1))
    assert len(taken) == 3 * WARM_STEPS
    assert [record.message for record in caplog.records] == [
        "a step cannot be captured and is taken order by order: operation not permitted when stream is capturing"
    ]


@pytest.mark.gpu
@pytest.mark.parametrize("config", MODELS, ids=model_name)
def test_on_cuda_no_step_waits_and_all_are_captured(config: PyramidConfig, caplog: pytest.LogCaptureFixture) -> None:
    clip = moving_blob().cuda()
    eager, captured = (attempt_at(config, replace(CHARGED, captured=on), clip) for on in (False, True))
    for take in steady(eager):
        torch.cuda.set_sync_debug_mode("error")
        try:
            take()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    train(captured)
    assert isinstance(captured.runner, CapturingRunner)
    assert captured.runner.recorder is not None
    assert caplog.records == []
    assert torch.isfinite(captured.measured()).all()
