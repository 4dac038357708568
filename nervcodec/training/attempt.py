"""One attempt at a fit: network, optimizers and the order of the frames, all from one seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch import Tensor

from nervcodec.models.config import PyramidConfig
from nervcodec.quantization import QuantizedTensor, quantize_to_bits
from nervcodec.training.capturing import runner_for
from nervcodec.training.checkpoint import State, optimizer_state, restore_optimizers
from nervcodec.training.loop import minimise, steps_to_come
from nervcodec.training.losses import LOSSES
from nervcodec.training.network import CLIP_ALONE, FitInputs, Network
from nervcodec.training.optimizers import Adam, build_optimizers
from nervcodec.training.pruning import apply_masks, magnitude_masks
from nervcodec.training.recipe import Recipe
from nervcodec.training.schedule import latent_deviation, learning_rate_factor
from nervcodec.training.tradeoff import RateTerm
from nervcodec.training.watchdog import psnr_from_mse

LEAST_BIAS_BITS = 8
"""Fewest bits of a bias that is quantized after a fit: biases are few, and each moves a whole channel (ours)."""
EMPTY = -1.0
"""Value in place of an error that has not been measured yet."""


@dataclass(frozen=True)
class Fitted:
    """Result of a fit: everything that a file holds."""

    tensors: dict[str, QuantizedTensor]
    """Embeddings and weights by name."""
    psnr_db: float
    """Mean PSNR in dB over frames, in the precision of the fit; of the quantized network if the fit quantizes."""
    estimated_bits: float | None
    """Bits that the rate model charges for all tensors; None for a fit without a rate model."""
    rate: float | None = None
    """Weight of a bit per pixel against a distortion of 1 at the end of a fit with a rate model."""


class Attempt:
    """One attempt at a fit of a clip, samples `[T, C, H, W]`."""

    def __init__(
        self, clip: Tensor, config: PyramidConfig, recipe: Recipe, seed: int, inputs: FitInputs = CLIP_ALONE
    ) -> None:
        self.recipe, self.seed, self.done, self.changes = recipe, seed, 0, 0
        self.order = torch.Generator(clip.device).manual_seed(seed)
        self.noise = torch.Generator(clip.device).manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = Network(clip, config, recipe, self.noise, inputs)
        self.runner = runner_for(clip.device, self.noise, captured=recipe.captured)
        self.precision = torch.bfloat16 if self.network.autocast else torch.float32
        embeddings = self.network.embeddings.values()
        self.optimizers = build_optimizers(self.network.modules, embeddings, recipe, self.precision)
        self.clipped = [parameter for optimizer in self.optimizers for parameter in optimizer.params]
        self.masks: list[tuple[Tensor, Tensor]] = []
        self.rate: RateTerm | None = None
        self.errors = torch.full((len(clip),), EMPTY, device=clip.device)

    def result(self) -> Fitted:
        """The result of the fit as it is now, with quantized tensors."""
        self.network.settle()
        if self.rate:
            return Fitted(self.rate.symbols(), self.psnr_db(), self.rate.bits, self.rate.rate)
        quantized = {name: self._quantized(name, tensor) for name, tensor in self.network.tensors().items()}
        return Fitted(quantized, self.psnr_db(), None)

    def state(self) -> State:
        """Everything that changes from step to step."""
        numbers: dict[str, Any] = {"step": self.done, "seed": self.seed, "noise": self.noise.get_state().tolist()}
        tensors = self._live() | optimizer_state(self.optimizers)
        if self.rate:
            kept = self.rate.model.state()
            tensors |= kept.tensors
            numbers |= {"weight": self.rate.weight, **kept.numbers}
        return State(numbers, tensors)

    @torch.no_grad()
    def restore(self, state: State) -> None:
        """The inverse of `state`, for an attempt that has just begun from the same seed."""
        numbers, tensors = state.numbers, state.tensors
        self.done = numbers["step"]
        with torch.enable_grad():
            for step in sorted({self._prune_step, self._quantize_step}):
                if step <= self.done:
                    self._change(step)
        for name, tensor in self._live().items():
            tensor.copy_(tensors[name])
        restore_optimizers(self.optimizers, tensors)
        if self.rate:
            self.rate.weight = numbers["weight"]
            self.rate.model.restore(state)
        self.noise.set_state(torch.tensor(numbers["noise"], dtype=torch.uint8))

    def _live(self) -> dict[str, Tensor]:
        """All tensors that steps change in place, by name."""
        live = {"errors": self.errors}
        for index, module in enumerate(self.network.modules):
            live |= {f"module {index} {name}": parameter for name, parameter in module.named_parameters()}
        live |= {f"embedding {name}": embedding for name, embedding in self.network.embeddings.items()}
        live |= {f"mask {index}": mask for index, (_, mask) in enumerate(self.masks)}
        return live | ({"log steps": self.rate.quantizer.log_steps} if self.rate else {})

    def _quantized(self, name: str, tensor: Tensor) -> QuantizedTensor:
        """A tensor quantized by its range, for fits that quantize at the end."""
        values = tensor.detach().float().cpu().contiguous()
        bits = self.recipe.bits if values.ndim > 1 else max(self.recipe.bits, LEAST_BIAS_BITS)
        return quantize_to_bits(values, bits, by_channel=name not in self.network.embeddings)

    def step(self, step: int, times: Tensor) -> bool:
        """Make the changes that are due at a step, then take it; returns whether they may have harmed the picture."""
        suffers = self._change(step)
        if suffers:
            self.errors.fill_(EMPTY)
        for number, optimizer in enumerate(self.optimizers):
            rate = optimizer.peak * learning_rate_factor(step, self.recipe)
            optimizer.rate = self.runner.number(f"rate {number}", rate)
        self.network.latent_deviation = latent_deviation(step, self.recipe)
        factor = self.rate.factor(step) if self.rate else None
        charge = None if factor is None else self.runner.number("factor", factor)
        tables = None if self.rate is None or charge is None else self.rate.model.fits
        seen = self.runner.indices(times)
        version = self.changes, tables, self.network.latent_deviation
        self.runner.run((len(times), tables is None), version, lambda: self._step(seen, charge))
        self.done = step
        return suffers

    def _step(self, times: Tensor, charge: float | Tensor | None) -> None:
        """One optimizer step on the frames at `times`; notes their squared errors before it.

        charge: factor of the bits in the loss; None for a step without them.
        """
        frames = self.network.seen(self.network.render(times), times)
        errors = self.network.errors(frames, times)
        self.errors[times] = errors.detach()
        loss = (
            errors.mean() if self.recipe.loss == "l2" else LOSSES[self.recipe.loss](frames, self.network.target(times))
        )
        loss = loss + self.recipe.latent_weight * self.network.latent_cost
        if self.rate and charge is not None:
            loss = loss + charge * self.rate.expected_bits()
        minimise(loss, self.optimizers, self.clipped, self.recipe.clip_norm)
        apply_masks(self.masks)

    def _change(self, step: int) -> bool:
        """Prune, or begin to quantize, if that is due at a step; returns whether it may have harmed the picture."""
        recipe = self.recipe
        prunes = recipe.prune > 0 and step == self._prune_step
        self.changes += step in (self._prune_step, self._quantize_step)
        if prunes:
            self.network.fold()
            weights = [p for p in self.network.decoder.parameters() if p.ndim > 1]
            self.masks = magnitude_masks(weights, recipe.prune)
            apply_masks(self.masks)
        if recipe.rate is not None and step == self._quantize_step:
            self._quantize(recipe.rate)
        return prunes

    @property
    def _prune_step(self) -> int:
        return max(1, int(self.recipe.prune_at * self.recipe.steps))

    @property
    def _quantize_step(self) -> int:
        return max(1, int(self.recipe.quantize_at * self.recipe.steps))

    def _quantize(self, rate: float) -> None:
        network, recipe = self.network, self.recipe
        if network.encoder:
            network.settle()
            embeddings = network.embeddings.values()
            self.optimizers += build_optimizers([], embeddings, recipe, self.precision)
            self.clipped += embeddings
        self.rate = RateTerm(network, recipe, rate, self.noise)
        self.optimizers.append(Adam([self.rate.quantizer.log_steps], recipe.step_rate))

    @torch.no_grad()
    def measure(self) -> None:
        """Measure the squared errors of all frames with the network as it is now."""
        for times in torch.split(torch.arange(len(self.errors), device=self.errors.device), self.recipe.batch):
            self.errors[times] = self.network.errors(self.network.seen(self.network.render(times), times), times)

    def steps_to_come(self) -> Iterator[tuple[int, Tensor]]:
        """Numbers of the steps to come, each with the indices of its frames."""
        return steps_to_come(self.done, self.recipe, len(self.errors), self.order)

    def measured(self) -> Tensor:
        """Squared errors of the frames that had a step, each as of its last step."""
        return self.errors[~(self.errors < 0)]

    def psnr_db(self) -> float:
        """Mean PSNR in dB over frames, each as of its last step."""
        errors = self.measured().cpu().tolist()
        return sum(map(psnr_from_mse, errors)) / len(errors)

    def estimated_bytes(self) -> int | None:
        """Estimated bytes of all tensors; None while nothing is quantized."""
        return ceil(self.rate.bits / 8) if self.rate else None
