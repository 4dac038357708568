"""Writing frames in a thread of its own, while the next ones are made."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from nervcodec.video.colour import Frame
from nervcodec.video.muxing import Sink

WAITING = 4
"""Largest number of frames that have been taken and are not yet written."""


@contextmanager
def in_background(sink: Sink) -> Iterator[Sink]:
    """A sink that hands frames on to `sink` in order and does not wait for it; callers must not change them any more.

    An error of `sink` is raised by a later call or by the end of the block. The block ends when all frames are written;
    after any error, frames that still wait are not written.
    """
    thread, taken = ThreadPoolExecutor(1), deque[Future[None]]()

    def take(frame: Frame) -> None:
        if len(taken) == WAITING:
            taken.popleft().result()
        taken.append(thread.submit(sink, frame))

    try:
        yield take
        for writing in taken:
            writing.result()
    finally:
        thread.shutdown(cancel_futures=True)
