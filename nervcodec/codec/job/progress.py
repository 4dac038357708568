"""Progress and failures of chains, which workers write to small files wherever they run."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

from nervcodec import errors
from nervcodec.codec.job.cutting import Chain
from nervcodec.codec.job.folder import CHAINS, Job
from nervcodec.codec.job.lease import is_held
from nervcodec.errors import NervcodecError, OutputError
from nervcodec.events import Event, FitStarted, Observer, SegmentStarted, StepDone, WorkRunning
from nervcodec.files import replacing

PROGRESS, FAILURE = "progress.json", "failure.json"
SECONDS = 1.0
"""Seconds between two notes of a worker."""


@dataclass(frozen=True)
class Progress:
    """Progress of a chain."""

    segment: int
    """Index of the segment that is being fitted, counted from 0."""
    share: float
    """Share of the segment's fits that is done."""


def note_progress(meeting: Path, progress: Progress) -> None:
    """Write the progress of a chain to its folder."""
    with replacing(meeting / PROGRESS, lasts=False) as path:
        path.write_text(json.dumps(asdict(progress)))


def read_progress(meeting: Path) -> Progress | None:
    """The inverse of `note_progress`; None before the first note."""
    try:
        return Progress(**json.loads((meeting / PROGRESS).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def note_failure(meeting: Path, error: NervcodecError) -> None:
    """Write the error of a chain to its folder, which ends the whole encode."""
    with replacing(meeting / FAILURE) as path:
        path.write_text(json.dumps({"kind": type(error).__name__, "message": str(error)}))


def read_failure(meeting: Path) -> NervcodecError | None:
    """The inverse of `note_failure`; None for a chain that did not fail."""
    try:
        record = json.loads((meeting / FAILURE).read_text())
        kind = getattr(errors, record["kind"], NervcodecError)
        return kind(record["message"]) if issubclass(kind, NervcodecError) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def raise_failure(job: Job) -> None:
    """Raises the error that any worker has noted."""
    for chain in job.chains:
        error = read_failure(job.meeting(chain))
        if error:
            raise error


def forget_failures(job: Job) -> None:
    """Remove the noted failures, so that all chains can be tried again."""
    for path in job.folder.glob(f"{CHAINS}/*/{FAILURE}"):
        path.unlink(missing_ok=True)


def work_running(job: Job) -> WorkRunning:
    """Progress of a job, whichever workers work on it."""
    lengths = [segment.frames for segment in job.segments]
    done = [float(job.has_part(index) and frames) for index, frames in enumerate(lengths)]
    running = []
    for chain, progress in _unfinished(job):
        done[progress.segment] = progress.share * lengths[progress.segment]
        if is_held(job.meeting(chain)):
            running.append(progress.segment + 1)
    return WorkRunning(round(sum(done), 2), sum(lengths), tuple(sorted(running)), len(lengths))


def _unfinished(job: Job) -> Iterator[tuple[Chain, Progress]]:
    """Chains with their last noted progress, if the segment in that note is not done."""
    for chain in job.chains_left():
        progress = read_progress(job.meeting(chain))
        if progress and progress.segment in chain.indices and not job.has_part(progress.segment):
            yield chain, progress


class Reporter:
    """An observer of the work on a chain, which notes its progress and also reports that of the whole job."""

    def __init__(self, job: Job, chain: Chain, observe: Observer) -> None:
        self.job, self.meeting, self.observe = job, job.meeting(chain), observe
        self.progress = Progress(chain.indices[0], 0.0)
        self.fit: FitStarted | None = None
        self.last = float("-inf")

    def __call__(self, event: Event) -> None:
        """Pass an event on, and note progress from time to time."""
        match event:
            case SegmentStarted():
                self.progress, self.last = Progress(event.segment - 1, 0.0), float("-inf")
            case FitStarted():
                self.fit = event
            case StepDone() if self.fit:
                share = (self.fit.layer - 1 + event.step / event.steps) / self.fit.layers
                self.progress = Progress(self.progress.segment, share)
        self.observe(event)
        if monotonic() - self.last >= SECONDS:
            self.last = monotonic()
            note_progress(self.meeting, self.progress)
            if len(self.job.segments) > 1:
                self.observe(work_running(self.job))


def as_ours(error: NervcodecError | OSError) -> NervcodecError:
    """An error as it is, or as an OutputError if it is one of the operating system."""
    return error if isinstance(error, NervcodecError) else OutputError(str(error))
