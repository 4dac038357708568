"""All options of `decode`; loads neither torch nor a video library."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from nervcodec.codec.choices import Between, Copying, DeviceName
from nervcodec.declarations import Range, check_declared
from nervcodec.timeline import Playback

if TYPE_CHECKING:
    from nervcodec.codec.decoding.composite import Composite


@dataclass(frozen=True, kw_only=True)
class DecodeOptions:
    """All options of `decode`."""

    layers: Annotated[int | None, Range(1)] = None
    """Number of layers that are decoded, from the base up; None means all."""
    playback: Playback = field(default_factory=Playback)
    """Times at which frames are decoded, with a start and an end."""
    between: Between = "motion"
    """Source of a frame between two frames of the file."""
    audio: Copying = "copy"
    """Whether sound goes into an `.mkv` or `.mp4`."""
    subtitles: Copying = "copy"
    """Whether subtitles and attached fonts go into an `.mkv` or `.mp4`; chapters and titles always do."""
    composite: "Composite | None" = None
    """A video whose missing pixels are filled from decoded frames; None gives whole decoded frames."""
    device: DeviceName = "auto"
    fast: bool = False
    """Whether networks may run in less than float32 where the device is faster, and the temporal filter is skipped;
    such a decode is not conformant."""

    def __post_init__(self) -> None:
        check_declared(self)
