"""Input and output of every codec of a benchmark."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from nervcodec.picture import VideoFormat
from nervcodec.video.view import View

Setting = Mapping[str, Any]
"""Values that make a point of a curve, of types that JSON has."""


@dataclass(frozen=True)
class Material:
    """Portion of a video that is coded, with its frames."""

    source: str
    view: View
    video: VideoFormat
    """Format of the frames that the view lets through."""
    clip: Tensor
    """Frames that the view lets through, `[T, 3, H, W]`, uint8."""


@dataclass(frozen=True, kw_only=True)
class Coded:
    """A stream, and how it was made."""

    data: bytes
    """All bytes that a decoder needs; their number is the rate."""
    command: str
    """Command line with which a user would make the stream."""
    conversion: str
    """Conversion between RGB and what the codec codes, in words."""
    seconds: float
    """Seconds that coding took, measured by wall-clock time."""
    parameters: int | None = None
    """Number of weights in the stream, for codecs that are networks."""
    decoded: Tensor | None = None
    """Decoded frames, for an encoder that gives them with the stream."""
    macs: int | None = None
    """Multiplications in decoding one frame, for codecs that are networks."""


class Codec(Protocol):
    """A codec under some name."""

    def settings(self, points: int) -> dict[str, Setting]:
        """Settings of a curve by label, from few bits to many: `points`, or twice as many where they cost little."""

    def encode(self, material: Material, setting: Setting) -> Coded:
        """Code a clip."""

    def decode(self, material: Material, coded: Coded) -> Tensor:
        """The frames of a stream, `[T, 3, H, W]`, uint8, including a row or column that the codec had to add."""
