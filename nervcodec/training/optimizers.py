"""Muon for convolution weights, Adam and Adan, and the choice of an optimizer for each parameter.

`torch.optim.Muon` takes matrices only; here a convolution weight is a matrix of `[c_out, c_in * k * k]`. Making an
optimizer of `torch.optim` loads torch's compiler, which takes seconds.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from math import log

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from nervcodec.training.recipe import Recipe

POLAR_EXPRESS = (
    (8.3007, -24.0375, 17.4661),
    (4.0034, -2.9228, 0.5419),
    (3.4709, -2.5494, 0.5002),
    (2.4655, -1.7803, 0.4156),
)
"""Coefficients of odd quintics, each nearest to 1 in the maximum norm on what those before make of [0.003, 1].

Arguments may be up to 1 % larger (Polar Express: Amsel et al., arXiv 2505.16932; the range and the number of quintics
are ours).
"""
SAFETY = 1.01
"""Factor that keeps rounding from moving singular values out of the range of the quintics (Polar Express)."""


def orthogonalise(matrix: Tensor) -> Tensor:
    """Roughly the nearest orthogonal matrix: singular values above 0.003 of the Frobenius norm end at 0.77 to 1.2.

    matrix: one `[r, c]`, or some `[N, r, c]`, each by itself.
    """
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = matrix.mT if tall else matrix
    x = x / (SAFETY * torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    sum_with_product = torch.addmm if x.ndim == 2 else torch.baddbmm
    for a, b, c in POLAR_EXPRESS:
        gram = x @ x.mT
        x = sum_with_product(x, sum_with_product(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def orthogonalise_all(matrices: Sequence[Tensor]) -> list[Tensor]:
    """`orthogonalise` of each matrix; a GPU, which waits for orders, not for sums, takes equal shapes together."""
    on_cpu = all(matrix.device.type == "cpu" for matrix in matrices)
    return [orthogonalise(matrix) for matrix in matrices] if on_cpu else orthogonalise_together(matrices)


def orthogonalise_together(matrices: Sequence[Tensor]) -> list[Tensor]:
    """`orthogonalise` of each matrix, those of one shape in a batch."""
    places: dict[torch.Size, list[int]] = {}
    for place, matrix in enumerate(matrices):
        places.setdefault(matrix.shape, []).append(place)
    made = list(matrices)
    for batch in places.values():
        alike = orthogonalise(torch.stack([matrices[place] for place in batch]))
        for place, matrix in zip(batch, alike, strict=True):
            made[place] = matrix
    return made


State = dict[str, Tensor]
"""Tensors that an optimizer keeps of a parameter from earlier steps, by name; empty before the first step."""


class Optimizer(ABC):
    """Moves parameters by their gradients, at a rate that may be changed before each step."""

    def __init__(self, params: Iterable[Tensor], peak: float) -> None:
        self.params, self.peak = list(params), peak
        self.rate: float | Tensor = peak
        """The rate of the next step: a number, or a scalar on the device of the parameters."""
        self.states: list[State] = [{} for _ in self.params]

    def forget_gradients(self) -> None:
        """Remove the gradients of the last step, before those of another step are added up."""
        for weight in self.params:
            weight.grad = None

    @abstractmethod
    def step(self) -> None:
        """Update every parameter that has a gradient."""

    def _move(self, weight: Tensor, direction: Tensor, scale: float = 1.0) -> None:
        """Move a parameter against a direction, by the rate times a scale."""
        if isinstance(self.rate, Tensor):
            weight.addcmul_(direction, self.rate, value=-scale)
        else:
            weight.add_(direction, alpha=-self.rate * scale)

    def _moved(self) -> Iterator[tuple[Tensor, Tensor, State]]:
        """Parameters that have a gradient, each with its gradient and its state."""
        for weight, state in zip(self.params, self.states, strict=True):
            if weight.grad is not None:
                yield weight, weight.grad, state


class Muon(Optimizer):
    """Muon: momentum is orthogonalised in `precision`, so every direction of a matrix moves by the same amount."""

    def __init__(
        self, params: Iterable[Tensor], peak: float, momentum: float = 0.95, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__(params, peak)
        self.momentum, self.precision = momentum, precision

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        moved, matrices = list(self._moved()), []
        for weight, gradient, state in moved:
            if not state:
                state["velocity"] = torch.zeros_like(weight)
            velocity = state["velocity"].lerp_(gradient, 1 - self.momentum)
            update = gradient.lerp(velocity, self.momentum)  # Nesterov
            matrices.append(update.reshape(len(weight), -1).to(self.precision))
        for (weight, _, _), matrix in zip(moved, orthogonalise_all(matrices), strict=True):
            self._move(weight, matrix.reshape(weight.shape), max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5)


class Adam(Optimizer):
    """Adam (Kingma and Ba, ICLR 2015) at their decay rates; moves all parameters in one pass over the memory."""

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        moved = list(self._moved())
        for weight, _, state in moved:
            if not state:
                state |= {name: torch.zeros_like(weight) for name in ("exp_avg", "exp_avg_sq")}  # torch's names
                state |= {"step": torch.zeros((), device=weight.device)}
        adam(
            [weight for weight, _, _ in moved],
            [gradient for _, gradient, _ in moved],
            [state["exp_avg"] for _, _, state in moved],
            [state["exp_avg_sq"] for _, _, state in moved],
            [],
            [state["step"] for _, _, state in moved],
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )


class Adan(Optimizer):
    """Adan: adaptive Nesterov momentum (Xie et al., TPAMI 2024, algorithm 1), without weight decay.

    Betas are the paper's as decay rates: 0.98 for the gradient, 0.92 for its change, 0.99 for the mean square.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        peak: float,
        betas: tuple[float, float, float] = (0.98, 0.92, 0.99),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, peak)
        self.betas, self.eps = betas, eps

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for weight, gradient, state in self._moved():
            if not state:
                state |= {name: torch.zeros_like(weight) for name in ("mean", "change", "square")}
                state |= {"previous": gradient.clone(), "step": weight.new_zeros(())}
            state["step"] += 1
            correction = [-torch.expm1(state["step"] * log(decay)) for decay in self.betas]
            change = gradient - state["previous"]
            state["mean"].lerp_(gradient, 1 - self.betas[0])
            state["change"].lerp_(change, 1 - self.betas[1])
            look_ahead = gradient + self.betas[1] * change
            state["square"].mul_(self.betas[2]).addcmul_(look_ahead, look_ahead, value=1 - self.betas[2])
            state["previous"].copy_(gradient)
            scale = (state["square"] / correction[2]).sqrt_().add_(self.eps)
            direction = state["mean"] / correction[0] + self.betas[1] * state["change"] / correction[1]
            self._move(weight, direction / scale)


