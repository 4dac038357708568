"""All options of `encode`; loads neither torch nor a video library."""

import re
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from nervcodec.bitstream.layer import MAX_LAYERS
from nervcodec.codec.choices import Block, Copying, Coupling, DeviceName, DomainName, Latent, PrecisionName, RecipeName
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
"""Names of the options about the machine that fits, not about what is fitted."""
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
    """All options of `encode`."""

    view: View = field(default_factory=View)
    domain: DomainName = "auto"
    """Samples that are fitted and decoded: RGB, or planes of YUV 4:2:0 as they are; `auto` means planes for a video
    that has them, if the recipe is `rate` and the network can make planes."""
    audio: Copying = "copy"
    """Whether sound is copied into the file unchanged."""
    subtitles: Copying = "copy"
    """Whether subtitles and attached fonts are copied into the file unchanged; chapters and titles always are."""
    segment: str = "auto"
    """Rule for the length of segments (`nervcodec.codec.job.cutting.longest_segment`)."""
    gop: Annotated[int | None, Range(1, 32)] = None
    """Distance from one frame that the file holds to the next; the decoder makes the frames between them along the
    motion, as frames of the video like the others. None means that it is chosen for each scene by rate and distortion,
    or 1 where frames are left out, for the recipe `paper`, rows of tables and FFNeRV."""
    keep_every: Annotated[int, Range(1, 1000)] = 1
    """Distance from one frame that is fitted and stored to the next; the last frame of the video is always stored."""
    assisted: bool = False
    """Whether embeddings of the frames left out are fitted, without any effect on the weights, and stored."""
    mask: str | None = None
    """Rule for the pixels that are missing and that no fit uses (`nervcodec.video.masks.load_masks`)."""
    model: Annotated[str, OneOf(base_names)] = "dnerv"
    """Kind of network, by its name in the catalogue (`nervcodec.models.catalogue`)."""
    size: int | None = None
    """Number of weights in the stream, not counting embeddings; None means by the length and size of the video."""
    row: Annotated[str | None, OneOf(row_names)] = None
    """Name of a row of DNeRV's Table 8 or QS-NeRV's Table 3 (`nervcodec.models.catalogue`), in place of `model` and
    `size`."""
    difference_grid: tuple[int, int] | None = None
    """Height and width of DNeRV's difference embedding; None means a default size."""
    coupling: Coupling = "affine"
    """Kind of coupling in the invertible networks of SDMN."""
    latent: Latent = "zero"
    """Values of the channels that SDMN does not send: zeros, or draws of a generator seeded with `seed`."""
    block: Block | None = None
    """Plain or re-parameterised stages in the base; None means re-parameterised for SDMN with the recipe `paper`."""
    layers: Annotated[int, Range(1, MAX_LAYERS)] = 1
    """Number of layers, including the base."""
    min_gain: float = 0.3
    """Decibels that an enhancement layer must gain for each doubling of the file, or it is not written (ours)."""
    preset: Annotated[str, OneOf(lambda: tuple(PRESET_EPOCHS))] = "medium"
    """Length of a fit by name, as a number of passes over the clip (`nervcodec.training.recipe.PRESET_EPOCHS`)."""
    steps: Annotated[int | None, Range(1)] = None
    """Optimizer steps of each fit, which override those of the preset."""
    epochs: Annotated[float | None, Range(0, 1e6, low_open=True, high_open=True)] = None
    """Passes over the clip, which override those of the preset."""
    seed: Annotated[int, Range(0)] = 0
    optimizer: Optimizer = "muon"
    learning_rate: Annotated[float | None, POSITIVE] = None
    """Peak learning rate; None means the default of the optimizer."""
    loss: Loss = "l2"
    embeddings: EmbeddingSource = "free"
    """Source of the embeddings of the base; embeddings of enhancement layers are always free."""
    difference_source: DifferenceSource = "frames"
    """Input of the difference embedding in DNeRV's encoder: differences of frames, or optical flow between them
    (DNeRV, supplement, section 9.4; needs OpenCV)."""
    batch: Annotated[int, Range(1)] = 1
    """Number of frames in an optimizer step."""
    recipe: RecipeName = "rate"
    """Recipe of a fit: `rate` minimises rate and distortion together, `paper` quantizes after the fit (8 bits, 10 %
    pruned)."""
    quality: Annotated[float | None, Range(LEAST_QUALITY, MOST_QUALITY)] = None
    """Quality from 0, coarse, to 100, fine, which weighs bits against errors; None means 50; not for `paper`."""
    target: Target | None = None
    """A size or quality to reach, in place of `quality`."""
    time_limit: Annotated[float | None, POSITIVE] = None
    """Seconds that the whole encode may take, in place of `preset`."""
    bits: Annotated[int | None, Range(LEAST_BITS, MOST_BITS)] = None
    """Bits of each quantized value, including the sign, before entropy coding; for the recipe `paper`, where None means
    8."""
    prune: Annotated[float | None, Range(0, 1, high_open=True)] = None
    """Share of the weights set to zero; None means the default of the recipe."""
    device: DeviceName = "auto"
    precision: PrecisionName = "auto"
    """Arithmetic of a fit, on which the bytes depend; `auto` means bfloat16 where the device has it."""
    workers: Annotated[int, Range(0, 1024)] = 1
    """Processes of this machine that fit segments in parallel; 0 leaves the fits to `work` in other processes."""
    threads: Annotated[int | None, Range(1, 1024)] = None
    """Torch threads in every fit, on which the bytes depend; None means torch's default divided by the workers."""
    cluster: str | None = None
    """Address of a Ray cluster that fits segments, or `local` for a cluster of `workers` workers on this machine."""

    def to_json(self) -> dict[str, Any]:
        """The options as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "EncodeOptions":
        """The inverse of `to_json`.

        Raises TypeError for a record that does not describe options, RequestError for values that are not allowed.
        """
        view, target = View(**_tuples(record["view"])), record["target"] and Target(**record["target"])
        return cls(**{**_tuples(record), "view": view, "target": target})

    @property
    def follows(self) -> bool:
        """Whether a fit can begin with the networks of the segment before."""
        return self.recipe == "rate" and self.embeddings == "free" and self.block != "rep"

    @property
    def fits_here(self) -> bool:
        """Whether this machine fits segments, rather than workers started elsewhere or a cluster of other machines."""
        return self.workers > 0 and self.cluster in (None, "local")

    @property
    def base(self) -> Model:
        """The model of the base layer."""
        return model_of_row(self.row) if self.row else MODELS[self.model]

    @property
    def chooses_groups(self) -> bool:
        """Whether the length of groups is chosen in each segment."""
        return self.gop is None and self.keep_every == 1 and self.recipe == "rate" and not self.row and self.base.planes

    @property
    def groups(self) -> bool:
        """Whether frames may be in groups."""
        return self.chooses_groups or (self.gop or 1) > 1

    @property
    def step(self) -> int:
        """Distance from one frame that is fitted to the next; 1 where it is not chosen yet."""
        return max(self.gop or 1, self.keep_every)

    @property
    def makes_planes(self) -> bool:
        """Whether the network can make planes: not rows of tables, FFNeRV, or encoders that see optical flow."""
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
        if (self.gop or 1) > 1 and self.keep_every > 1:
            raise RequestError("gop and keep every exclude each other: frames of groups are shown, others are left out")
        if self.assisted and self.keep_every == 1:
            raise RequestError("assisted is for frames that are left out: keep every second one, or fewer")
        if self.assisted and not self.base.assisted:
            raise RequestError(f"assisted frames need embeddings of their own, which {self.base.method} does not have")
        if self.assisted and self.layers > 1:
            raise RequestError("assisted frames need a file of one layer")
        if self.assisted and self.latent == "seeded":
            raise RequestError("assisted frames would change the seeded latents of the others")
        if self.assisted and (self.target or self.time_limit):
            raise RequestError("assisted frames take bytes and time beyond a target or a time limit")

    def _check_recipe(self) -> None:
        if self.recipe == "rate" and self.bits is not None:
            raise RequestError("the recipe rate chooses its own quantization steps: bits are for the recipe paper")
        if self.recipe == "paper" and (self.quality is not None or self.target):
            raise RequestError("the recipe paper takes no quality and no target: choose a size")


def _tuples(record: dict[str, Any]) -> dict[str, Any]:
    """A JSON record with its lists turned into tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
