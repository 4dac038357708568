"""Everything that `decode` can be told; loads neither torch nor a video library."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from nervcodec.codec.choices import Audio, Between, DeviceName
from nervcodec.declarations import Range, check_declared
from nervcodec.timeline import Playback

if TYPE_CHECKING:
    from nervcodec.codec.decoding.composite import Composite


@dataclass(frozen=True, kw_only=True)
class DecodeOptions:
    """Everything that `decode` can be told."""

    layers: Annotated[int | None, Range(1)] = None
    """The first so many; None means all."""
    playback: Playback = field(default_factory=Playback)
    """At which times, from when to when."""
    between: Between = "motion"
    """What makes a frame between two of the file."""
    audio: Audio = "copy"
    """Whether sound, subtitles, chapters and titles go into an `.mkv` or `.mp4`."""
    composite: "Composite | None" = None
    """A video of which only the missing pixels are filled; None gives whole decoded frames."""
    device: DeviceName = "auto"
    fast: bool = False
    """Whether networks may run in less than float32 where the device is faster at that; no conformant decoder then."""

    def __post_init__(self) -> None:
        check_declared(self)
