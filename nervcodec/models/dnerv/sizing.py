"""Choice of a DNeRV for a picture and a number of weights: the sizes of its network and of its difference embedding."""

from dataclasses import replace
from math import log2, prod

from nervcodec.errors import RequestError
from nervcodec.models.dnerv.config import FUSED_STAGES, DNeRVConfig
from nervcodec.models.domains import for_domain
from nervcodec.models.sizing import NetworkRequest, choose_strides, content_shape, fit_width, kernel_sizes

DIFFERENCE_CHANNELS = 2  # DNeRV Table 7
FINE_CHANNELS = 4
"""Channels of a difference embedding whose rate counts (ours, docs/experiments.md)."""
DIFFERENCE_SHARE = 0.25
"""Most values that the difference embedding may hold per weight of the network (ours)."""
CELL_PIXELS, MOST_CELLS = 64, 40 * 80
"""Pixels of a frame per cell of a difference embedding whose rate counts, and about the most cells that it has (ours,
docs/experiments.md; DNeRV's finest has 40x80)."""


def choose_dnerv(request: NetworkRequest) -> DNeRVConfig:
    """The config of the DNeRV nearest to a request.

    Raises RequestError for a number of weights that none has, and for a grid that does not scale to the map it joins.
    """
    height, width = request.height, request.width
    grid = request.difference_grid or fine_grid(height, width)
    if request.by_paper and not request.difference_grid:
        grid = choose_difference_grid(height, width, choose_strides(height, width), request.frames, request.weights)
    channels = DIFFERENCE_CHANNELS if request.by_paper else FINE_CHANNELS

    def build(stem: int) -> DNeRVConfig:
        config = replace(dnerv_config(height, width, stem, grid), difference=(channels, *grid))
        return for_domain(request.domain, config)

    return fit_width(build, request.weights)


def dnerv_config(
    height: int,
    width: int,
    stem: int,
    grid: tuple[int, int],
    *,
    gate_kernel: int = 1,
    difference_kernel: int = 1,
) -> DNeRVConfig:
    """The config of DNeRV for `height` x `width` pixels, with a difference embedding of `grid` = (h, w) cells.

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


def dnerv_widths(stem: int, stages: int) -> tuple[int, ...]:
    """Channels after the stem and each stage: divided by 1.2 per stage, rounded down (DNeRV, section 7.2), at least 1
    (ours)."""
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


def fine_grid(height: int, width: int) -> tuple[int, int]:
    """The difference grid, (h, w) cells, for a picture of `height` x `width` pixels if the rate of the grid counts."""
    return grid_of_cells(height, width, choose_strides(height, width), max(CELL_PIXELS, height * width / MOST_CELLS))


def difference_grids(content: tuple[int, int, int], strides: tuple[int, ...]) -> list[tuple[int, int]]:
    """Grids that the difference embedding may have, finest first: the maps after stages 2, 1, 0, half of the finest.

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
    """The difference grid whose cells come nearest to `pixels` pixels each, which may be twice as fine as the finest of
    DNeRV's pattern, where the map that it joins is finer still."""
    grids = difference_grids(content_shape(height, width, strides), strides)
    if strides[FUSED_STAGES - 1] == 4:
        grids.append((2 * grids[0][0], 2 * grids[0][1]))
    return min(grids, key=lambda grid: abs(log2(height * width / (grid[0] * grid[1]) / pixels)))
