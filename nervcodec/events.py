"""Events that long work reports to its caller, who shows them as a bar, as JSON lines or not at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Resumed:
    """An interrupted encode continues."""

    segments_done: int
    segments: int
    frames_done: int
    frames: int


@dataclass(frozen=True)
class ArithmeticDiffers:
    """An encode continues, or gets help, on a machine of another kind: its bytes are not those of one machine."""

    planned: str
    """Arithmetic that the encode began in, in words, such as "bfloat16 on a CPU with AVX512"."""
    here: str
    """Arithmetic that this machine fits in, in words."""


@dataclass(frozen=True)
class Remark:
    """Something of the video is changed or left out, in a sentence."""

    message: str


@dataclass(frozen=True)
class SegmentStarted:
    """The fit of a segment begins."""

    segment: int
    """Number of the segment, counted from 1."""
    segments: int
    first: int
    """First frame of the segment."""
    frames: int
    total_frames: int


@dataclass(frozen=True)
class WorkRunning:
    """Progress of all segments of a video, whichever processes work on them."""

    done_frames: float
    """Number of frames of finished segments, plus the finished share of the frames of other segments."""
    total_frames: int
    running: tuple[int, ...]
    """Numbers of the segments that are being fitted now, counted from 1."""
    segments: int


@dataclass(frozen=True)
class FitStarted:
    """The fit of a network of `parameters` weights to `frames` frames in `steps` steps begins."""

    model: str
    parameters: int
    frames: int
    steps: int
    layer: int = 1
    """Number of the layer, counted from 1, which is the base."""
    layers: int = 1


@dataclass(frozen=True)
class AssistStarted:
    """The fit, in `steps` steps, of embeddings of `frames` frames that a network was not fitted to begins."""

    frames: int
    steps: int


@dataclass(frozen=True)
class StepDone:
    """One step of the optimizer is done."""

    step: int
    steps: int
    psnr_db: float
    """Mean PSNR over frames, each as of the last step on it; of quantized tensors once the fit quantizes."""
    estimated_bytes: int | None
    """Bytes that the tensors of the file would take now; None before the fit quantizes, or if it never does."""


@dataclass(frozen=True)
class FitResumed:
    """An interrupted fit continues after some of its steps."""

    step: int
    steps: int


@dataclass(frozen=True)
class FitRestarted:
    """The fit collapsed and starts again from another seed."""

    attempt: int
    """Number of the new attempt, counted from 1, so that the first one reported is 2."""
    seed: int
    reason: str


@dataclass(frozen=True)
class FramesDone:
    """Some frames went through a stage."""

    stage: Literal["survey", "read", "measure", "decode"]
    frames: int
    total: int | None
    """Number of frames of the whole stage; None where the input does not say it."""


@dataclass(frozen=True)
class BatchHalved:
    """A GPU lacks the memory for a step's frames: the fit starts over with half as many frames and twice the steps."""

    batch: int
    """Number of frames in a step from now on."""


@dataclass(frozen=True)
class LayerDropped:
    """An enhancement layer gains too little for its bits: this layer and those above it are not written."""

    layer: int
    gain_db: float
    layer_bytes: int


@dataclass(frozen=True)
class PointDone:
    """A point of a benchmark is done or has failed, and its line of the results is written."""

    record: Mapping[str, Any]
    """Record of the point, as in the results (`Record`)."""


@dataclass(frozen=True)
class PointsRunning:
    """Progress of a benchmark."""

    done: int
    """Number of finished points, including those of earlier runs and those that failed."""
    total: int
    share: float
    """Finished share of all points, including what has been done of those that are running."""
    running: tuple[str, ...]
    """Names of the points that are running now."""
    seconds_left: float | None
    """Estimated seconds until the end; None until a point is done."""


Event = (
    Resumed
    | ArithmeticDiffers
    | Remark
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
    """An observer that ignores every event."""
