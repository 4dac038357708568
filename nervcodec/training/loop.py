"""Operations of a step that all fits share."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import torch
from torch import Tensor, nn

from nervcodec.training.checkpoint import Keeper, State, leaving
from nervcodec.training.optimizers import Optimizer
from nervcodec.training.recipe import Recipe
from nervcodec.training.schedule import passes


def steps_to_come(done: int, recipe: Recipe, frames: int, order: torch.Generator) -> Iterator[tuple[int, Tensor]]:
    """Numbers of the steps after the first `done`, each with the indices of its frames, which `order` draws."""
    return zip(range(done + 1, recipe.steps + 1), islice(passes(frames, recipe.batch, order), done, None), strict=False)


def minimise(
    loss: Tensor, optimizers: Sequence[Optimizer], clipped: Iterable[Tensor] = (), clip_norm: float = 1.0
) -> None:
    """One step of optimizers down the gradient of a loss; gradients of `clipped` are scaled to at most `clip_norm`."""
    for optimizer in optimizers:
        optimizer.forget_gradients()
    loss.backward()  # type: ignore[no-untyped-call]
    if clipped:
        nn.utils.clip_grad_norm_(clipped, clip_norm)
    for optimizer in optimizers:
        optimizer.step()


@contextmanager
def after_step(keeper: Keeper | None, state: Callable[[], State], *, last: bool) -> Iterator[None]:
    """Keep the state of a fit after a step, if that is due or the step was the last, and also if the block raises."""
    if keeper:
        keeper.keep(state, now=last)
    with leaving(keeper, state):
        yield
