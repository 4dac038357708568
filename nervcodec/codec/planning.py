"""From what was asked for to configs and recipes."""

from dataclasses import replace
from math import log2
from typing import Any

from nervcodec.codec.options import QUALITIES, EncodeOptions
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import MS_SSIM_SIDE, SSIM_SIDE
from nervcodec.models.config import HNeRVConfig
from nervcodec.models.domains import for_domain
from nervcodec.models.flow_sizing import ffnerv_config
from nervcodec.models.limits import MAX_DEVIATION, MAX_SEED
from nervcodec.models.presets import row_config
from nervcodec.models.scalable_config import EnhancementConfig, SDMNConfig
from nervcodec.models.sizing import (
    choose_difference_grid,
    choose_strides,
    dnerv_config,
    enhancement_config,
    fit_width,
    grid_of_cells,
    hnerv_config,
    sdmn_config,
)
from nervcodec.picture import VideoFormat
from nervcodec.training.recipe import Recipe, preset_steps, steps_of_epochs

DEFAULT_QUALITY = 50.0
RATE_AT_DEFAULT = 0.04
"""What a bit for each pixel weighs against a squared error of 1 (white against black) at the default quality (ours)."""
QUALITY_OCTAVE = 10.0
"""So much more quality halves the weight of a bit (ours)."""
WEIGHTS_AT_DEFAULT, SAMPLES_AT_DEFAULT = 190_000, 27e6
SIZE_EXPONENT = 2 / 3
"""The size of a network by rule: weights for a clip of so many pixels at the default quality, and the power of pixels
over weight of the rate with which it grows. Weights then take 2 to 3 bits each; docs/experiments.md."""
SIZE_AT_DEFAULT, SIZE_OCTAVE = 0.022, 15.0
"""Bits for each pixel at the default quality, and how much more quality doubles them (ours, docs/experiments.md)."""
CELL_PIXELS, MOST_CELLS = 64, 40 * 80
"""Pixels of a frame for each cell of the difference embedding, or of SDMN's fine skip, where their rate counts, and
about how many it has at most (ours, docs/experiments.md; DNeRV's finest has 40x80)."""
DEFAULT_BITS_PER_PIXEL = 0.03
"""Of the recipe `paper`: without `--size` the weights take about this much at 8 bits (ours)."""
LAYER_QUALITY = 15.0
"""Quality between a layer and the next: one doubling of the file (ours)."""
ENHANCEMENT_SHARE = 0.6
"""Weights of an enhancement network, of those that a single network at its quality would have (ours)."""
LEAST_WEIGHTS, MOST_WEIGHTS = 20_000, 3_000_000
LEAST_PAPER_WEIGHTS = 100_000
PAPER_BITS, PAPER_PRUNING = 8, 0.1  # HNeRV, section 4; DNeRV compares at the same
PAPER_WARMUP = 0.1  # DNeRV code


def plan_config(options: EncodeOptions, video: VideoFormat, frames: int) -> HNeRVConfig:
    """The network for a clip.

    Raises RequestError for a row of another picture size, or a size or grid that no network has.
    """
    height, width, domain = video.height, video.width, video.domain
    if options.row:
        row = row_config(options.row, height, width)
        return replace(row, **_choices(options)) if isinstance(row, SDMNConfig) else row
    weights = options.size or default_weights(options, height * width * frames)
    if options.model == "hnerv":
        return fit_width(lambda stem: for_domain(domain, hnerv_config(height, width, stem)), weights)
    if options.model == "ffnerv":
        return fit_width(lambda stem: ffnerv_config(height, width, stem), weights)
    strides = choose_strides(height, width)
    fine = grid_of_cells(height, width, strides, max(CELL_PIXELS, height * width / MOST_CELLS))
    if options.model == "sdmn":
        by_paper = options.recipe == "paper" or options.embeddings == "encoder"  # whose maps have these sizes
        cells, choices = None if by_paper else fine, _choices(options)
        return fit_width(
            lambda stem: for_domain(domain, replace(sdmn_config(height, width, stem, cells), **choices)), weights
        )
    grid = options.difference_grid or fine
    if options.recipe == "paper" and not options.difference_grid:
        grid = choose_difference_grid(height, width, strides, frames, weights)
    return fit_width(lambda stem: for_domain(domain, dnerv_config(height, width, stem, grid)), weights)


