"""Plans configs and recipes of networks from the options of an encode."""

from dataclasses import dataclass, replace
from math import log2

from nervcodec.codec.options import LEAST_QUALITY, MOST_QUALITY, EncodeOptions
from nervcodec.codec.segment.grouping import weight_of_fitted
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
"""Weight of a bit per pixel against a squared error of 1 (white against black) at the default quality (ours)."""
GROUP_RATE = 0.8
"""Factor of that weight with groups of frames, with which a quality leads to about the same PSNR as without (ours,
docs/experiments.md)."""
QUALITY_OCTAVE = 10.0
"""Increase in quality that halves the weight of a bit (ours)."""
WEIGHTS_AT_DEFAULT, SAMPLES_AT_DEFAULT = 190_000, 27e6
SIZE_EXPONENT = 2 / 3
"""Power of pixels over the weight of the rate with which the default size of a network grows.

At the default quality, a clip of SAMPLES_AT_DEFAULT pixels gets WEIGHTS_AT_DEFAULT weights. Weights then take 2 to 3
bits each (docs/experiments.md).
"""
SIZE_AT_DEFAULT, SIZE_OCTAVE = 0.022, 15.0
"""Bits per pixel at the default quality, and the increase in quality that doubles them (ours, docs/experiments.md)."""
GROUP_SIZE = 0.65
"""Bits with groups of frames, as a share of those without, at one quality (ours, docs/experiments.md)."""
DEFAULT_BITS_PER_PIXEL = 0.03
"""Approximate bits per pixel of weights at 8 bits each, for the recipe `paper` without `--size` (ours)."""
LAYER_QUALITY = 15.0
"""Difference in quality between a layer and the next, which doubles the file (ours)."""
ENHANCEMENT_SHARE = 0.6
"""Weights of an enhancement network, as a share of the weights of a single network at its quality (ours)."""
ENHANCEMENT = "een"
"""Name of the model of enhancement layers."""
LEAST_WEIGHTS, MOST_WEIGHTS = 20_000, 3_000_000
LEAST_PAPER_WEIGHTS = 100_000
GROUP_SHARE = 0.7
"""Least steps of a preset for a video in groups, as a share of those for all of its frames: the frames that are fitted
get more passes each, and are better for it (ours; docs/experiments.md)."""
PAPER_BITS, PAPER_PRUNING = 8, 0.1  # HNeRV, section 4; DNeRV compares with these values
PAPER_WARMUP = 0.1  # DNeRV code


@dataclass(frozen=True)
class LayerPlan:
    """The network of a layer and the recipe of its fit."""

    config: PyramidConfig
    recipe: Recipe


def plan_layers(
    options: EncodeOptions,
    video: VideoFormat,
    frames: int,
    quality: float | None,
    base: PyramidConfig | None = None,
    *,
    shown: int | None = None,
) -> list[LayerPlan]:
    """Plans of all layers, from the base up, for a number of frames and a quality of the whole file.

    base: the network of the base, if it is known already.
    shown: number of frames that are shown, with those between the frames of groups; None means `frames`.

    Raises RequestError as `plan_config` and `plan_recipe` do.
    """
    planned: list[LayerPlan] = []
    for number in range(1, options.layers + 1):
        own = None if options.recipe == "paper" else layer_quality(quality, options.layers, number)
        chosen = replace(options, quality=own, target=None)
        recipe = plan_recipe(chosen, video, frames, shown)
        if planned:
            config = plan_enhancement(chosen, planned[0].config, video, frames, shown)
            recipe = replace(recipe, embeddings="free", branches=False)
        else:
            config = base or plan_config(chosen, video, frames, shown)
        planned.append(LayerPlan(config, recipe))
    return planned


def plan_config(options: EncodeOptions, video: VideoFormat, frames: int, shown: int | None = None) -> PyramidConfig:
    """The network of the base layer for a clip, or for some frames of one of which more are shown.

    Raises RequestError for a row of another picture size, or a size or grid that no network has.
    """
    weights = options.size or default_weights(options, video.pixels * frames, rate_of_fitted(options, frames, shown))
    request = _request(options, video, frames, weights)
    return row_config(options.row, request) if options.row else options.base.choose(request)


