"""The rate term of the loss: R + lambda D, written as D plus the rate times its weight."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from math import ceil

import torch
from torch import Tensor

from nervcodec.quantization import QuantizedTensor
from nervcodec.training.losses import bit_weight
from nervcodec.training.network import Network
from nervcodec.training.rate import Choice, RateModel
from nervcodec.training.recipe import Recipe
from nervcodec.training.sensitivity import water_filled_steps

RATE_FITS = 40
"""Most times in a fit that the rate model is fitted to the current symbols (ours)."""
STEERING = 0.7
"""Power of the excess size by which the weight of the rate grows at each fit of the rate model (ours)."""


def steps_between_fits(recipe: Recipe) -> int:
    """Steps from one fit of the rate model to the next, at least as many as between two evaluations of the rate."""
    return max(ceil(recipe.steps / RATE_FITS), recipe.rate_every)


class RateTerm:
    """Quantizes a network from its creation on, and gives the bits in the loss and their factor.

    On CUDA its model is fitted by a thread while steps go on, and takes effect a certain number of steps later. A fit
    that is continued before that has the model of before until the next one.
    """

    def __init__(self, network: Network, recipe: Recipe, rate: float, noise: torch.Generator) -> None:
        self.recipe, self.noise = recipe, noise
        self.weight = bit_weight(rate, network.clip)
        """Weight of one bit against the distortion of one frame."""
        self.network = network
        self.quantizer = network.quantize(water_filled_steps(network, rate, noise))
        self.model = RateModel(self.quantizer, set(network.embeddings), self.symbols(), network.references)
        beside = network.clip.device.type == "cuda"
        self.delay = steps_between_fits(recipe) // 2 if beside else 0
        """Steps from the symbols that the model is fitted to until it takes effect."""
        self.submit = ThreadPoolExecutor(1).submit if beside else _at_once
        self._coming: Future[Choice] | None = None

    @property
    def bits(self) -> float:
        """Bits of all tensors as of the last fit of the rate model."""
        return self.model.total_bits

    @property
    def rate(self) -> float:
        """Weight of a bit per pixel against a distortion of 1, as it is now."""
        return self.weight / bit_weight(1.0, self.network.clip)

    def factor(self, step: int) -> float | None:
        """Factor of the expected bits in the loss of a step: None in most steps, and scaled up in the others."""
        recipe = self.recipe
        if step % recipe.rate_every:
            return None
        ramp = (step / recipe.steps - recipe.quantize_at) / max(recipe.rate_ramp, 1e-9)
        return min(max(ramp, 0.0), 1.0) * recipe.rate_every * self.weight

    def expected_bits(self) -> Tensor:
        """Expected bits of all tensors as they are, a scalar with a gradient."""
        return self.model.bits(self.network.tensors(), self.noise)

    def symbols(self) -> dict[str, QuantizedTensor]:
        """Symbols that the file would hold now."""
        return self.quantizer.symbols(self.network.tensors())

    def follow(self, step: int) -> None:
        """Fit the rate model to the symbols if it is due, then steer towards the size that is wanted."""
        recipe, since = self.recipe, step % steps_between_fits(self.recipe)
        last = step == recipe.steps
        if since == 0 or last:
            self._coming = self.submit(self.model.choose, self.symbols())
        if self._coming is None or not (since == self.delay or last):
            return
        self.model.take(self._coming.result())
        self._coming = None
        if recipe.target_bits and step > (recipe.quantize_at + recipe.rate_ramp) * recipe.steps:
            self.weight *= min(max((self.bits / recipe.target_bits) ** STEERING, 0.5), 2.0)


def _at_once(
    choose: Callable[[Mapping[str, QuantizedTensor]], Choice], symbols: Mapping[str, QuantizedTensor]
) -> "Future[Choice]":
    """A result that is there already, in place of one that a thread makes."""
    future: Future[Choice] = Future()
    future.set_result(choose(symbols))
    return future
