"""A worker, which fits chains of a job until none is left, possibly beside other workers."""

from pathlib import Path
from time import sleep

from nervcodec.codec.device import choose_device
from nervcodec.codec.job.cutting import Chain
from nervcodec.codec.job.fitting import SegmentFitter
from nervcodec.codec.job.folder import Job, open_job
from nervcodec.codec.job.lease import lease
from nervcodec.codec.job.progress import Reporter, as_ours, note_failure, raise_failure, work_running
from nervcodec.errors import NervcodecError
from nervcodec.events import ArithmeticDiffers, Observer, ignore
from nervcodec.precision import describe_arithmetic, has_bfloat16

POLL = 0.25
"""Seconds between two checks of what other workers do."""


def work(folder: str, observe: Observer = ignore) -> None:
    """Work on the encode whose job folder is `folder`, beside its output and ending in `.job`, until nothing is left.

    Raises RequestError if no encode is planned there; RequestError, VideoError, ResourceError, FitError or OutputError
    for an error of this or another worker, which ends the encode.
    """
    job = open_job(Path(folder))
    tell_of_arithmetic(job, observe)
    take_chains(job, observe)


def tell_of_arithmetic(job: Job, observe: Observer) -> None:
    """Report it if the arithmetic of this machine is not the one that the job was planned for."""
    device = choose_device(job.manifest.options.device)
    reduced = job.manifest.options.precision != "float32" and has_bfloat16(device)
    here = describe_arithmetic(device, "bfloat16" if reduced else "float32")
    if job.manifest.arithmetic not in (None, here):
        observe(ArithmeticDiffers(job.manifest.arithmetic, here))


def take_chains(job: Job, observe: Observer) -> None:
    """Fit chains, longest first, and wait for chains of other workers, which may die.

    Raises the errors of `work`.
    """
    while job.exists and (left := job.chains_left()):
        raise_failure(job)
        if not any(fit_chain(job, chain, observe) for chain in left) and job.exists:
            observe(work_running(job))
            sleep(POLL)


def fit_chain(job: Job, chain: Chain, observe: Observer) -> bool:
    """Make all parts of a chain; returns False if another worker makes them.

    Raises the errors of `work`.
    """
    meeting = job.meeting(chain)
    meeting.mkdir(exist_ok=True)
    with lease(meeting) as held:
        if held:
            fitter = SegmentFitter(job, Reporter(job, chain, observe))  # fails only here if the device is missing
            try:
                for index in chain.indices:
                    fitter.fit(index)
            except (NervcodecError, OSError) as error:
                note_failure(meeting, as_ours(error))
                raise
    return held
