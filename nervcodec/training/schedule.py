"""Schedules of rates and noise over the steps of a fit, and the order of frames."""

from collections.abc import Iterator
from math import cos, pi

import torch
from torch import Tensor

from nervcodec.training.recipe import Recipe

HELD = 0.5
"""Share of the steps after which rates begin to fall (ours)."""


def learning_rate_factor(step: int, recipe: Recipe) -> float:
    """Share of the peak rate at a step: linear from 0.1 to 1 in the warm-up, then by the recipe's schedule."""
    warm = recipe.warmup * recipe.steps
    if step <= warm:
        return 0.1 + 0.9 * step / warm
    if recipe.schedule == "held":
        return min((1 - step / recipe.steps) / (1 - HELD), 1.0)
    return 0.5 * (1 + cos(pi * (step - warm) / (recipe.steps - warm)))


def latent_deviation(step: int, recipe: Recipe) -> float:
    """Standard deviation, at a step, of the noise in place of channels that are not sent."""
    return recipe.latent_noise * min(max(1.5 - 2 * step / recipe.steps, 0.0), 1.0)


def passes(frames: int, batch: int, order: torch.Generator) -> Iterator[Tensor]:
    """Indices of the frames of each step, without end: all frames once in a random order, then in another.

    They are on the device of the generator, so that no step waits for a copy.
    """
    while True:
        yield from torch.split(torch.randperm(frames, generator=order, device=order.device), batch)
