"""Overfits a network to a clip."""

from dataclasses import replace
from functools import partial
from itertools import islice
from math import ceil
from time import monotonic

import torch
from torch import Tensor

from nervcodec.errors import FitError, ResourceError
from nervcodec.events import BatchHalved, FitRestarted, FitResumed, Observer, StepDone, ignore
from nervcodec.models.config import PyramidConfig
from nervcodec.training.attempt import Attempt, Fitted
from nervcodec.training.checkpoint import Keeper, State, resumable
from nervcodec.training.loop import after_step
from nervcodec.training.network import CLIP_ALONE, FitInputs
from nervcodec.training.recipe import Recipe
from nervcodec.training.tradeoff import RATE_FITS
from nervcodec.training.watchdog import Watchdog, constant_picture_psnr, psnr_from_mse

ATTEMPTS = 3
"""Number of seeds that are tried before a collapsed fit is taken as it is."""
SHORTEST_PASS = 50
"""Fewest steps between two checks by the watchdog."""
REPORT_SECONDS = 0.1
"""Fewest seconds between two readings of the loss, each of which stops a GPU."""
TIMED_STEPS, LEAST_TIMED_STEPS, TIMED_SECONDS = 24, 4, 10.0
"""Most and fewest steps of a timed fit, and the seconds after which it ends early; its second half is timed."""


class _Collapsed(Exception):
    """The fit has collapsed and must start again with another seed."""


def fit(
    clip: Tensor,
    config: PyramidConfig,
    recipe: Recipe,
    observe: Observer = ignore,
    inputs: FitInputs = CLIP_ALONE,
    keeper: Keeper | None = None,
) -> Fitted:
    """Fit a decoder and embeddings to a clip, on its device.

    clip: samples `[T, C, H, W]`, of the picture's own size; padding to the network's grid happens here.
    keeper: keeps the state of the fit, which continues from there if the keeper has a state of the same fit. An error
    that `observe` raises ends the fit after its state is kept.

    If a GPU's memory does not hold a step, the fit starts over with half the frames in a step, and twice the steps.

    Raises FitError if no seed leads to finite numbers, OutputError if a state cannot be kept, ResourceError if the
    memory does not even hold a step of one frame.
    """
    try:
        return _fit(clip, config, recipe, observe, inputs, keeper)
    except torch.OutOfMemoryError as error:
        if recipe.batch == 1:
            raise ResourceError("the GPU's memory does not hold a step of one frame") from error
    halved = replace(recipe, batch=recipe.batch // 2, steps=2 * recipe.steps)
    observe(BatchHalved(halved.batch))
    return fit(clip, config, halved, observe, inputs, keeper)


def _fit(
    clip: Tensor,
    config: PyramidConfig,
    recipe: Recipe,
    observe: Observer,
    inputs: FitInputs,
    keeper: Keeper | None,
) -> Fitted:
    """Fit a decoder and embeddings to a clip, with the number of frames in a step that the recipe says."""
    clip = clip.contiguous(memory_format=torch.channels_last)
    inputs = inputs.to(clip.device)
    fitting = _Fitting(recipe, repr((config, recipe, clip.device.type)), observe, keeper)
    constant_db = constant_picture_psnr(clip)
    begun, reason = resumable(keeper, fitting.identity), ""
    for number in range(begun.numbers["seed"] - recipe.seed if begun else 0, ATTEMPTS):
        seed = recipe.seed + number
        if number and not begun:
            observe(FitRestarted(attempt=number + 1, seed=seed, reason=reason))
        watchdog = Watchdog(constant_db, recipe.steps)
        if number == ATTEMPTS - 1:
            watchdog.rest()
        attempt = Attempt(clip, config, recipe, seed, inputs)
        if begun:
            attempt.restore(begun)
            watchdog.restore(begun.numbers["watchdog"])
            observe(FitResumed(attempt.done, recipe.steps))
            begun = None
        try:
            fitting.run(attempt, watchdog)
        except _Collapsed as collapse:
            reason = str(collapse)
            continue
        return attempt.result()
    raise FitError(f"the fit failed with {ATTEMPTS} seeds: {reason}; a lower learning rate may help")


def time_fit(
    clip: Tensor, config: PyramidConfig, recipe: Recipe, inputs: FitInputs = CLIP_ALONE
) -> tuple[float, float]:
    """Seconds that a step takes, and that a whole fit spends on its rate model; measured on a separate short fit."""
    clip = clip.contiguous(memory_format=torch.channels_last)
    timed = replace(recipe, quantize_at=0.0, steps=max(recipe.steps, TIMED_STEPS))
    attempt = Attempt(clip, config, timed, recipe.seed, inputs.to(clip.device))
    ends = [monotonic()]
    for step, times in islice(attempt.steps_to_come(), TIMED_STEPS):
        attempt.step(step, times)
        float(attempt.errors[times[0]])  # waits for a GPU
        ends.append(monotonic())
        if ends[-1] - ends[0] > TIMED_SECONDS and step >= LEAST_TIMED_STEPS:
            break
    half = len(ends) // 2
    if attempt.rate:
        attempt.rate.model.fit(attempt.rate.symbols())
    return (ends[-1] - ends[half]) / (len(ends) - 1 - half), RATE_FITS * (monotonic() - ends[-1])


class _Fitting:
    """Everything that the attempts at a fit share."""

    def __init__(self, recipe: Recipe, identity: str, observe: Observer, keeper: Keeper | None) -> None:
        self.recipe, self.identity, self.observe, self.keeper = recipe, identity, observe, keeper
        self.last_report = float("-inf")

    def run(self, attempt: Attempt, watchdog: Watchdog) -> None:
        """Take all steps of the recipe that an attempt has not done.

        Raises _Collapsed if the watchdog gives a reason to start again.
        """
        steps = self.recipe.steps
        look = max(ceil(len(attempt.errors) / self.recipe.batch), SHORTEST_PASS)
        for step, times in attempt.steps_to_come():
            if attempt.step(step, times):
                watchdog.rest()
            if attempt.rate:
                attempt.rate.follow(step)
            if step == steps:
                attempt.measure()
            if step % look == 0 or step == steps:
                reason = watchdog(step, psnr_from_mse(float(attempt.measured().mean())))
                if reason:
                    raise _Collapsed(reason)
            with after_step(self.keeper, partial(self._state, attempt, watchdog), last=step == steps):
                self._report(attempt)

    def _report(self, attempt: Attempt) -> None:
        step, steps = attempt.done, self.recipe.steps
        if monotonic() - self.last_report > REPORT_SECONDS or step == steps:
            self.last_report = monotonic()
            self.observe(StepDone(step, steps, attempt.psnr_db(), attempt.estimated_bytes()))

    def _state(self, attempt: Attempt, watchdog: Watchdog) -> State:
        made = attempt.state()
        return State({**made.numbers, "plan": self.identity, "watchdog": watchdog.state()}, made.tensors)
