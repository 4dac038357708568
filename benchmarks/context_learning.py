"""The networks of mixed embeddings in floating point, and how they are learned.

The loss is the code length. Fits are few, so that each tensor is also seen in varied copies: mirrored, transposed and
backwards, content also in other steps. For differences, other steps made networks worse for files left out.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nervcodec.entropy.laplace import SCALES, SHARE_BITS
from nervcodec.entropy.mixing import ACTIVITY_OF_ONE, LARGEST_ACTIVITY, LEAST, Mixing, activities, all_cells
from nervcodec.entropy.networks import LARGEST, LOG_OF, MOST_HIDDEN, SHARES, UNIT, WEIGHT_BITS, Network

Symbols = NDArray[np.int32]
Numbers = NDArray[np.float32]

COPIES = 4
"""Varied copies of each tensor from which a set learns."""
BATCH, FEWEST = 5000, 200
"""Cells in a step, of all passes together, and the fewest of one pass."""
LAST_RATE = 1e-5
LARGEST_GRADIENT = 1.0
PENALTY = 1e-2
"""Weight of the squares of what a network's outputs go beyond their limits."""
LOGS = torch.from_numpy(LOG_OF) / UNIT
WEIGHT, BIAS = 1 << WEIGHT_BITS, UNIT << WEIGHT_BITS
"""What stands for 1 in whole weights and biases."""
FARTHEST = max(ACTIVITY_OF_ONE, LARGEST_ACTIVITY - ACTIVITY_OF_ONE)
"""Largest magnitude of what a network is told."""
EXACT = 1 << 24
"""Whole numbers below this one are exact in float32."""


class Cells(NamedTuple):
    """Some cells of one pass."""

    around: Tensor
    """What the network sees, `[N, F]`."""
    told: Tensor
    """What it is told, `[N, 5]`, in 16ths."""
    own: Tensor
    """The symbols `[N]`."""
    weight: Tensor
    """How much each of them counts, `[N]`."""


class Learner(nn.Module):
    """A network of one pass in floating point."""

    def __init__(self, cells: Cells, hidden: int) -> None:
        super().__init__()
        seen, told = cells.around.shape[1], cells.told.shape[1]
        self.sums = nn.Parameter(torch.zeros(seen))
        self.inner, self.told = nn.Linear(seen, hidden), nn.Linear(told, hidden, bias=False)
        self.outer = nn.Linear(hidden, 3)
        nn.init.normal_(self.outer.weight, std=0.02)
        with torch.no_grad():
            self.outer.bias.copy_(torch.tensor([4.0, 2.5, 1.0]))

    def forward(self, cells: Cells) -> Tensor:
        """Code lengths in bits, `[N]`, and a penalty for outputs beyond their limits."""
        around, own = cells.around.float(), cells.own.float()
        logs = LOGS.index_select(0, cells.around.abs().int().flatten()).view_as(around)
        outputs = self.outer(torch.relu(self.inner(logs) + self.told(cells.told / UNIT)))
        scales, shares = outputs[:, :2], outputs[:, 2] * (UNIT / SHARES)
        first, second = torch.exp2(scales.clamp(0, (SCALES - 1) / 4) - 4).unbind(1)
        share = shares.clamp(0, 1)
        found = (1 - share) * _share(own - around @ self.sums, first) + share * _share(own - around[:, 0], second)
        beyond = (shares - 1).relu() ** 2 + (-shares).relu() ** 2 + ((-scales).relu() ** 2).sum(1)
        bits: Tensor = PENALTY * beyond - torch.log2(found.relu() + LEAST / (SHARES << SHARE_BITS))
        return bits

    def whole(self) -> Network:
        """The network in whole numbers."""
        return Network(
            sums=_rounded(self.sums, WEIGHT),
            inner=_rounded(self.inner.weight, WEIGHT),
            told=_rounded(self.told.weight, WEIGHT),
            inner_bias=_rounded(self.inner.bias, BIAS),
            outer=_rounded(self.outer.weight, WEIGHT),
            outer_bias=_rounded(self.outer.bias, BIAS),
        )


def build_learners(tensor: Sequence[Cells], hidden: int, seed: int) -> list[Learner]:
    """A network for each pass, as they are before anything is learned."""
    torch.manual_seed(seed)
    return [Learner(cells, hidden) for cells in tensor]


