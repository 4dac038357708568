from math import prod

import pytest

from nervcodec.errors import RequestError
from nervcodec.models.dnerv.sizing import (
    FINE_CHANNELS,
    choose_difference_grid,
    difference_grids,
    dnerv_config,
    grid_of_cells,
    split_ratio,
)
from nervcodec.models.enhancement.sizing import enhancement_config
from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.sdmn.sizing import sdmn_config
from nervcodec.models.sizing import MOST_EMBEDDING_CELLS, choose_strides, fit_width

TOO_MANY_WEIGHTS, TOO_FEW_WEIGHTS = 10**12, 300
"""Numbers of weights above those of any network that a file may hold, and below those of the smallest one."""
SIZES = [
    (240, 427),
    (480, 854),
    (1080, 1920),
    (720, 1280),
    (1920, 1080),
    (288, 352),
    (512, 512),
    (75, 150),
    (2160, 3840),
]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_any_picture_gets_a_network_that_covers_it(height: int, width: int) -> None:
    config = hnerv_config(height, width, 16)
    padded_height, padded_width = config.padded_size
    assert padded_height >= height
    assert padded_width >= width
    assert padded_height * padded_width < 1.25 * height * width
    assert config.content[1] * config.content[2] <= MOST_EMBEDDING_CELLS
    for grid in difference_grids(config.content, config.strides):
        assert dnerv_config(height, width, 16, grid).padded_size == config.padded_size


def test_strides_pad_least() -> None:
    assert choose_strides(640, 1280) == (5, 4, 4, 2, 2)
    assert prod(choose_strides(1080, 1920)) == 384  # 1152 x 1920; nothing with at most 32 cells pads less
    assert prod(choose_strides(576, 704)) == 144  # 576 x 720
    assert hnerv_config(512, 512, 16).padded_size == (512, 512)


def test_tiny_pictures_too() -> None:
    config = dnerv_config(1, 1, 4, (2, 2))
    assert config.padded_size == (32, 32)


@pytest.mark.parametrize("weights", [60_000, 165_000, 350_000, 3_000_000])
def test_fit_width_comes_as_near_as_any_width(weights: int) -> None:
    config = fit_width(lambda stem: hnerv_config(320, 640, stem), weights)
    off = abs(config.parameters - weights)
    for stem in (config.widths[0] - 1, config.widths[0] + 1):
        assert stem == 0 or abs(hnerv_config(320, 640, stem).parameters - weights) >= off


def test_fit_width_gives_up_on_the_impossible() -> None:
    with pytest.raises(RequestError, match="no such network"):
        fit_width(lambda stem: hnerv_config(320, 640, stem), TOO_MANY_WEIGHTS)
    with pytest.raises(RequestError, match="smallest network"):
        fit_width(lambda stem: hnerv_config(320, 640, stem), TOO_FEW_WEIGHTS)


def test_the_difference_embedding_does_not_outweigh_a_network_on_a_short_clip() -> None:
    strides = choose_strides(640, 1280)
    assert choose_difference_grid(640, 1280, strides, frames=132, parameters=350_000) == (10, 20)
    assert choose_difference_grid(640, 1280, strides, frames=8, parameters=350_000) == (40, 80)


def test_grids_of_the_papers_are_among_the_choices() -> None:
    assert {(40, 80), (10, 20)} <= set(difference_grids((16, 2, 4), (5, 4, 4, 3, 2)))


@pytest.mark.parametrize(
    ("height", "width", "pixels", "grid"),
    [
        (640, 1280, 256, (40, 80)),
        (640, 1280, 64, (80, 160)),
        (320, 640, 64, (40, 80)),
        (320, 640, 300, (20, 40)),
        (288, 352, 1, (36, 45)),
    ],
)
def test_the_grid_with_cells_of_so_many_pixels(height: int, width: int, pixels: float, grid: tuple[int, int]) -> None:
    assert grid_of_cells(height, width, choose_strides(height, width), pixels) == grid
    assert dnerv_config(height, width, 16, grid).difference[1:] == grid


def test_a_grid_that_does_not_fit_is_refused_with_those_that_do() -> None:
    with pytest.raises(RequestError, match="80x40, 40x20, 20x10"):
        dnerv_config(640, 1280, 32, (30, 60))


@pytest.mark.parametrize(
    ("ratio", "factors"), [(1, (1,)), (4, (4,)), (3, (3,)), (8, (4, 2)), (16, (4, 4)), (24, (4, 3, 2))]
)
def test_split_ratio(ratio: int, factors: tuple[int, ...]) -> None:
    assert split_ratio(ratio) == factors


def test_split_ratio_refuses_other_primes() -> None:
    with pytest.raises(RequestError):
        split_ratio(14)


def test_small_networks_keep_the_width_of_their_stem() -> None:
    assert hnerv_config(320, 640, 8).widths == (8,) * 6
    assert hnerv_config(320, 640, 16).widths == (16, 13, 12, 12, 12, 12)
    assert fit_width(lambda stem: hnerv_config(320, 640, stem), 60_000).parameters == pytest.approx(60_000, rel=0.1)


@pytest.mark.parametrize(("height", "width"), [(34, 60), (480, 854), (1080, 1920)])
def test_sdmn_and_enhancement_networks_for_any_picture(height: int, width: int) -> None:
    base, above = sdmn_config(height, width, 24), enhancement_config(height, width, 24)
    assert base.content == above.content
    for config in (base, above):
        assert all(padded >= side for padded, side in zip(config.padded_size, (height, width), strict=True))
    assert base.coarse[1:] == tuple(base.strides[-1] * side for side in base.content[1:])
    assert base.fine[1:] == tuple(base.strides[-2] * side for side in base.coarse[1:])
    cells = sdmn_config(height, width, 24, (9, 16))
    assert (cells.fine, cells.coarse, cells.taps) == ((FINE_CHANNELS, 9, 16), base.coarse, (1, 3))
    assert above.join_scale == above.strides[-1] * above.strides[-2]
