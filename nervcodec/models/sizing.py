"""From a picture and a budget to a config: strides by rule, width by bisection, and the papers' rows."""

from collections.abc import Callable
from itertools import combinations_with_replacement
from math import ceil, log2, prod
from typing import TypeVar

from nervcodec.errors import RequestError
from nervcodec.models.config import FUSED_STAGES, DNeRVConfig, HNeRVConfig
from nervcodec.models.scalable_config import EnhancementConfig, SDMNConfig

Config = TypeVar("Config", bound=HNeRVConfig)

CONTENT_CHANNELS = 16  # C_0 of DNeRV Table 8; d = 16 is also the best of HNeRV's ablation
DIFFERENCE_CHANNELS = 2  # DNeRV Table 7
REDUCTION = 1.2  # r of DNeRV section 7.2 and HNeRV
LOWEST_HNERV_WIDTH = 12
SKIP_CHANNELS = 16
SKIP_SHARE = 5  # of Table 3's stems and our growth for them: 98 and 20, 84 and 20, 43 and 12
LARGEST_KERNEL = 5

JOINED_STAGES = 2
"""Of an enhancement network, above the frames that join it (ours)."""

PAPER_STRIDES = {  # (height, width) -> strides; DNeRV Table 8, HNeRV
    (640, 1280): (5, 4, 4, 2, 2),
    (320, 640): (5, 4, 4, 2, 2),
    (480, 960): (5, 4, 3, 2, 2),
    (960, 1920): (5, 4, 4, 3, 2),
}
PAPER_EMBEDDING_CELLS = 8
MOST_EMBEDDING_CELLS = 32
"""Ours: a 4x8 embedding is the largest in HNeRV's ablation, and every cell costs bits in every frame."""
DIFFERENCE_SHARE = 0.25
"""Ours: the difference embedding may hold at most this many values per weight of the network."""


def choose_strides(height: int, width: int) -> tuple[int, ...]:
    """Five strides for a picture: the papers' where they have them, else those that pad least.

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
    """Kernels 1, 3, 5, 5, ... of the stages (HNeRV, section 3; DNeRV, section 7.2)."""
    return tuple(min(2 * i + 1, LARGEST_KERNEL) for i in range(stages))


def hnerv_widths(stem: int, stages: int) -> tuple[int, ...]:
    """Channels shrink by 1.2 a stage, rounded, and never below 12 (HNeRV), or a narrower stem (ours)."""
    widths = [stem]
    for _ in range(stages):
        widths.append(max(round(widths[-1] / REDUCTION), min(LOWEST_HNERV_WIDTH, stem)))
    return tuple(widths)


def dnerv_widths(stem: int, stages: int) -> tuple[int, ...]:
    """Channels shrink by 1.2 a stage, rounded down (DNeRV, section 7.2); at least one, which is ours."""
    widths = [stem]
    for _ in range(stages):
        widths.append(max(widths[-1] * 5 // 6, 1))
    return tuple(widths)


def split_ratio(ratio: int) -> tuple[int, ...]:
    """A scale as factors from 5 to 2, largest first: 24 is (4, 3, 2), 16 is (4, 4)."""
    factors: list[int] = []
    while ratio > 1:
        factor = next((f for f in (5, 4, 3, 2) if ratio % f == 0), None)
        if factor is None:
            raise RequestError(f"a scale of {ratio} cannot be made of steps of 2 to 5")
        factors.append(factor)
        ratio //= factor
    return tuple(sorted(factors, reverse=True)) or (1,)


def hnerv_config(height: int, width: int, stem: int) -> HNeRVConfig:
    """HNeRV for a picture of `height` x `width` pixels with `stem` channels after the stem."""
    strides = choose_strides(height, width)
    return HNeRVConfig(
        content=content_shape(height, width, strides),
        strides=strides,
        widths=hnerv_widths(stem, len(strides)),
        kernels=kernel_sizes(len(strides)),
    )


def dnerv_config(
    height: int,
    width: int,
    stem: int,
    grid: tuple[int, int],
    *,
    gate_kernel: int = 1,
    difference_kernel: int = 1,
) -> DNeRVConfig:
    """DNeRV for a picture of `height` x `width` pixels; the difference embedding has `grid` = (h, w) cells.

    Raises RequestError for a grid that does not scale to the map it joins.
    """
    strides = choose_strides(height, width)
    content = content_shape(height, width, strides)
    fused = [side * prod(strides[:FUSED_STAGES]) for side in content[1:]]
    if fused[0] % grid[0] or fused[1] % grid[1] or fused[0] // grid[0] != fused[1] // grid[1]:
        raise RequestError(
            f"a difference embedding of {grid[1]}x{grid[0]} does not scale to the {fused[1]}x{fused[0]} map it joins; "
            f"these do: {', '.join(f'{w}x{h}' for h, w in difference_grids(content, strides))}"
        )
    return DNeRVConfig(
        content=content,
        strides=strides,
        widths=dnerv_widths(stem, len(strides)),
        kernels=kernel_sizes(len(strides)),
        difference=(DIFFERENCE_CHANNELS, *grid),
        difference_strides=split_ratio(fused[0] // grid[0]),
        difference_kernel=difference_kernel,
        gate_kernel=gate_kernel,
    )


def sdmn_config(height: int, width: int, stem: int, grid: tuple[int, int] | None = None) -> SDMNConfig:
    """SDMN for a picture of `height` x `width` pixels with `stem` channels after the stem (our rule beyond Table 3).

    grid: (h, w) cells of the fine skip, which is then like DNeRV's difference embedding and joins where that does
    (ours); without it the skips have the shapes of the supplement.
    """
    strides = choose_strides(height, width)
    content = content_shape(height, width, strides)
    coarse, fine = skip_shapes(content, strides)
    return SDMNConfig(
        content=content,
        strides=strides,
        widths=sdmn_widths(stem, len(strides)),
        kernels=kernel_sizes(len(strides)),
        coarse=coarse,
        fine=(DIFFERENCE_CHANNELS, *grid) if grid else fine,
        taps=(1, FUSED_STAGES if grid else 2),
        skip_channels=SKIP_CHANNELS,
        couplings=1,
        growth=max(stem // SKIP_SHARE, 1),
        affine=1,
    )


def enhancement_config(height: int, width: int, stem: int) -> EnhancementConfig:
    """An enhancement network for a picture of `height` x `width` pixels with `stem` channels after the stem (ours)."""
    strides = choose_strides(height, width)
    return EnhancementConfig(
        content=content_shape(height, width, strides),
        strides=strides,
        widths=sdmn_widths(stem, len(strides)),
        kernels=(1, 3, 3, 5, 5),
        join=len(strides) - JOINED_STAGES,
    )


def sdmn_widths(stem: int, stages: int) -> tuple[int, ...]:
    """Channels shrink by 1.2 a stage, rounded: two of three rows of QS-NeRV's Table 3; at least one, which is ours."""
    widths = [stem]
    for _ in range(stages):
        widths.append(max(round(widths[-1] / REDUCTION), 1))
    return tuple(widths)


