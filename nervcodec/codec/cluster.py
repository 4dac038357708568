"""Chains as tasks of a Ray cluster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nervcodec.codec.job import Job


@contextmanager
def tasks(job: Job, address: str) -> Iterator[Callable[[], None]]:
    """A cluster that works on a job, for the block."""
    raise NotImplementedError
