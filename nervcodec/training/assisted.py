"""Fits embeddings for frames that a network was not fitted to, so that it makes these frames better.

The papers' encoders make such embeddings of the very frames that are to be interpolated (HNeRV, section 4.3; DNeRV,
supplement, section 8.1), and count no bits for them. Ours are fitted to these frames, quantized and charged as in any
fit, while weights and the embeddings of all other frames do not change.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nervcodec.events import AssistStarted, FitResumed, Observer, StepDone, ignore
from nervcodec.models.config import PyramidConfig
from nervcodec.models.grids import at_moments
from nervcodec.models.networks import build_decoder
from nervcodec.quantization import STEP_TABLE, QuantizedTensor, dequantize
from nervcodec.samples import to_unit
from nervcodec.timeline import Timeline
from nervcodec.training.checkpoint import Keeper, State, optimizer_state, restore_optimizers, resumable
from nervcodec.training.loop import after_step, minimise, steps_to_come
from nervcodec.training.losses import bit_weight, seen_shares, squared_errors, with_masks
from nervcodec.training.optimizers import Adam
from nervcodec.training.quantizing import Quantizer, quantized
from nervcodec.training.rate import RateModel
from nervcodec.training.recipe import Recipe
from nervcodec.training.schedule import learning_rate_factor
from nervcodec.training.tradeoff import steps_between_fits
from nervcodec.training.watchdog import psnr_from_mse

PEAK_RATE = 3e-2
"""Peak rate of Adam for embeddings of a network that does not change (ours, docs/experiments.md)."""


@dataclass(frozen=True)
class Missing:
    """The frames that a network was not fitted to."""

    frames: Tensor
    """Samples `[M, C, H, W]`, on the device of the fit."""
    masks: Tensor | None
    """Bool, in the shape of `frames` or with one channel: samples that are missing, and filled in `frames`."""
    timeline: Timeline
    """Positions of the frames that the network was fitted to."""


def fit_missing(
    missing: Missing,
    config: PyramidConfig,
    tensors: Mapping[str, QuantizedTensor],
    recipe: Recipe,
    observe: Observer = ignore,
    keeper: Keeper | None = None,
) -> dict[str, QuantizedTensor]:
    """The tensors of a network that was fitted to some frames of a video, with embeddings completed for all frames.

    Each frame of the network must depend on its own rows of the embeddings only. The squared error is minimised,
    whatever the loss of the recipe. With a keeper, the fit continues from the state that was kept, as `fit` does.
    """
    run, count = _Fit(missing, config, tensors, recipe), len(missing.frames)
    order = torch.Generator(missing.frames.device).manual_seed(recipe.seed)
    observe(AssistStarted(frames=count, steps=recipe.steps))
    state = resumable(keeper, run.identity)
    if state:
        run.restore(state)
        observe(FitResumed(run.done, recipe.steps))
    for step, times in steps_to_come(run.done, recipe, count, order):
        run.step(step, times)
        with after_step(keeper, run.state, last=step == recipe.steps):
            observe(StepDone(step=step, steps=recipe.steps, psnr_db=run.psnr_db, estimated_bytes=None))
    return {**tensors, **run.symbols()}


class _Fit:
    """The fit of the embeddings of missing frames, beside fixed embeddings of the other frames."""

    def __init__(
        self, missing: Missing, config: PyramidConfig, tensors: Mapping[str, QuantizedTensor], recipe: Recipe
    ) -> None:
        self.missing, self.recipe, device = missing, recipe, missing.frames.device
        timeline, kept = missing.timeline, {name: tensors[name] for name in config.embeddings}
        self.decoder = build_decoder(config).requires_grad_(False)
        self.decoder.load_state_dict({n: dequantize(tensors[n]) for n, _ in self.decoder.named_parameters()})
        self.decoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.fixed = {name: dequantize(tensor).to(device) for name, tensor in kept.items()}
        moments = tuple(timeline.moments(timeline.missing))
        self.free = {name: at_moments(rows, moments).requires_grad_() for name, rows in self.fixed.items()}
        self.order = torch.tensor([*timeline.positions, *timeline.missing], device=device).argsort()
        self.quantizer = Quantizer({name: float(STEP_TABLE[t.steps[0]]) for name, t in kept.items()}, device)
        self.optimizer = Adam(self.free.values(), PEAK_RATE)
        self.noise = torch.Generator(device).manual_seed(recipe.seed)
        self.rate = None if recipe.rate is None else RateModel(self.quantizer, set(kept), self.symbols())
        self.shares = seen_shares(missing.frames, missing.masks)
        self.errors = torch.full((len(missing.frames),), torch.nan, device=device)
        self.identity, self.done = repr((config, recipe, device.type)), 0

    def state(self) -> State:
        """Everything that changes from step to step."""
        kept = self.rate.state() if self.rate else State({}, {})
        tensors = {"errors": self.errors, **self.free, **optimizer_state([self.optimizer]), **kept.tensors}
        noise = self.noise.get_state().tolist()
        return State({"step": self.done, "noise": noise, "plan": self.identity, **kept.numbers}, tensors)

    @torch.no_grad()
    def restore(self, state: State) -> None:
        """The inverse of `state`, for a fit that has just begun."""
        self.done = state.numbers["step"]
        for name, tensor in {"errors": self.errors, **self.free}.items():
            tensor.copy_(state.tensors[name])
        restore_optimizers([self.optimizer], state.tensors)
        self.noise.set_state(torch.tensor(state.numbers["noise"], dtype=torch.uint8))
        if self.rate:
            self.rate.restore(state)

    def step(self, step: int, times: Tensor) -> None:
        """One optimizer step on some of the missing frames."""
        errors = self._errors(times)
        self.errors[times] = errors.detach()
        loss = errors.mean() + self._charge(step)
        self.optimizer.rate = PEAK_RATE * learning_rate_factor(step, self.recipe)
        minimise(loss, [self.optimizer])
        self.done = step

    def symbols(self) -> dict[str, QuantizedTensor]:
        """The quantized embeddings of all frames, in the order of the video."""
        return self.quantizer.symbols(self._embeddings())

    @property
    def psnr_db(self) -> float:
        """Mean PSNR in dB over the missing frames that had a step, each as of its last step."""
        errors = self.errors[~self.errors.isnan()].tolist()
        return sum(map(psnr_from_mse, errors)) / len(errors)

    def _errors(self, times: Tensor) -> Tensor:
        """Mean squared errors of frames as a decoder makes them, over the pixels that are not missing."""
        target, (height, width) = to_unit(self.missing.frames[times]), self.missing.frames.shape[2:]
        steps = self.quantizer.steps()
        rows = {name: quantized(free[times], steps[name].detach()) for name, free in self.free.items()}
        made = self.decoder(rows, torch.arange(len(times), device=times.device))[:, :, :height, :width]
        masks = None if self.missing.masks is None else self.missing.masks[times]
        return squared_errors(with_masks(made, target, masks), target) / self.shares[times]

    def _charge(self, step: int) -> Tensor | float:
        """Weighted bits of all embeddings: zero in most steps, and scaled up in the others (see `RateTerm`)."""
        recipe = self.recipe
        if self.rate is None or recipe.rate is None:
            return 0.0
        if step % steps_between_fits(recipe) == 0:
            self.rate.fit(self.symbols())
        if step % recipe.rate_every:
            return 0.0
        weight = recipe.rate_every * bit_weight(recipe.rate, self.missing.frames)
        return weight * self.rate.bits(self._embeddings(), self.noise)

    def _embeddings(self) -> dict[str, Tensor]:
        return {name: torch.cat([fixed, self.free[name]])[self.order] for name, fixed in self.fixed.items()}