def plan_enhancement(
    options: EncodeOptions, base: PyramidConfig, video: VideoFormat, frames: int, shown: int | None = None
) -> PyramidConfig:
    """The network of an enhancement layer above `base`.

    It has half the weights of the base if a size or row is given or the recipe is `paper` (QS-NeRV: 3, 4.5, 6 M), else
    a share of the weights of a single network at its quality.
    """
    given = options.size or options.row or options.recipe == "paper"
    single = default_weights(options, video.pixels * frames, rate_of_fitted(options, frames, shown))
    weights = base.parameters // 2 if given else max(round(ENHANCEMENT_SHARE * single), LEAST_WEIGHTS)
    return MODELS[ENHANCEMENT].choose(_request(options, video, frames, weights))


def _request(options: EncodeOptions, video: VideoFormat, frames: int, weights: int) -> NetworkRequest:
    """The request for a network with some number of weights, as the options ask for it."""
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
    """The quality of layer `number`, counted from 1, in a file of `layers` layers that has a quality as a whole.

    Layers lie closer together if the quality is too low for all of them.
    """
    whole = DEFAULT_QUALITY if quality is None else quality
    between = min(LAYER_QUALITY, (whole - LEAST_QUALITY) / max(layers - 1, 1))
    return whole - between * (layers - number)


def rate_of_fitted(options: EncodeOptions, frames: int, shown: int | None) -> float:
    """Weight of a bit per pixel of the frames that are fitted against their squared errors, of `shown` frames in all.

    Their errors count more, for the frames between them are made of them.
    """
    rate = rate_of_quality(options.quality, groups=options.groups)
    return rate / weight_of_fitted((shown or frames) / frames)


def default_weights(options: EncodeOptions, samples: int, rate: float = RATE_AT_DEFAULT) -> int:
    """Number of weights for a clip with `samples` pixels in all frames together, at a weight of a bit per pixel."""
    if options.recipe == "paper":
        return round(min(max(DEFAULT_BITS_PER_PIXEL * samples / 8, LEAST_PAPER_WEIGHTS), MOST_WEIGHTS))
    scale = samples / SAMPLES_AT_DEFAULT * RATE_AT_DEFAULT / rate
    weights = WEIGHTS_AT_DEFAULT * float(scale**SIZE_EXPONENT)
    return round(min(max(weights, LEAST_WEIGHTS), MOST_WEIGHTS))


def rate_of_quality(quality: float | None, *, groups: bool = False) -> float:
    """Weight of a bit per pixel against a squared error of 1 at a quality.

    groups: whether the frames may be in groups.
    """
    better = (DEFAULT_QUALITY if quality is None else quality) - DEFAULT_QUALITY
    return float(RATE_AT_DEFAULT * (GROUP_RATE if groups else 1) * 2 ** (-better / QUALITY_OCTAVE))


def quality_of_size(bits_per_pixel: float, *, groups: bool = False) -> float:
    """The likely quality of a file with some number of bits per pixel, for videos like those we measured.

    groups: whether the frames are in groups.
    """
    expected = SIZE_AT_DEFAULT * (GROUP_SIZE if groups else 1)
    quality = DEFAULT_QUALITY + SIZE_OCTAVE * log2(bits_per_pixel / expected)
    return min(max(quality, LEAST_QUALITY), MOST_QUALITY)


def size_of_quality(quality: float | None, *, groups: bool = False) -> float:
    """The inverse of `quality_of_size`: likely bits per pixel at a quality."""
    better = (DEFAULT_QUALITY if quality is None else quality) - DEFAULT_QUALITY
    return float(SIZE_AT_DEFAULT * (GROUP_SIZE if groups else 1) * 2 ** (better / SIZE_OCTAVE))


def plan_recipe(options: EncodeOptions, video: VideoFormat, frames: int, shown: int | None = None) -> Recipe:
    """The recipe by which a network is fitted to some frames.

    shown: number of frames that are shown, with those between the frames of groups; None means `frames`.

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
        steps = preset_steps(options.preset, max(frames, round(GROUP_SHARE * (shown or frames))), options.batch)
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
        rate=None if paper else rate_of_fitted(options, frames, shown),
        bits=options.bits or PAPER_BITS,
        seed=options.seed,
        reduced_precision=options.precision != "float32",
    )