def learn(
    learners: list[Learner], tensors: Sequence[Sequence[Cells]], seed: int, *, steps: int, rate: float
) -> list[Learner]:
    """Learn on from where the networks of a set are, with the cells of each pass of some tensors."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    passes = [_joined(parts) for parts in zip(*tensors, strict=True)]
    total = sum(len(cells.own) for cells in passes)
    parameters = [parameter for learner in learners for parameter in learner.parameters()]
    optimizer = torch.optim.Adam(parameters, rate)
    for step in range(steps if total else 0):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps) + LAST_RATE
        loss = torch.zeros(())
        for learner, cells in zip(learners, passes, strict=True):
            share = len(cells.own) / total
            chosen = torch.randint(len(cells.own), (max(FEWEST, int(BATCH * share)),))
            batch = Cells(*(numbers.index_select(0, chosen) for numbers in cells))
            loss = loss + share * (learner(batch) * batch.weight).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, LARGEST_GRADIENT)
        optimizer.step()
    return learners


def cells_and_copies(symbols: Symbols, weight: float, seed: int, *, stepped: bool = False) -> list[Cells]:
    """Cells of each pass of a tensor `[T, C, h, w]` and of varied copies of it, which may have other steps."""
    rng = np.random.default_rng(seed)
    tensors = [symbols]
    for _ in range(COPIES):
        copy = _turned(symbols, rng)
        tensors.append(_stepped(copy, rng) if stepped else copy)
    passes = zip(*(all_cells(one, mixing_of(one)) for one in tensors), strict=True)
    return [_joined(_cells(around, told, own, weight) for around, told, own in copies) for copies in passes]


def mixing_of(symbols: Symbols) -> Mixing:
    """What a file says about a tensor; the set of networks is left open."""
    return Mixing(0, int(symbols.min()), int(symbols.max()), activities(symbols))


def check(network: Network) -> None:
    """Raises ValueError for a network with sums that float32 may not have exactly."""
    inner = _reach(network.inner, int(LOG_OF[LARGEST])) + _reach(network.told, FARTHEST) + np.abs(network.inner_bias)
    outer = _reach(network.outer, MOST_HIDDEN) + np.abs(network.outer_bias)
    largest = max(inner.max(), outer.max(), _reach(network.sums, LARGEST).max())
    if largest >= EXACT:
        raise ValueError(f"sums of a network reach {largest:.0f}, beyond {EXACT}")


def _turned(symbols: Symbols, rng: np.random.Generator) -> Symbols:
    """A tensor as a fit to a mirrored, transposed or backward video could have it."""
    later, down, across = rng.choice([-1, 1], 3)
    found = symbols[::later, :, ::down, ::across]
    return found.swapaxes(2, 3) if rng.integers(2) else found


def _stepped(symbols: Symbols, rng: np.random.Generator) -> Symbols:
    """A tensor in steps of half to twice the size."""
    scale = min(2 ** rng.uniform(-1, 1), LARGEST / max(1, np.abs(symbols).max()))
    found: Symbols = np.round(symbols * scale).astype(np.int32)
    return found


def _cells(around: Numbers, told: Numbers, own: Symbols, weight: float) -> Cells:
    return Cells(
        torch.from_numpy(around.reshape(len(around), -1).T.astype(np.int16)),
        torch.from_numpy(told.repeat(own.shape[1], axis=1).T.astype(np.int16)),
        torch.from_numpy(own.ravel().astype(np.int16)),
        torch.full((own.size,), weight),
    )


def _joined(parts: Iterable[Cells]) -> Cells:
    return Cells(*map(torch.cat, zip(*parts, strict=True)))


def _share(distance: Tensor, scale: Tensor) -> Tensor:
    """Share of the integer at a distance from the centre of a Laplace law."""
    return _below((distance + 0.5) / scale) - _below((distance - 0.5) / scale)


def _below(x: Tensor) -> Tensor:
    return 0.5 + 0.5 * torch.sign(x) * (1 - torch.exp(-x.abs()))


def _rounded(values: Tensor, unit: int) -> Numbers:
    rounded: Numbers = torch.round(values.detach() * unit).numpy()
    return rounded


def _reach(weights: Numbers, largest: int) -> NDArray[np.float64]:
    """Largest magnitude of weighted sums of numbers up to the largest."""
    reach: NDArray[np.float64] = np.abs(weights).sum(-1, dtype=np.float64) * largest
    return reach
