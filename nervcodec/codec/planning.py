"""From what was asked for to a config and a recipe."""

from dataclasses import dataclass, field
from math import log2
from typing import Literal, get_args

from nervcodec.codec.device import DeviceName
from nervcodec.codec.targets import Target
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import MS_SSIM_SIDE, SSIM_SIDE
from nervcodec.models.config import HNeRVConfig
from nervcodec.models.presets import row_config, row_names
from nervcodec.models.sizing import (
    choose_difference_grid,
    choose_strides,
    dnerv_config,
    fit_width,
    grid_of_cells,
    hnerv_config,
    sdmn_config,
)
from nervcodec.picture import VideoFormat
from nervcodec.training.recipe import (
    LEAST_BITS,
    MOST_BITS,
    PRESET_EPOCHS,
    EmbeddingSource,
    Loss,
    Optimizer,
    Recipe,
    preset_steps,
    steps_of_epochs,
)
from nervcodec.video.view import View

ModelName = Literal["dnerv", "hnerv", "sdmn"]
RecipeName = Literal["rate", "paper"]

QUALITIES = (0.0, 100.0)
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
CELL_PIXELS = 256
"""Pixels of a frame for each cell of the difference embedding, where its rate counts (ours, docs/experiments.md)."""
DEFAULT_BITS_PER_PIXEL = 0.03
"""Of the recipe `paper`: without `--size` the weights take about this much at 8 bits (ours)."""
LEAST_WEIGHTS, MOST_WEIGHTS = 20_000, 3_000_000
LEAST_PAPER_WEIGHTS = 100_000
PAPER_BITS, PAPER_PRUNING = 8, 0.1  # HNeRV, section 4; DNeRV compares at the same
MOST_EPOCHS = 1e6
CHOICES: dict[str, tuple[object, ...]] = {
    "model": get_args(ModelName),
    "recipe": get_args(RecipeName),
    "row": (None, *row_names()),
    "preset": tuple(PRESET_EPOCHS),
    "optimizer": get_args(Optimizer),
    "loss": get_args(Loss),
    "embeddings": get_args(EmbeddingSource),
    "device": get_args(DeviceName),
}

EXCLUSIVE = (
    ("steps", "epochs"),
    ("steps", "time_limit"),
    ("epochs", "time_limit"),
    ("row", "size"),
    ("row", "difference_grid"),
    ("quality", "target"),
)


@dataclass(frozen=True, kw_only=True)
class EncodeOptions:
    """Everything that `encode` can be told."""

    view: View = field(default_factory=View)
    model: ModelName = "dnerv"
    size: int | None = None
    """Weights the stream carries, embeddings not among them; None means by the length and size of the video."""
    row: str | None = None
    """A row of DNeRV's Table 8 by name (`nervcodec.models.presets.ROWS`), in place of `model` and `size`."""
    difference_grid: tuple[int, int] | None = None
    """Height and width of DNeRV's difference embedding; None means by rule."""
    preset: str = "medium"
    steps: int | None = None
    epochs: float | None = None
    """Passes over the clip; both replace the preset's number of steps."""
    seed: int = 0
    optimizer: Optimizer = "muon"
    learning_rate: float | None = None
    loss: Loss = "l2"
    embeddings: EmbeddingSource = "free"
    batch: int = 1
    recipe: RecipeName = "rate"
    """`rate` minimises rate and distortion together, `paper` quantizes after the fit (8 bits, 10 % pruned)."""
    quality: float | None = None
    """From 0, coarse, to 100, fine: how much a bit weighs against an error; None means 50; not for `paper`."""
    target: Target | None = None
    """A size or quality to reach, in place of `quality`."""
    time_limit: float | None = None
    """Seconds that all may take, in place of `preset`."""
    bits: int | None = None
    """Of each quantized value, sign included, before entropy coding; for the recipe `paper`, where None means 8."""
    prune: float | None = None
    """Share of the weights set to zero; None means the recipe's own."""
    device: DeviceName = "auto"

    def __post_init__(self) -> None:
        self._check_recipe()
        if self.epochs is not None and not 0 < self.epochs < MOST_EPOCHS:
            raise RequestError(f"{self.epochs} passes over a clip")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise RequestError(f"{name} is one of {', '.join(map(str, choices))}, not {getattr(self, name)}")
        for these, those in EXCLUSIVE:
            if getattr(self, these) is not None and getattr(self, those) is not None:
                raise RequestError(f"{these} and {those} exclude each other")
        if self.model == "hnerv" and (self.row or self.difference_grid):
            raise RequestError("rows of Table 8 and difference grids are DNeRV's, not HNeRV's")

    def _check_recipe(self) -> None:
        if self.recipe == "rate" and self.bits is not None:
            raise RequestError("the recipe rate chooses its own steps: bits belong to the recipe paper")
        if self.bits is not None and not LEAST_BITS <= self.bits <= MOST_BITS:
            raise RequestError(f"values take {LEAST_BITS} to {MOST_BITS} bits, not {self.bits}")
        if self.recipe == "paper" and (self.quality is not None or self.target):
            raise RequestError("the recipe paper knows no quality and no target: choose a size")
        if self.time_limit is not None and not self.time_limit > 0:
            raise RequestError(f"a time limit of {self.time_limit:g} s")
        if self.quality is not None and not QUALITIES[0] <= self.quality <= QUALITIES[1]:
            raise RequestError(f"quality lies between {QUALITIES[0]:g} and {QUALITIES[1]:g}, not {self.quality}")


def plan_config(options: EncodeOptions, video: VideoFormat, frames: int) -> HNeRVConfig:
    """The network for a clip.

    Raises RequestError for a row of another picture size, or a size or grid that no network has.
    """
    height, width = video.height, video.width
    if options.row:
        return row_config(options.row, height, width)
    weights = options.size or default_weights(options, height * width * frames)
    if options.model == "hnerv":
        return fit_width(lambda stem: hnerv_config(height, width, stem), weights)
    if options.model == "sdmn":
        return fit_width(lambda stem: sdmn_config(height, width, stem), weights)
    strides = choose_strides(height, width)
    grid = options.difference_grid
    if grid is None and options.recipe == "paper":
        grid = choose_difference_grid(height, width, strides, frames, weights)
    elif grid is None:
        grid = grid_of_cells(height, width, strides, CELL_PIXELS)
    return fit_width(lambda stem: dnerv_config(height, width, stem, grid), weights)


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
        loss=options.loss,
        embeddings=options.embeddings,
        prune=options.prune if options.prune is not None else PAPER_PRUNING if paper else 0.0,
        rate=None if paper else rate_of_quality(options.quality),
        bits=options.bits or PAPER_BITS,
        seed=options.seed,
    )
