"""From what was asked for to configs and recipes."""

from dataclasses import dataclass, replace
from math import log2

from nervcodec.codec.options import LEAST_QUALITY, MOST_QUALITY, EncodeOptions
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import MS_SSIM_SIDE, SSIM_SIDE
from nervcodec.models.catalogue import MODELS, row_config
from nervcodec.models.config import PyramidConfig
from nervcodec.models.limits import MAX_DEVIATION, MAX_SEED
from nervcodec.models.sizing import NetworkRequest
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
DEFAULT_BITS_PER_PIXEL = 0.03
"""Of the recipe `paper`: without `--size` the weights take about this much at 8 bits (ours)."""
LAYER_QUALITY = 15.0
"""Quality between a layer and the next: one doubling of the file (ours)."""
ENHANCEMENT_SHARE = 0.6
"""Weights of an enhancement network, of those that a single network at its quality would have (ours)."""
ENHANCEMENT = "een"
"""The model of layers above the base."""
LEAST_WEIGHTS, MOST_WEIGHTS = 20_000, 3_000_000
LEAST_PAPER_WEIGHTS = 100_000
PAPER_BITS, PAPER_PRUNING = 8, 0.1  # HNeRV, section 4; DNeRV compares at the same
PAPER_WARMUP = 0.1  # DNeRV code


@dataclass(frozen=True)
class LayerPlan:
    """The network of a layer, and how it is fitted."""

    config: PyramidConfig
    recipe: Recipe


def plan_layers(
    options: EncodeOptions, video: VideoFormat, frames: int, quality: float | None, base: PyramidConfig | None = None
) -> list[LayerPlan]:
    """All layers of a file of a number of frames that has some quality as a whole, from the base up.

    base: the network of the base, if it is known already.

    Raises RequestError as `plan_config` and `plan_recipe` do.
    """
    planned: list[LayerPlan] = []
    for number in range(1, options.layers + 1):
        own = None if options.recipe == "paper" else layer_quality(quality, options.layers, number)
        chosen = replace(options, quality=own, target=None)
        recipe = plan_recipe(chosen, video, frames)
        if planned:
            config = plan_enhancement(chosen, planned[0].config, video, frames)
            recipe = replace(recipe, embeddings="free", branches=False)
        else:
            config = base or plan_config(chosen, video, frames)
        planned.append(LayerPlan(config, recipe))
    return planned


def plan_config(options: EncodeOptions, video: VideoFormat, frames: int) -> PyramidConfig:
    """The network of the base for a clip.

    Raises RequestError for a row of another picture size, or a size or grid that no network has.
    """
    request = _request(options, video, frames, options.size or default_weights(options, video.pixels * frames))
    return row_config(options.row, request) if options.row else options.base.choose(request)


def plan_enhancement(options: EncodeOptions, base: PyramidConfig, video: VideoFormat, frames: int) -> PyramidConfig:
    """The network of a layer above `base`.

    Half of the base where its size is given (QS-NeRV: 3, 4.5, 6 M), else a share of a single network's at its quality.
    """
    given = options.size or options.row or options.recipe == "paper"
    single = default_weights(options, video.pixels * frames)
    weights = base.parameters // 2 if given else max(round(ENHANCEMENT_SHARE * single), LEAST_WEIGHTS)
    return MODELS[ENHANCEMENT].choose(_request(options, video, frames, weights))


def _request(options: EncodeOptions, video: VideoFormat, frames: int, weights: int) -> NetworkRequest:
    """What the options ask of a network with some number of weights."""
    return NetworkRequest(
        height=video.height,
        width=video.width,
        frames=frames,
        weights=weights,
        domain=video.domain,
        by_paper=options.recipe == "paper",
        encoder=options.embeddings == "encoder",
        difference_grid=options.difference_grid,
        affine=options.coupling == "affine",
        latent=(options.seed & MAX_SEED, MAX_DEVIATION) if options.latent == "seeded" else (),
    )


def layer_quality(quality: float | None, layers: int, number: int) -> float:
    """The quality of a layer, counted from 1, in a file of so many layers that has some quality as a whole.

    Layers lie closer where there is not enough quality for all of them.
    """
    whole = DEFAULT_QUALITY if quality is None else quality
    between = min(LAYER_QUALITY, (whole - LEAST_QUALITY) / max(layers - 1, 1))
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
    return min(max(quality, LEAST_QUALITY), MOST_QUALITY)


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
        branches=options.block == "rep" or (options.block is None and paper and options.base.reparameterised),
        prune=options.prune if options.prune is not None else PAPER_PRUNING if paper else 0.0,
        rate=None if paper else rate_of_quality(options.quality),
        bits=options.bits or PAPER_BITS,
        seed=options.seed,
        reduced_precision=options.precision != "float32",
    )
