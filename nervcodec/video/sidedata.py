"""Metadata that a decoded frame has beside its pixels: its rotation, and HDR10 metadata."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import cast

import av
from av.sidedata.sidedata import SideDataContainer, Type

from nervcodec.errors import VideoError
from nervcodec.picture import ContentLight, MasteringDisplay

QUARTER_TURNS: dict[tuple[int, ...], int] = {
    (1000, 0, 0, 1000): 0,
    (0, -1000, 1000, 0): 1,
    (-1000, 0, 0, -1000): 2,
    (0, 1000, -1000, 0): 3,
}
"""Counter-clockwise quarter turns that set a picture upright, by the upper left 2x2 of its display matrix in 1/1000."""
CHROMATICITY, LUMINANCE = 50_000, 10_000
"""Units of SMPTE ST 2086 in a chromaticity of one, and in a candela per square metre."""


def _unnamed(kind: type[Type], number: int) -> Type:
    """A member for side data that PyAV has no name for, such as EXIF: it would refuse to list any of a frame's."""
    member = object.__new__(kind)
    member._name_, member._value_ = f"UNNAMED_{number}", number  # type: ignore[assignment]
    return member


Type._missing_ = classmethod(_unnamed)  # type: ignore[assignment, method-assign]


def quarter_turns(frame: av.VideoFrame, name: str) -> int:
    """The number of counter-clockwise quarter turns that set a frame upright.

    Raises VideoError for a frame that is mirrored or turned by another angle.
    """
    data = _find(frame, Type.DISPLAYMATRIX)
    if data is None:
        return 0
    a, b, _, c, d = struct.unpack("=5i", data[:20])
    scale = max(abs(a), abs(b)) or 1
    upper_left = tuple(round(1000 * number / scale) for number in (a, b, c, d))
    if upper_left not in QUARTER_TURNS:
        raise VideoError(f"{name}: pictures that are mirrored, or turned by other than right angles, are not supported")
    return QUARTER_TURNS[upper_left]


def mastering_display(frame: av.VideoFrame) -> MasteringDisplay | None:
    """The display a video was made on, where its first frame describes it."""
    data = _find(frame, Type.MASTERING_DISPLAY_METADATA)
    if data is None:
        return None
    *numbers, has_primaries, has_luminance = struct.unpack("=22i", data)
    ratios = [Fraction(n, d) if d else Fraction(0) for n, d in zip(numbers[::2], numbers[1::2], strict=True)]
    least, most = _units(ratios[8:], LUMINANCE, has_luminance)
    return MasteringDisplay.of(_units(ratios[:8], CHROMATICITY, has_primaries), most, least)


def content_light(frame: av.VideoFrame) -> ContentLight | None:
    """The largest brightness of a video, where its first frame names it."""
    data = _find(frame, Type.CONTENT_LIGHT_LEVEL)
    if data is None:
        return None
    most, average = struct.unpack("=2I", data[:8])
    return ContentLight(max_content=most, max_average=average)


def _units(ratios: Sequence[Fraction], unit: int, is_known: int) -> list[int]:
    return [round(ratio * unit) if is_known else 0 for ratio in ratios]


def _find(frame: av.VideoFrame, kind: Type) -> bytes | None:
    entry = cast(SideDataContainer, frame.side_data).get(kind.name)
    return None if entry is None else bytes(entry)
