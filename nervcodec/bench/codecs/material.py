"""What every codec gets to code, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from nervcodec.picture import VideoFormat
from nervcodec.video.view import View

Setting = Mapping[str, Any]
"""What makes a point of a curve, in values that JSON has."""


@dataclass(frozen=True)
class Material:
    """A part of a video."""

    source: str
    view: View
    video: VideoFormat
    """Of the frames that the view lets through."""
    clip: Tensor
    """Those frames, `[T, 3, H, W]`, uint8."""


@dataclass(frozen=True, kw_only=True)
class Coded:
    """A stream, and how it came about."""

    data: bytes
    """All that a decoder needs; its length is the rate."""
    command: str
    """What a user would type."""
    conversion: str
    """Between RGB and what the codec codes."""
    seconds: float
    """That coding took by the clock."""
    parameters: int | None = None
    """Weights in the stream, of codecs that are networks."""
    decoded: Tensor | None = None
    """The frames, of an encoder that gives them with the stream."""
    macs: int | None = None
    """Multiplications in decoding one frame, of the same."""


class Codec(Protocol):
    """A codec under some name."""

    def settings(self, points: int) -> dict[str, Setting]:
        """The points of its curve by label, from few bits to many: so many, or twice as many where they cost little."""

    def encode(self, material: Material, setting: Setting) -> Coded:
        """Code a clip."""

    def decode(self, material: Material, coded: Coded) -> Tensor:
        """The frames of a stream, `[T, 3, H, W]`, uint8; a row or column more where the codec had to add one."""
