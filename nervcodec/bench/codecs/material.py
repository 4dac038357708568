"""Input and output of every codec of a benchmark."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from nervcodec.picture import VideoFormat
from nervcodec.planes import split_planes
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
    """Pictures that the view lets through, 8-bit samples `[T, C, H, W]` in the domain of the video: RGB, or planes of
    YUV 4:2:0 (see `nervcodec.planes`)."""


@dataclass(frozen=True, kw_only=True)
class Coded:
    """A stream, and how it was made."""

    data: bytes
    """All bytes that a decoder needs; their number is the rate."""
    suffix: str
    """Suffix of files that hold such streams, without a dot."""
    command: str
    """Command line with which a user would make the stream."""
    conversion: str
    """What the codec codes, and the conversion between that and the clip, in words."""
    seconds: float
    """Seconds that coding took, measured by wall-clock time."""
    parameters: int | None = None
    """Number of weights in the stream, for codecs that are networks."""
    decoded: Tensor | None = None
    """Decoded pictures, for an encoder that gives them with the stream."""
    macs: int | None = None
    """Multiplications in decoding one frame, for codecs that are networks."""


class Codec(Protocol):
    """A codec under some name."""

    def settings(self, points: int) -> dict[str, Setting]:
        """Settings of a curve by label, from few bits to many: `points`, or twice as many where they cost little."""

    def encode(self, material: Material, setting: Setting) -> Coded:
        """Code a clip."""

    def decode(self, material: Material, coded: Coded) -> Tensor:
        """The pictures of a stream in the domain of the clip, including a row or column that the codec had to add."""


def digest(pictures: Tensor, video: VideoFormat) -> str:
    """SHA-256 of pictures, picture after picture: of RGB pixel after pixel, or of the planes Y, U and V."""
    if video.domain == "rgb":
        return hashlib.sha256(pictures.permute(0, 2, 3, 1).numpy().tobytes()).hexdigest()
    digest = hashlib.sha256()
    for picture in pictures:
        for plane in split_planes(picture[None], video.height, video.width):
            digest.update(plane.numpy().tobytes())
    return digest.hexdigest()
