"""Writing beside what makes the frames, in a thread of its own."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from nervcodec.video.colour import Frame
from nervcodec.video.writer import Sink

WAITING = 4
"""Frames, at most, that have been taken and are not yet written."""


@contextmanager
def in_background(sink: Sink) -> Iterator[Sink]:
    """A sink that hands frames on to `sink` in order, and does not wait for it; they may not be changed any more.

    What `sink` raises comes out of a later call or of the block, which ends when all frames are written; after any
    error, without those that wait.
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
