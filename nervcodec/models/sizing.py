"""Choice of a config for a picture and a number of weights: rules that all models share."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import ceil, log2, prod
from typing import TypeVar

from nervcodec.errors import RequestError
from nervcodec.models.config import PyramidConfig
from nervcodec.picture import Domain

Config = TypeVar("Config", bound=PyramidConfig)

CONTENT_CHANNELS = 16  # C_0 of DNeRV Table 8; d = 16 is also the best of HNeRV's ablation
REDUCTION = 1.2  # r of DNeRV section 7.2 and HNeRV
LARGEST_KERNEL = 5

PAPER_STRIDES = {  # (height, width) -> strides; DNeRV Table 8, HNeRV
    (640, 1280): (5, 4, 4, 2, 2),
    (320, 640): (5, 4, 4, 2, 2),
    (480, 960): (5, 4, 3, 2, 2),
    (960, 1920): (5, 4, 4, 3, 2),
}
PAPER_EMBEDDING_CELLS = 8
MOST_EMBEDDING_CELLS = 32
"""Most cells of a content embedding (ours): 4x8 is the largest in HNeRV's ablation, and every cell costs bits in every
frame."""


@dataclass(frozen=True, kw_only=True)
class NetworkRequest:
    """A request for the network of a clip; the rule of a model ignores what the model does not have."""

    height: int
    width: int
    """Width of the picture in pixels; its height is in pixels too."""
    frames: int
    weights: int
    """Number of weights and biases requested, not counting embeddings."""
    domain: Domain = "rgb"
    by_paper: bool = False
    """Whether the network is to be quantized after the fit, without regard to the rate of its embeddings."""
    encoder: bool = False
    """Whether an encoder makes the embeddings."""
    difference_grid: tuple[int, int] | None = None
    """Height and width of the difference embedding of DNeRV; None means by rule."""
    affine: bool = True
    """Whether the couplings of SDMN are affine, rather than additive."""
    latent: tuple[int, ...] = ()
    """Latent rule of SDMN (`SDMNConfig.latent`)."""


def choose_strides(height: int, width: int) -> tuple[int, ...]:
    """Five strides for a picture: those of the papers for sizes that they have, else those that pad least.

    The papers leave other sizes open. Ours: strides from 5 to 2 that never increase, the last of them 2 as in the
    papers, at most 32 cells in the embedding; of those the least padded area wins, then the embedding nearest to the
    papers' 8 cells.
    """
    if (height, width) in PAPER_STRIDES:
        return PAPER_STRIDES[height, width]

    def cost(strides: tuple[int, ...]) -> tuple[int, float]:
        cells = _cells(height, width, prod(strides))
        return cells * prod(strides) ** 2, abs(log2(cells / PAPER_EMBEDDING_CELLS))

    choices = [(*sorted(s, reverse=True), 2) for s in combinations_with_replacement((2, 3, 4, 5), 4)]
    small = [s for s in choices if _cells(height, width, prod(s)) <= MOST_EMBEDDING_CELLS]
    return min(small or [(5, 5, 5, 5, 2)], key=cost)


def kernel_sizes(stages: int) -> tuple[int, ...]:
    """Kernel sizes 1, 3, 5, 5, ... of the stages (HNeRV, section 3; DNeRV, section 7.2)."""
    return tuple(min(2 * i + 1, LARGEST_KERNEL) for i in range(stages))


def content_shape(height: int, width: int, strides: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width of the content embedding: the picture over the product of the strides, rounded up."""
    grid = prod(strides)
    return CONTENT_CHANNELS, ceil(height / grid), ceil(width / grid)


def fit_width(build: Callable[[int], Config], parameters: int) -> Config:
    """The config nearest to a number of weights among `build(1)`, `build(2)`, ...

    Raises RequestError when even the narrowest has more than twice as many, or the network would be wider or larger
    than a stream may carry.
    """
    least = build(1).parameters
    if least > 2 * parameters:
        raise RequestError(f"the smallest network of this kind for this picture has {least} weights, not {parameters}")
    low = high = 1
    while build(high).parameters < parameters:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if build(middle).parameters < parameters:
            low = middle + 1
        else:
            high = middle
    nearest = min((max(low - 1, 1), low), key=lambda stem: abs(build(stem).parameters - parameters))
    return build(nearest)


def _cells(height: int, width: int, grid: int) -> int:
    return ceil(height / grid) * ceil(width / grid)
