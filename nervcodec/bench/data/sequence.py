"""A video to measure on, and the check that all its frames were read."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from nervcodec.errors import VideoError
from nervcodec.picture import VideoFormat
from nervcodec.video.images import images_in
from nervcodec.video.view import View


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """A video of a data set, found on this machine."""

    name: str
    """Name, such as `ReadySteadyGo` or `bmx-trees`, that no other sequence of the data set has."""
    source: str
    """Source that `read_frames` opens."""
    first: int = 0
    """Index of the sequence's first frame in the source, which may hold other sequences too."""
    frames: int
    format: VideoFormat
    """Format of the source, uncropped, with the data set's frame rate where that is known."""
    where: str
    """Place where the sequence was found, in words."""

    @property
    def size_on_disk(self) -> int:
        """Bytes of the source file, or of all images together."""
        path = Path(self.source)
        files = images_in(path) if path.is_dir() else [path]
        return sum(file.stat().st_size for file in files)

    @property
    def frame_rate(self) -> Fraction:
        """Frames per second."""
        return self.format.frame_rate


def check_frames(sequence: Sequence, view: View, read: int) -> None:
    """Check that as many frames came through a view of a sequence as the view wants.

    Raises VideoError for another number.
    """
    if view.stop is None:
        return
    wanted = view.stop - view.first
    if read != wanted:
        raise VideoError(f"{sequence.source}: {sequence.name} gave {read} frames where {wanted} were expected")
