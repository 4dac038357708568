"""Runs chains as tasks of a Ray cluster; videos and results go through files, not through Ray.

Only this module imports Ray.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

from nervcodec.codec.job.folder import Job, open_job
from nervcodec.codec.job.work import POLL, fit_chain
from nervcodec.codec.options import EncodeOptions
from nervcodec.errors import NervcodecError, RequestError, WorkersLost
from nervcodec.events import Event
from nervcodec.extras import needing

LOCAL = "local"
"""Name in place of an address: a cluster of this machine alone, which other machines do not see."""
RETRIES = 3
"""Number of times a task is run again after its worker has died."""
STOP = "stop"
"""Name of a file that is in the folder of a job while tasks must end."""
PATIENCE = 2.0
"""Seconds in which tasks that must end can save what they have done."""
KNOCK_SECONDS = 5.0
STORE_BYTES = 100_000_000
"""Bytes of Ray's object store, in which we put nothing."""


@contextmanager
def tasks(job: Job, address: str) -> Iterator[Callable[[], None]]:
    """Have a cluster work on a job within the block; the yielded function raises a worker's error or WorkersLost.

    Raises RequestError if Ray is not installed, or no cluster answers at the address.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray reads it when it is imported
    with needing("cluster"):
        import ray
    stop = job.folder / STOP
    stop.unlink(missing_ok=True)
    _connect(ray, address, job.manifest.options)
    waiting: list[Any] = []
    try:
        task = ray.remote(**_needs(ray, job.manifest.options), max_retries=RETRIES)(fit_chain_at)
        folder = str(job.folder.absolute())
        waiting += [task.remote(folder, job.chains.index(chain)) for chain in job.chains_left()]

        def look() -> None:
            ready, waiting[:] = ray.wait(waiting, num_returns=len(waiting), timeout=0) if waiting else ([], [])
            for ended in ready:
                _result(ray, ended)

        yield look
    finally:
        if waiting:
            stop.touch()
            ray.wait(waiting, num_returns=len(waiting), timeout=PATIENCE)
        ray.shutdown()


def fit_chain_at(folder: str, number: int) -> None:
    """Make all parts of a chain; runs as a task on any machine of the cluster.

    Raises RequestError if that machine does not see the folder, and the errors of `work`.
    """
    if not Path(folder).is_dir():
        raise RequestError(
            f"{socket.gethostname()} does not see {folder}: a cluster needs storage that all of it shares"
        )
    job = open_job(Path(folder))

    def heed(event: Event) -> None:
        if (job.folder / STOP).exists():
            raise _Stopped

    while not fit_chain(job, job.chains[number], heed):
        sleep(POLL)


class _Stopped(Exception):
    """The job stops its tasks, so that a chain must end."""


def _connect(ray: Any, address: str, options: EncodeOptions) -> None:
    quiet = {"log_to_driver": False, "logging_level": "error"}
    own = {
        "num_cpus": max(options.workers, 1) * (options.threads or 1),
        "include_dashboard": False,
        "object_store_memory": STORE_BYTES,
        "_node_ip_address": "127.0.0.1",
    }
    before = signal.getsignal(signal.SIGTERM)
    try:
        _knock(address)
        ray.init(address=address, **quiet, **(own if address == LOCAL else {}))
    except (OSError, ValueError, RuntimeError) as error:
        raise RequestError(f"no Ray cluster answers at {address}: {error}") from error
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)  # Ray has set its own handler


def _knock(address: str) -> None:
    """Raises OSError if nothing listens at an address, ValueError if it is none; Ray would try for minutes."""
    if address not in (LOCAL, "auto"):
        host, _, port = address.rpartition("://")[2].rpartition(":")
        socket.create_connection((host, int(port)), KNOCK_SECONDS).close()


def _needs(ray: Any, options: EncodeOptions) -> dict[str, Any]:
    """Resources that a task needs, as arguments of `ray.remote`."""
    if options.device != "cpu" and ray.cluster_resources().get("GPU"):
        return {"num_gpus": 1, "num_cpus": 0}
    return {"num_cpus": options.threads}


def _result(ray: Any, ended: Any) -> None:
    """Raises the error of a task that has ended, if it failed."""
    try:
        ray.get(ended)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, NervcodecError):
            raise error.cause from None
        raise WorkersLost(f"a worker of the cluster failed: {error.cause!r}") from error
    except ray.exceptions.RayError as error:
        raise WorkersLost(f"workers of the cluster were lost {RETRIES + 1} times: {error}") from error
