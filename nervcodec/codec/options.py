"""Everything that `encode` can be told; loads neither torch nor a video library."""

import re
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from nervcodec.bitstream.layer import MAX_LAYERS
from nervcodec.codec.choices import Audio, Block, Coupling, DeviceName, DomainName, Latent, PrecisionName, RecipeName
from nervcodec.codec.target import Target
from nervcodec.declarations import OneOf, Range, check_declared
from nervcodec.errors import RequestError
from nervcodec.models.catalogue import MODELS, Model, base_names, model_of_row, row_names
from nervcodec.training.recipe import (
    LEAST_BITS,
    MOST_BITS,
    PRESET_EPOCHS,
    DifferenceSource,
    EmbeddingSource,
    Loss,
    Optimizer,
)
from nervcodec.video.mask_rules import check_mask
from nervcodec.video.view import View

LEAST_QUALITY, MOST_QUALITY = 0.0, 100.0
POSITIVE = Range(0, low_open=True)
SEGMENT_RULE = re.compile(r"auto|none|[1-9]\d{0,6}|\d{1,6}(\.\d{1,3})?s")
MACHINE = ("device", "precision", "workers", "threads", "cluster")
"""Options that say where to fit, not what."""
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
    domain: DomainName = "auto"
    """In what samples pictures are fitted and decoded: RGB, or planes of YUV 4:2:0 as they are; `auto` means the latter
    for a video that has them, with the recipe `rate`, and where the network can."""
    audio: Audio = "copy"
    """Whether sound, subtitles, chapters and titles go along, as they are."""
    segment: str = "auto"
    """Into what pieces the video is cut (`nervcodec.codec.job.cutting.longest_segment`)."""
    keep_every: Annotated[int, Range(1, 1000)] = 1
    """Only every so many frames of the video are fitted and stored, and its last one."""
    assisted: bool = False
    """Whether embeddings of the frames left out are fitted to these, without a say in the weights, and stored."""
    mask: str | None = None
    """Which pixels are missing and never seen (`nervcodec.video.masks.load_masks`)."""
    model: Annotated[str, OneOf(base_names)] = "dnerv"
    """Kind of network, by its name in the catalogue (`nervcodec.models.catalogue`)."""
    size: int | None = None
    """Weights the stream carries, embeddings not among them; None means by the length and size of the video."""
    row: Annotated[str | None, OneOf(row_names)] = None
    """A row of DNeRV's Table 8 or QS-NeRV's Table 3 by name (`nervcodec.models.presets`), for `model` and `size`."""
    difference_grid: tuple[int, int] | None = None
    """Height and width of DNeRV's difference embedding; None means by rule."""
    coupling: Coupling = "affine"
    """Of SDMN's invertible networks."""
    latent: Latent = "zero"
    """What SDMN's decoder takes for channels that are not sent: zeros, or draws of a generator seeded with `seed`."""
    block: Block | None = None
    """Stages of the base plain or re-parameterised; None means the latter for SDMN with the recipe `paper`."""
    layers: Annotated[int, Range(1, MAX_LAYERS)] = 1
    """The base and, above it, so many enhancement layers less one."""
    min_gain: float = 0.3
    """Decibels that an enhancement layer must gain for each doubling of the file, or it is not written (ours)."""
    preset: Annotated[str, OneOf(lambda: tuple(PRESET_EPOCHS))] = "medium"
    """How long to fit, as a number of passes over the clip (`nervcodec.training.recipe.PRESET_EPOCHS`)."""
    steps: Annotated[int | None, Range(1)] = None
    """Optimizer steps of each fit, which override those of the preset."""
    epochs: Annotated[float | None, Range(0, 1e6, low_open=True, high_open=True)] = None
    """Passes over the clip, which override those of the preset."""
    seed: Annotated[int, Range(0)] = 0
    optimizer: Optimizer = "muon"
    learning_rate: Annotated[float | None, POSITIVE] = None
    """Peak rate; None means the default of the optimizer."""
    loss: Loss = "l2"
    embeddings: EmbeddingSource = "free"
    """Of the base; those of layers above it are free."""
    difference_source: DifferenceSource = "frames"
    """What DNeRV's encoder makes the difference embedding of: differences of frames, or optical flow between them
    (DNeRV, supplement, section 9.4; needs OpenCV)."""
    batch: Annotated[int, Range(1)] = 1
    """Number of frames in an optimizer step."""
    recipe: RecipeName = "rate"
    """`rate` minimises rate and distortion together, `paper` quantizes after the fit (8 bits, 10 % pruned)."""
    quality: Annotated[float | None, Range(LEAST_QUALITY, MOST_QUALITY)] = None
    """From 0, coarse, to 100, fine: how much a bit weighs against an error; None means 50; not for `paper`."""
    target: Target | None = None
    """A size or quality to reach, in place of `quality`."""
    time_limit: Annotated[float | None, POSITIVE] = None
    """Seconds that all may take, in place of `preset`."""
    bits: Annotated[int | None, Range(LEAST_BITS, MOST_BITS)] = None
    """Of each quantized value, sign included, before entropy coding; for the recipe `paper`, where None means 8."""
    prune: Annotated[float | None, Range(0, 1, high_open=True)] = None
    """Share of the weights set to zero; None means the recipe's own."""
    device: DeviceName = "auto"
    precision: PrecisionName = "auto"
    """Arithmetic of a fit, on which the bytes depend; `auto` means bfloat16 where the device has it."""
    workers: Annotated[int, Range(0, 1024)] = 1
    """Processes of this machine that fit segments side by side; none leaves that to `work` elsewhere."""
    threads: Annotated[int | None, Range(1, 1024)] = None
    """Of torch in every fit, on which the bytes depend; None means those torch takes, divided by the workers."""
    cluster: str | None = None
    """Address of a Ray cluster that fits segments, or `local` for one of so many workers on this machine."""

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "EncodeOptions":
        """The inverse of `to_json`.

        Raises TypeError for what is no record of options, RequestError as always.
        """
        view, target = View(**_tuples(record["view"])), record["target"] and Target(**record["target"])
        return cls(**{**_tuples(record), "view": view, "target": target})

    @property
    def follows(self) -> bool:
        """Whether a fit can begin with the networks of the segment before."""
        return self.recipe == "rate" and self.embeddings == "free" and self.block != "rep"

    @property
    def fits_here(self) -> bool:
        """Whether this machine fits, rather than helpers or a cluster."""
        return self.workers > 0 and self.cluster in (None, "local")

    @property
    def base(self) -> Model:
        """The model of the base."""
        return model_of_row(self.row) if self.row else MODELS[self.model]

    @property
    def makes_planes(self) -> bool:
        """Whether the network can be one for planes: not those of tables, nor what moves RGB or sees how it moves."""
        return self.row is None and self.base.planes and self.difference_source == "frames"

    def __post_init__(self) -> None:
        check_declared(self)
        for these, those in EXCLUSIVE:
            if getattr(self, these) is not None and getattr(self, those) is not None:
                raise RequestError(f"{these} and {those} exclude each other")
        if not SEGMENT_RULE.fullmatch(self.segment):
            raise RequestError(
                f"{self.segment!r} is no length of segments: auto, none, seconds such as 10s, or frames such as 250"
            )
        if self.mask is not None:
            check_mask(self.mask)
        self._check_recipe()
        self._check_model()
        if self.domain == "yuv420" and not self.makes_planes:
            raise RequestError("rows of tables, FFNeRV and optical flow are for RGB: choose --domain rgb")
        self._check_assisted()

    def _check_model(self) -> None:
        if self.row and self.model not in ("dnerv", self.base.name):
            raise RequestError(f"{self.row} is a row of another model than {self.model}")
        for other in MODELS.values():
            for name in other.own_options if other != self.base else ():
                if getattr(self, name) != getattr(type(self), name):
                    words = name.replace("_", " ")
                    raise RequestError(f"the {words} is an option of {other.method}: choose --model {other.name}")
        if self.difference_source != "frames" and self.embeddings != "encoder":
            raise RequestError("optical flow is for the encoder of DNeRV: choose --embeddings encoder")
        if self.embeddings == "encoder" and self.base.encoder is None:
            raise RequestError(f"{self.base.method} has no encoder: its embeddings are free")

    def _check_assisted(self) -> None:
        if self.assisted and self.keep_every == 1:
            raise RequestError("assisted is for frames that are left out: keep every second one, or fewer")
        if self.assisted and not self.base.assisted:
            raise RequestError(
                f"assisted frames need embeddings of their own, which those of {self.base.method} are not"
            )
        if self.assisted and self.layers > 1:
            raise RequestError("assisted frames need a file of one layer")
        if self.assisted and self.latent == "seeded":
            raise RequestError("assisted frames would change the seeded latents of the others")
        if self.assisted and (self.target or self.time_limit):
            raise RequestError("assisted frames take bytes and time beyond a target or a time limit")

    def _check_recipe(self) -> None:
        if self.recipe == "rate" and self.bits is not None:
            raise RequestError("the recipe rate chooses its own steps: bits belong to the recipe paper")
        if self.recipe == "paper" and (self.quality is not None or self.target):
            raise RequestError("the recipe paper knows no quality and no target: choose a size")


def _tuples(record: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists only."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
