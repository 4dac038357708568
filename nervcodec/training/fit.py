"""Overfit a network to a clip."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from time import monotonic

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from nervcodec.errors import FitError
from nervcodec.events import FitRestarted, Observer, StepDone, ignore
from nervcodec.models.config import HNeRVConfig
from nervcodec.quantization import QuantizedTensor, quantize_to_bits
from nervcodec.training.losses import LOSSES
from nervcodec.training.network import ALONE, Beside, Network
from nervcodec.training.optimizers import build_optimizers
from nervcodec.training.pruning import apply_masks, magnitude_masks
from nervcodec.training.recipe import Recipe
from nervcodec.training.schedule import latent_deviation, learning_rate_factor, passes
from nervcodec.training.tradeoff import RATE_FITS, RateTerm
from nervcodec.training.watchdog import Watchdog, constant_picture_psnr, psnr_from_mse

ATTEMPTS = 3
"""Seeds that are tried before a collapsed fit is taken as it is."""
SHORTEST_PASS = 50
"""Steps between two looks of the watchdog, at least."""
REPORT_SECONDS = 0.1
"""Reading the loss stops a GPU, so it is read no more often than this."""
LEAST_BIAS_BITS = 8
"""Biases are few and each moves a whole channel, so after a fit they never get fewer bits than this (ours)."""
TIMED_STEPS = 24
EMPTY = -1.0
"""Stands where no error has been measured yet."""


@dataclass(frozen=True)
class Fitted:
    """What comes out of a fit: all that a file holds."""

    tensors: dict[str, QuantizedTensor]
    """Embeddings and weights by name."""
    psnr_db: float
    """Mean over frames, in the precision of the fit; of the quantized network if the fit quantizes."""
    estimated_bits: float | None
    """What the rate model charges for all tensors; None for a fit without one."""


class _Collapsed(Exception):
    """A reason to start again with another seed."""


def fit(
    clip: Tensor,
    config: HNeRVConfig,
    recipe: Recipe,
    device: torch.device,
    observe: Observer = ignore,
    beside: Beside = ALONE,
) -> Fitted:
    """Fit a decoder and embeddings to a clip.

    clip: `[T, 3, H, W]`, uint8, of the picture's own size; padding to the network's grid happens here.

    Raises FitError when no seed leads to finite numbers.
    """
    clip = clip.to(device).contiguous(memory_format=torch.channels_last)
    beside = beside.to(device)
    constant_db = constant_picture_psnr(clip)
    reason = ""
    for attempt in range(ATTEMPTS):
        seed = recipe.seed + attempt
        if attempt:
            observe(FitRestarted(attempt=attempt + 1, seed=seed, reason=reason))
        watchdog = Watchdog(constant_db, recipe.steps)
        if attempt == ATTEMPTS - 1:
            watchdog.rest()
        run = _Fit(clip, config, recipe, seed, beside)
        try:
            run.train(watchdog, observe)
        except _Collapsed as collapse:
            reason = str(collapse)
            continue
        return run.result()
    raise FitError(f"the fit failed with {ATTEMPTS} seeds: {reason}; a lower learning rate may help")


def time_fit(
    clip: Tensor,
    config: HNeRVConfig,
    recipe: Recipe,
    device: torch.device,
    beside: Beside = ALONE,
) -> tuple[float, float]:
    """Seconds that a step takes, and that a whole fit spends on its rate model; measured on a fit of its own."""
    clip = clip.to(device).contiguous(memory_format=torch.channels_last)
    beside = beside.to(device)
    run = _Fit(clip, config, replace(recipe, quantize_at=0.0), recipe.seed, beside)
    half = monotonic()
    for step, times in zip(range(1, TIMED_STEPS + 1), run.batches(), strict=False):
        run.step(step, times)
        float(run.errors[times[0]])  # a GPU is waited for
        half = monotonic() if step == TIMED_STEPS // 2 else half
    end = monotonic()
    if run.rate:
        run.rate.model.fit(run.rate.symbols())
    return 2 * (end - half) / TIMED_STEPS, RATE_FITS * (monotonic() - end)


class _Fit:
    """One attempt: network, optimizers and the order of the frames, all from one seed."""

    def __init__(self, clip: Tensor, config: HNeRVConfig, recipe: Recipe, seed: int, beside: Beside = ALONE) -> None:
        self.recipe = recipe
        self.order = torch.Generator().manual_seed(seed)
        self.noise = torch.Generator(clip.device).manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = Network(clip, config, recipe, self.noise, beside)
        self.precision = torch.bfloat16 if self.network.autocast else torch.float32
        self.optimizers: list[tuple[Optimizer, float]] = []
        self._optimize(
            *build_optimizers(self.network.modules, self.network.embeddings.values(), recipe, self.precision)
        )
        self.clipped = [p for o, _ in self.optimizers for group in o.param_groups for p in group["params"]]
        self.masks: list[tuple[Tensor, Tensor]] = []
        self.rate: RateTerm | None = None
        self.errors = torch.full((len(clip),), EMPTY, device=clip.device)

    def train(self, watchdog: Watchdog, observe: Observer) -> None:
        """All steps of the recipe.

        Raises _Collapsed when the watchdog has a reason to.
        """
        recipe = self.recipe
        look = max(ceil(len(self.errors) / recipe.batch), SHORTEST_PASS)
        last_report = float("-inf")
        for step, times in zip(range(1, recipe.steps + 1), self.batches(), strict=False):
            if self.step(step, times):
                watchdog.rest()
            if self.rate:
                self.rate.follow(step)
            if step == recipe.steps:
                self._measure()
            if step % look == 0 or step == recipe.steps:
                reason = watchdog(step, psnr_from_mse(float(self._measured().mean())))
                if reason:
                    raise _Collapsed(reason)
            if monotonic() - last_report > REPORT_SECONDS or step == recipe.steps:
                last_report = monotonic()
                observe(StepDone(step=step, steps=recipe.steps, psnr_db=self._psnr(), estimated_bytes=self._bytes()))

    def result(self) -> Fitted:
        """Quantized tensors as they stand."""
        self.network.settle()
        if self.rate:
            return Fitted(self.rate.symbols(), self._psnr(), self.rate.bits)
        quantized = {name: self._quantized(name, tensor) for name, tensor in self.network.tensors().items()}
        return Fitted(quantized, self._psnr(), None)

    def _quantized(self, name: str, tensor: Tensor) -> QuantizedTensor:
        """After the fit, by range."""
        values = tensor.detach().float().cpu().contiguous()
        bits = self.recipe.bits if values.ndim > 1 else max(self.recipe.bits, LEAST_BIAS_BITS)
        return quantize_to_bits(values, bits, by_channel=name not in self.network.embeddings)

    def step(self, step: int, times: Tensor) -> bool:
        """What is due at a step, then the step; whether the picture may have suffered from the former."""
        suffers = self._change(step)
        if suffers:
            self.errors.fill_(EMPTY)
        self._set_rates(step)
        self.network.latent_deviation = latent_deviation(step, self.recipe)
        self._step(step, times)
        return suffers

    def _step(self, step: int, times: Tensor) -> None:
        """One optimizer step on the frames at `times`; notes their squared errors before it."""
        frames = self.network.seen(self.network.render(times), times)
        errors = self.network.errors(frames, times)
        self.errors[times] = errors.detach()
        loss = (
            errors.mean() if self.recipe.loss == "l2" else LOSSES[self.recipe.loss](frames, self.network.target(times))
        )
        loss = loss + self.recipe.latent_weight * self.network.latent_cost
        if self.rate:
            loss = loss + self.rate(step)
        for optimizer, _ in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.clipped, self.recipe.clip_norm)
        for optimizer, _ in self.optimizers:
            optimizer.step()
        apply_masks(self.masks)

    def _change(self, step: int) -> bool:
        """What happens at certain steps only; whether the picture may have suffered from it."""
        recipe, steps = self.recipe, self.recipe.steps
        prunes = recipe.prune > 0 and step == max(1, int(recipe.prune_at * steps))
        if prunes:
            self.network.fold()
            weights = [p for p in self.network.decoder.parameters() if p.ndim > 1]
            self.masks = magnitude_masks(weights, recipe.prune)
            apply_masks(self.masks)
        if recipe.rate is not None and step == max(1, int(recipe.quantize_at * steps)):
            self._quantize(recipe.rate)
        return prunes

    def _quantize(self, rate: float) -> None:
        network, recipe = self.network, self.recipe
        if network.encoder:
            network.settle()
            embeddings = network.embeddings.values()
            self._optimize(*build_optimizers([], embeddings, recipe, self.precision))
            self.clipped += embeddings
        self.rate = RateTerm(network, recipe, rate, self.noise)
        self._optimize(Adam([self.rate.quantizer.log_steps], lr=recipe.step_rate))

    @torch.no_grad()
    def _measure(self) -> None:
        """Squared errors of all frames as the network is now."""
        for times in torch.split(torch.arange(len(self.errors), device=self.errors.device), self.recipe.batch):
            self.errors[times] = self.network.errors(self.network.seen(self.network.render(times), times), times)

    def _optimize(self, *optimizers: Optimizer) -> None:
        """Take on more optimizers, at their peak rates."""
        self.optimizers += [(o, group["lr"]) for o in optimizers for group in o.param_groups]

    def _set_rates(self, step: int) -> None:
        factor = learning_rate_factor(step, self.recipe)
        for optimizer, peak in self.optimizers:
            optimizer.param_groups[0]["lr"] = factor * peak

    def batches(self) -> Iterator[Tensor]:
        for times in passes(len(self.errors), self.recipe.batch, self.order):
            yield times.to(self.errors.device)

    def _measured(self) -> Tensor:
        """Squared errors of the frames at their last visit."""
        return self.errors[~(self.errors < 0)]

    def _psnr(self) -> float:
        errors = self._measured().cpu().tolist()
        return sum(map(psnr_from_mse, errors)) / len(errors)

    def _bytes(self) -> int | None:
        return ceil(self.rate.bits / 8) if self.rate else None
