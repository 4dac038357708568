"""A video to measure on, and the check that what was read is all of it."""

from dataclasses import dataclass
from fractions import Fraction

from nervcodec.errors import VideoError
from nervcodec.picture import VideoFormat
from nervcodec.video.view import View


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """A video of a data set, found on this machine."""

    name: str
    """Such as `ReadySteadyGo` or `bmx-trees`; one of its kind in its data set."""
    source: str
    """What `read_frames` opens."""
    first: int = 0
    """Index of its first frame in the source, which may hold other sequences too."""
    frames: int | None
    """How many frames it has; None where only reading tells."""
    format: VideoFormat
    """Of the source, uncropped, with the data set's frame rate where that is known."""
    where: str
    """Where it was found, in words."""

    @property
    def frame_rate(self) -> Fraction:
        """Frames per second."""
        return self.format.frame_rate


def check_frames(sequence: Sequence, view: View, read: int) -> None:
    """Whether as many frames came through a view of the sequence as it must have.

    Raises VideoError if not; containers that do not tell their length are found short here.
    """
    if sequence.frames is None or view.stop is None:
        return
    wanted = view.stop - view.first
    if read != wanted:
        raise VideoError(f"{sequence.source}: {sequence.name} gave {read} frames where {wanted} were expected")
