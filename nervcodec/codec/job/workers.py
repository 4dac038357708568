"""Starts and watches the workers of a job: this process, other processes of this machine, or a cluster."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import torch

from nervcodec.codec.device import choose_device
from nervcodec.codec.job.cluster import tasks
from nervcodec.codec.job.cutting import Chain
from nervcodec.codec.job.folder import Job
from nervcodec.codec.job.lease import holder
from nervcodec.codec.job.progress import forget_failures, raise_failure, work_running
from nervcodec.codec.job.work import POLL, take_chains, tell_of_arithmetic
from nervcodec.errors import WorkersLost
from nervcodec.events import Observer, Resumed, SegmentStarted

RETRIES = 3
"""Number of times a chain is tried again after its worker has died."""
PROGRAM = [sys.executable, "-m", "nervcodec", "worker"]
PATIENCE = 3.0
"""Seconds in which workers that are told to stop can save what they have done."""

Look = Callable[[], None]
"""A function that makes sure that workers continue.

Raises WorkersLost, or the error of a worker.
"""


def carry_out(job: Job, observe: Observer) -> None:
    """Have all parts of a job made.

    Raises the errors of `work`, and WorkersLost.
    """
    options = job.manifest.options
    done = [segment.frames for index, segment in enumerate(job.segments) if job.has_part(index)]
    if done:
        observe(Resumed(len(done), len(job.segments), sum(done), job.survey.frames))
    forget_failures(job)
    if options.fits_here:
        tell_of_arithmetic(job, observe)
    if options.cluster is None and options.workers == 1:
        take_chains(job, observe)
        return
    with tasks(job, options.cluster) if options.cluster else processes(job, options.workers) as look:
        _watch(job, look, observe)


def _watch(job: Job, look: Look, observe: Observer) -> None:
    """Report the progress of other workers until all chains are done."""
    seen: set[int] = set()
    while job.chains_left():
        raise_failure(job)
        state = work_running(job)
        for number in sorted({*state.running} - seen):
            seen.add(number)
            segment = job.segments[number - 1]
            observe(SegmentStarted(number, len(job.segments), segment.start, segment.frames, job.survey.frames))
        observe(state)
        look()
        sleep(POLL)


@contextmanager
def processes(job: Job, count: int) -> Iterator[Look]:
    """Run `count` workers on this machine within the block, each with a GPU of its own if there are several."""
    crew = _Crew(job, min(count, len(job.chains_left())))
    try:
        crew.look()
        yield crew.look
    finally:
        crew.stop()


class _Crew:
    """Processes that each run `nervc worker`, and end when this process ends."""

    def __init__(self, job: Job, count: int) -> None:
        self.job = job
        self.places: list[subprocess.Popen[bytes] | None] = [None] * count
        self.deaths: Counter[Chain | None] = Counter()

    def look(self) -> None:
        """Start each worker that is missing or has died.

        Raises WorkersLost, or the error of a worker.
        """
        for place, process in enumerate(self.places):
            if process is None:
                self.places[place] = self._start(place)
            elif process.poll():  # None while it runs, 0 when nothing is left to do
                self._mourn(process, place)
                self.places[place] = self._start(place)

    def stop(self) -> None:
        """Stop all workers after they have saved what they have done; those that take too long are killed."""
        running = [process for process in self.places if process is not None]
        for process in running:
            process.terminate()
        deadline = monotonic() + PATIENCE
        while monotonic() < deadline and any(process.poll() is None for process in running):
            sleep(POLL / 10)
        for process in running:
            process.kill()
            process.wait()
            if process.stdin:
                process.stdin.close()

    def _start(self, place: int) -> subprocess.Popen[bytes]:
        with self._log(place).open("ab") as log:
            return subprocess.Popen(
                [*PROGRAM, str(self.job.folder), "--tied", "-q"],
                stdin=subprocess.PIPE,  # the worker ends when this pipe is closed
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=os.environ | self._share(place),
                start_new_session=True,  # only this process gets keyboard interrupts, and passes them on
            )

    def _share(self, place: int) -> dict[str, str]:
        """The environment variable that gives a worker its GPU; none without CUDA."""
        if choose_device(self.job.manifest.options.device).type != "cuda":
            return {}
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(torch.cuda.device_count()))))
        devices = visible.split(",")
        return {"CUDA_VISIBLE_DEVICES": devices[place % len(devices)]}

    def _log(self, place: int) -> Path:
        return self.job.folder / f"worker-{place + 1}.log"

    def _mourn(self, process: subprocess.Popen[bytes], place: int) -> None:
        """Count the death of a worker for the chain that it worked on.

        Raises WorkersLost if workers died too often on that chain, or the error of the worker.
        """
        raise_failure(self.job)
        assert process.stdin is not None
        process.stdin.close()
        chain = next((chain for chain in self.job.chains if self._worked_on(chain, process.pid)), None)
        self.deaths[chain] += 1
        if self.deaths[chain] > RETRIES:
            how = _ending(process.returncode, self._log(place))
            raise WorkersLost(f"{self.deaths[chain]} workers were lost {_where(chain)}, the last one {how}")

    def _worked_on(self, chain: Chain, process: int) -> bool:
        known = holder(self.job.meeting(chain))
        return known is not None and known.is_here and known.process == process


def _where(chain: Chain | None) -> str:
    """Text that says what a lost worker worked on."""
    if chain is None:
        return "before they took a chain"
    first, last = chain.indices[0] + 1, chain.indices[-1] + 1
    return f"while fitting segment {first}" if first == last else f"while fitting segments {first} to {last}"


def _ending(code: int, log: Path) -> str:
    """Text that says how a worker ended."""
    if code < 0:
        return f"by {signal.Signals(-code).name}"
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    said = [line for line in lines if line.strip()]
    return f"with exit code {code}" + (f": {said[-1]}" if said else "")
