"""From what was asked for to a config and a recipe."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from nervcodec.codec.device import DeviceName
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import MS_SSIM_SIDE, SSIM_SIDE
from nervcodec.models.config import HNeRVConfig
from nervcodec.models.presets import ROWS
from nervcodec.models.sizing import choose_difference_grid, choose_strides, dnerv_config, fit_width, hnerv_config
from nervcodec.picture import VideoFormat
from nervcodec.training.recipe import (
    PRESET_EPOCHS,
    EmbeddingSource,
    Loss,
    Optimizer,
    Recipe,
    preset_steps,
    steps_of_epochs,
)
from nervcodec.video.view import View

ModelName = Literal["dnerv", "hnerv"]

DEFAULT_BITS_PER_PIXEL = 0.03
"""Without `--size` the weights take about this much at 8 bits, between the two bounds below (ours)."""
LEAST_WEIGHTS, MOST_WEIGHTS = 100_000, 3_000_000
LEAST_BITS, MOST_BITS = 2, 12
MOST_EPOCHS = 1e6
CHOICES: dict[str, tuple[object, ...]] = {
    "model": get_args(ModelName),
    "row": (None, *ROWS),
    "preset": tuple(PRESET_EPOCHS),
    "optimizer": get_args(Optimizer),
    "loss": get_args(Loss),
    "embeddings": get_args(EmbeddingSource),
    "device": get_args(DeviceName),
}


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
    bits: int = 8
    """Of each quantized weight and embedding value, sign included, before entropy coding."""
    prune: float = 0.0
    device: DeviceName = "auto"

    def __post_init__(self) -> None:
        if not LEAST_BITS <= self.bits <= MOST_BITS:
            raise RequestError(f"values take {LEAST_BITS} to {MOST_BITS} bits, not {self.bits}")
        if self.epochs is not None and not 0 < self.epochs < MOST_EPOCHS:
            raise RequestError(f"{self.epochs} passes over a clip")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise RequestError(f"{name} is one of {', '.join(map(str, choices))}, not {getattr(self, name)}")
        for these, those in (("steps", "epochs"), ("row", "size"), ("row", "difference_grid")):
            if getattr(self, these) is not None and getattr(self, those) is not None:
                raise RequestError(f"{these} and {those} exclude each other")
        if self.model == "hnerv" and (self.row or self.difference_grid):
            raise RequestError("rows of Table 8 and difference grids are DNeRV's, not HNeRV's")


def plan_config(options: EncodeOptions, video: VideoFormat, frames: int) -> HNeRVConfig:
    """The network for a clip.

    Raises RequestError for a row of another picture size, or a size or grid that no network has.
    """
    height, width = video.height, video.width
    if options.row:
        row = ROWS[options.row]
        if (row.height, row.width) != (height, width):
            raise RequestError(f"{options.row} is for {row.width}x{row.height}, the video has {width}x{height}")
        return row.config()
    weights = options.size or default_weights(height * width * frames)
    if options.model == "hnerv":
        return fit_width(lambda stem: hnerv_config(height, width, stem), weights)
    strides = choose_strides(height, width)
    grid = options.difference_grid or choose_difference_grid(height, width, strides, frames, weights)
    return fit_width(lambda stem: dnerv_config(height, width, stem, grid), weights)


def default_weights(samples: int) -> int:
    """Weights for a clip of so many pixels, all frames together."""
    return round(min(max(DEFAULT_BITS_PER_PIXEL * samples / 8, LEAST_WEIGHTS), MOST_WEIGHTS))


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
    return Recipe(
        steps=steps,
        batch=options.batch,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        loss=options.loss,
        embeddings=options.embeddings,
        prune=options.prune,
        seed=options.seed,
    )
