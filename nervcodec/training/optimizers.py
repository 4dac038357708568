"""Adan and Muon over convolution weights, and which parameters go where.

`torch.optim.Muon` takes matrices only; a convolution weight is a matrix of `[c_out, c_in * k * k]`.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from nervcodec.training.recipe import Recipe

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # quintic coefficients of Muon (K. Jordan, 2024)


def orthogonalise(matrix: Tensor, iterations: int = 5) -> Tensor:
    """The nearest orthogonal matrix, roughly: singular values end between 0.7 and 1.2 (Muon, Newton-Schulz)."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x: Tensor = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(Optimizer):
    """Momentum, orthogonalised in `precision`: every direction of a weight matrix moves by the same amount."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})
        self.precision = precision

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                velocity = self.state[weight].setdefault("velocity", torch.zeros_like(weight))
                velocity.lerp_(weight.grad, 1 - group["momentum"])
                update = weight.grad.lerp(velocity, group["momentum"])  # Nesterov
                matrix = update.reshape(len(weight), -1)
                scale = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
                direction = orthogonalise(matrix.to(self.precision)).view_as(update)
                weight.add_(direction, alpha=-group["lr"] * scale)


class Adan(Optimizer):
    """Adaptive Nesterov momentum (Xie et al., TPAMI 2024, algorithm 1), without weight decay.

    Betas are the paper's as decay rates: 0.98 for the gradient, 0.92 for its change, 0.99 for the second moment.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float, float] = (0.98, 0.92, 0.99),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, group)

    def _update(self, weight: Tensor, group: dict[str, Any]) -> None:
        state, gradient = self.state[weight], weight.grad
        assert gradient is not None
        if not state:
            state |= {name: torch.zeros_like(weight) for name in ("mean", "change", "square")}
            state |= {"previous": gradient.clone(), "step": torch.zeros(())}
        state["step"] += 1
        decays = group["betas"]
        correction = [1 - decay ** float(state["step"]) for decay in decays]
        change = gradient - state["previous"]
        state["mean"].lerp_(gradient, 1 - decays[0])
        state["change"].lerp_(change, 1 - decays[1])
        look_ahead = gradient + decays[1] * change
        state["square"].mul_(decays[2]).addcmul_(look_ahead, look_ahead, value=1 - decays[2])
        state["previous"].copy_(gradient)
        scale = (state["square"] / correction[2]).sqrt_().add_(group["eps"])
        direction = state["mean"] / correction[0] + decays[1] * state["change"] / correction[1]
        weight.addcdiv_(direction, scale, value=-group["lr"])


def build_optimizers(
    modules: Iterable[nn.Module], embeddings: Iterable[Tensor], recipe: Recipe, precision: torch.dtype = torch.float32
) -> list[Optimizer]:
    """Optimizers for everything a fit trains, at their peak rates; `precision` is that of Muon's matrix products.

    With Muon, weights of convolutions and linear layers inside the networks are Muon's; the layers that touch the
    embedding or the picture, and everything that is no matrix, are Adam's (ours, after docs/experiments.md).
    """
    named = [pair for module in modules for pair in module.named_parameters()]
    matrices = [p for name, p in named if recipe.optimizer == "muon" and _is_hidden_matrix(name, p)]
    rest = [p for name, p in named if recipe.optimizer != "muon" or not _is_hidden_matrix(name, p)]
    optimizers: list[Optimizer] = []
    if matrices:
        optimizers.append(Muon(matrices, lr=recipe.peak_rate, precision=precision))
    others: list[Tensor] = [*rest, *embeddings]
    if others:
        rate = recipe.side_rate if recipe.optimizer == "muon" else recipe.peak_rate
        optimizers.append(Adan(others, lr=rate) if recipe.optimizer == "adan" else Adam(others, lr=rate, fused=True))
    return optimizers


def _is_hidden_matrix(name: str, parameter: Tensor) -> bool:
    return parameter.ndim >= 2 and parameter.shape[1] > 1 and not name.startswith("head")