def _choices(options: EncodeOptions) -> dict[str, Any]:
    """Fields of an SDMN that can be told."""
    seeded = (options.seed & MAX_SEED, MAX_DEVIATION)
    return {"affine": int(options.coupling == "affine"), "latent": seeded if options.latent == "seeded" else ()}


def plan_enhancement(options: EncodeOptions, base: HNeRVConfig, video: VideoFormat, frames: int) -> EnhancementConfig:
    """The network of a layer above `base`.

    Half of the base where its size is given (QS-NeRV: 3, 4.5, 6 M), else a share of a single network's at its quality.
    """
    height, width = video.height, video.width
    given = options.size or options.row or options.recipe == "paper"
    single = default_weights(options, height * width * frames)
    weights = base.parameters // 2 if given else max(round(ENHANCEMENT_SHARE * single), LEAST_WEIGHTS)

    def network(stem: int) -> EnhancementConfig:
        return for_domain(video.domain, enhancement_config(height, width, stem))

    return fit_width(network, max(weights, network(1).parameters))


def layer_quality(quality: float | None, layers: int, number: int) -> float:
    """The quality of a layer, counted from 1, in a file of so many layers that has some quality as a whole.

    Layers lie closer where there is not enough quality for all of them.
    """
    whole = DEFAULT_QUALITY if quality is None else quality
    between = min(LAYER_QUALITY, (whole - QUALITIES[0]) / max(layers - 1, 1))
    return whole - between * (layers - number)


def default_weights(options: EncodeOptions, samples: int) -> int:
    """Weights for a clip of so many pixels, all frames together."""
    if options.recipe == "paper":
        return round(min(max(DEFAULT_BITS_PER_PIXEL * samples / 8, LEAST_PAPER_WEIGHTS), MOST_WEIGHTS))
    scale = samples / SAMPLES_AT_DEFAULT * RATE_AT_DEFAULT / rate_of_quality(options.quality)
    weights = WEIGHTS_AT_DEFAULT * float(scale**SIZE_EXPONENT)
    return round(min(max(weights, LEAST_WEIGHTS), MOST_WEIGHTS))


def rate_of_quality(quality: float | None) -> float:
    """What a bit for each pixel weighs against a squared error of 1."""
    better = (DEFAULT_QUALITY if quality is None else quality) - DEFAULT_QUALITY
    return float(RATE_AT_DEFAULT * 2 ** (-better / QUALITY_OCTAVE))


def quality_of_size(bits_per_pixel: float) -> float:
    """The quality at which a file of so many bits for each pixel is likely, for videos like those we measured."""
    quality = DEFAULT_QUALITY + SIZE_OCTAVE * log2(bits_per_pixel / SIZE_AT_DEFAULT)
    return min(max(quality, QUALITIES[0]), QUALITIES[1])


def size_of_quality(quality: float | None) -> float:
    """The inverse, in bits for each pixel."""
    better = (DEFAULT_QUALITY if quality is None else quality) - DEFAULT_QUALITY
    return float(SIZE_AT_DEFAULT * 2 ** (better / SIZE_OCTAVE))


def plan_recipe(options: EncodeOptions, video: VideoFormat, frames: int) -> Recipe:
    """How the network is fitted.

    Raises RequestError when the loss does not suit the picture.
    """
    side = {"l1-ssim": SSIM_SIDE, "l1-ms-ssim": MS_SSIM_SIDE}.get(options.loss, 1)
    if min(video.height, video.width) < side:
        raise RequestError(f"the loss {options.loss} needs pictures of at least {side} pixels a side")
    if options.steps is not None:
        steps = options.steps
    elif options.epochs is not None:
        steps = steps_of_epochs(options.epochs, frames, options.batch)
    else:
        steps = preset_steps(options.preset, frames, options.batch)
    paper = options.recipe == "paper"
    return Recipe(
        steps=steps,
        batch=options.batch,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        warmup=PAPER_WARMUP if paper else Recipe.warmup,
        schedule="cosine" if paper else "held",
        loss=options.loss,
        embeddings=options.embeddings,
        difference_source=options.difference_source,
        branches=options.block == "rep" or (options.block is None and paper and options.is_sdmn),
        prune=options.prune if options.prune is not None else PAPER_PRUNING if paper else 0.0,
        rate=None if paper else rate_of_quality(options.quality),
        bits=options.bits or PAPER_BITS,
        seed=options.seed,
        reduced_precision=options.precision != "float32",
    )
