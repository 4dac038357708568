"""A worker: takes chains of a job until none is left, whoever else does the same."""

from pathlib import Path
from time import sleep

from nervcodec.codec.job import Job, open_job
from nervcodec.codec.lease import lease
from nervcodec.codec.progress import Reporter, as_ours, note_failure, raise_failure, work_running
from nervcodec.codec.run import Run
from nervcodec.codec.segments import Chain
from nervcodec.errors import NervcodecError
from nervcodec.events import Observer, ignore

POLL = 0.25
"""Seconds between two looks at what others do."""


def work(folder: str, observe: Observer = ignore) -> None:
    """Help with an encode, whose folder is beside its output and ends in `.job`, until nothing is left to do.

    Raises RequestError where no encode is planned; RequestError, VideoError, ResourceError, FitError or OutputError for
    what this or another worker met, which ends the encode.
    """
    take_chains(open_job(Path(folder)), observe)


def take_chains(job: Job, observe: Observer) -> None:
    """Fit chains, longest first, and wait for those of others, which may die.

    Raises what `work` does.
    """
    while job.exists and (left := job.chains_left()):
        raise_failure(job)
        if not any(fit_chain(job, chain, observe) for chain in left) and job.exists:
            observe(work_running(job))
            sleep(POLL)


def fit_chain(job: Job, chain: Chain, observe: Observer) -> bool:
    """Make all parts of a chain; False if another worker does.

    Raises what `work` does.
    """
    meeting = job.meeting(chain)
    meeting.mkdir(exist_ok=True)
    with lease(meeting) as held:
        if held:
            run = Run(job, Reporter(job, chain, observe))  # a machine that lacks the device fails alone
            try:
                for index in chain.indices:
                    run.fit(index)
            except (NervcodecError, OSError) as error:
                note_failure(meeting, as_ours(error))
                raise
    return held
