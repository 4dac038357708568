"""What long work tells its caller; the caller decides whether that becomes a bar, a JSON line or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Resumed:
    """An encode that was interrupted goes on."""

    segments_done: int
    segments: int
    frames_done: int
    frames: int


@dataclass(frozen=True)
class ArithmeticDiffers:
    """An encode goes on, or is helped with, on a machine of another kind: its bytes are not those of one machine."""

    planned: str
    """What the encode began in, in words, such as "bfloat16 on a CPU with AVX512"."""
    here: str
    """What this machine fits in."""


@dataclass(frozen=True)
class SegmentStarted:
    """A piece of the video begins to be fitted."""

    segment: int
    """Counts from 1."""
    segments: int
    first: int
    """Its first frame."""
    frames: int
    total_frames: int
    """Of all segments."""


@dataclass(frozen=True)
class WorkRunning:
    """How far the segments of a video are, whoever works on them."""

    done_frames: float
    """Those of segments that are done, and their share of the others."""
    total_frames: int
    running: tuple[int, ...]
    """Segments that are fitted now, which count from 1."""
    segments: int


@dataclass(frozen=True)
class FitStarted:
    """A network of `parameters` weights begins to be fitted to `frames` frames in `steps` steps."""

    model: str
    parameters: int
    frames: int
    steps: int
    layer: int = 1
    """Counts from 1, the base."""
    layers: int = 1


@dataclass(frozen=True)
class AssistStarted:
    """Embeddings of `frames` frames that a network was not fitted to begin to be fitted in `steps` steps."""

    frames: int
    steps: int


@dataclass(frozen=True)
class StepDone:
    """One optimizer step."""

    step: int
    steps: int
    psnr_db: float
    """Mean over frames, each as of the last step on it; quantized once the fit quantizes."""
    estimated_bytes: int | None
    """What the tensors of the file would take now; None before the fit quantizes, or if it never does."""


@dataclass(frozen=True)
class FitResumed:
    """A fit that was interrupted goes on after some of its steps."""

    step: int
    steps: int


@dataclass(frozen=True)
class FitRestarted:
    """The fit collapsed and starts again from another seed."""

    attempt: int
    """Counts from 1; the first that is announced is the second."""
    seed: int
    reason: str


@dataclass(frozen=True)
class FramesDone:
    """Some frames went through a stage."""

    stage: Literal["survey", "read", "measure", "decode"]
    frames: int
    total: int | None
    """None where the input does not say how many there are."""


@dataclass(frozen=True)
class BatchHalved:
    """A GPU has no memory for so many frames in a step: the fit starts over with half of them, and twice the steps."""

    batch: int
    """Frames in a step from now on."""


@dataclass(frozen=True)
class LayerDropped:
    """An enhancement layer does not pay for its bits: it and those above it are not written."""

    layer: int
    gain_db: float
    layer_bytes: int


@dataclass(frozen=True)
class PointDone:
    """A point of a benchmark is done or has failed, and its line is written."""

    record: Mapping[str, Any]
    """A `Record`."""


@dataclass(frozen=True)
class PointsRunning:
    """How far a benchmark is."""

    done: int
    """Points, those of earlier runs and those that failed among them."""
    total: int
    share: float
    """Of all points, with what has been done of those that run."""
    running: tuple[str, ...]
    """Names of what runs now."""
    seconds_left: float | None
    """None until a point is done."""


Event = (
    Resumed
    | ArithmeticDiffers
    | SegmentStarted
    | WorkRunning
    | FitStarted
    | AssistStarted
    | StepDone
    | FitResumed
    | FitRestarted
    | BatchHalved
    | LayerDropped
    | FramesDone
    | PointDone
    | PointsRunning
)
Observer = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The observer of callers who do not want to know."""