def build_optimizers(
    modules: Iterable[nn.Module], embeddings: Iterable[Tensor], recipe: Recipe, precision: torch.dtype = torch.float32
) -> list[Optimizer]:
    """Optimizers for everything that a fit trains, at their peak rates; `precision` is that of Muon's matrix products.

    With Muon, weights of convolutions and linear maps with several input channels are Muon's, except for the head; all
    other parameters are Adam's, including embeddings and biases (ours, after docs/experiments.md).
    """
    named = [pair for module in modules for pair in module.named_parameters()]
    matrices = [p for name, p in named if recipe.optimizer == "muon" and _is_hidden_matrix(name, p)]
    rest = [p for name, p in named if recipe.optimizer != "muon" or not _is_hidden_matrix(name, p)]
    optimizers: list[Optimizer] = []
    if matrices:
        optimizers.append(Muon(matrices, recipe.peak_rate, precision=precision))
    others: list[Tensor] = [*rest, *embeddings]
    if others:
        rate = recipe.side_rate if recipe.optimizer == "muon" else recipe.peak_rate
        optimizers.append(Adan(others, rate) if recipe.optimizer == "adan" else Adam(others, rate))
    return optimizers


def _is_hidden_matrix(name: str, parameter: Tensor) -> bool:
    return parameter.ndim >= 2 and parameter.shape[1] > 1 and not name.startswith("head")