def skip_shapes(
    content: tuple[int, int, int], strides: tuple[int, ...]
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """What SDMN sends of the maps of an encoder with these strides before its last stage, and before its last two."""
    _, height, width = content
    near, far = strides[-1], strides[-1] * strides[-2]
    return (1, height * near, width * near), (1, height * far, width * far)


def content_shape(height: int, width: int, strides: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width of the content embedding: the picture over the product of the strides, rounded up."""
    grid = prod(strides)
    return CONTENT_CHANNELS, ceil(height / grid), ceil(width / grid)


def difference_grids(content: tuple[int, int, int], strides: tuple[int, ...]) -> list[tuple[int, int]]:
    """Grids the difference embedding may have, finest first: the map after stages 2, 1 and 0, and half of the finest.

    Table 7 names the first two for 640x1280 (40x80) and 960x1920 (40x80, 10x20); the others continue its pattern.
    """
    _, height, width = content
    scales = {prod(strides[:n]) for n in range(FUSED_STAGES)}
    finest = max(scales)
    if finest % 2 == 0:
        scales.add(finest // 2)
    return [(height * scale, width * scale) for scale in sorted(scales, reverse=True)]


def choose_difference_grid(
    height: int, width: int, strides: tuple[int, ...], frames: int, parameters: int
) -> tuple[int, int]:
    """The finest grid whose values over all frames stay below a quarter of the weights; else the coarsest (ours).

    The papers' 2x40x80 outweighs a small network on a short clip: 845 k values beside 0.35 M weights on Bunny.
    """
    grids = difference_grids(content_shape(height, width, strides), strides)
    budget = DIFFERENCE_SHARE * parameters
    return next((g for g in grids if DIFFERENCE_CHANNELS * g[0] * g[1] * frames <= budget), grids[-1])


def grid_of_cells(height: int, width: int, strides: tuple[int, ...], pixels: float) -> tuple[int, int]:
    """The difference grid whose cells come nearest to so many pixels each; it may be twice as fine as their pattern's
    finest, where the map it joins is finer still."""
    grids = difference_grids(content_shape(height, width, strides), strides)
    if strides[FUSED_STAGES - 1] == 4:
        grids.append((2 * grids[0][0], 2 * grids[0][1]))
    return min(grids, key=lambda grid: abs(log2(height * width / (grid[0] * grid[1]) / pixels)))


def fit_width(build: Callable[[int], Config], parameters: int) -> Config:
    """The config nearest to a number of weights among `build(1)`, `build(2)`, ...

    Raises RequestError when even the narrowest has twice as many, or the network would be wider or larger than a
    stream may carry.
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
