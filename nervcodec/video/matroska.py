"""Properties of a stream that PyAV cannot set in FFmpeg's muxers, set by a few bytes of Matroska."""

import struct
from math import gcd
from pathlib import Path

from nervcodec.picture import ContentLight, MasteringDisplay, VideoFormat
from nervcodec.video.sidedata import CHROMATICITY, LUMINANCE

CODECS = {"ffv1": b"V_FFV1", "libx264": b"V_MPEG4/ISO/AVC"}
PLACEHOLDER_ROTATION = 180
"""Rotation in degrees, which FFmpeg writes as the element that `set_display_size` replaces."""
TRACKS, CHECKSUM = bytes.fromhex("1654ae6b"), bytes.fromhex("bf84")
UNKNOWN_UNIT = bytes.fromhex("54b28104")
"""Element that FFmpeg writes where it knows no display size."""
PROJECTION = bytes.fromhex("76708b767588")
"""Ids and sizes of the elements of the projection and of its angle, whose 8 bytes follow."""
PROJECTION_BYTES = len(PROJECTION) + 8
MAX_ASPECT = 255
"""Largest numerator and denominator of an aspect ratio, as FFmpeg reads them."""


def template(video: VideoFormat, encoder: str) -> bytes:
    """A Matroska file without frames, whose track has a video's HDR10 metadata and serves as template for a stream."""
    colour = b""
    if video.content_light:
        colour += _light(video.content_light)
    if video.mastering:
        colour += _element("55d0", _mastering(video.mastering))
    picture = _number("b0", video.width) + _number("ba", video.height) + _element("55b0", colour)
    track = _number("d7", 1) + _number("73c5", 1) + _number("83", 1)  # number, id, video
    track += _element("86", CODECS[encoder]) + _element("e0", picture)
    info = _element("1549a966", _number("2ad7b1", 1_000_000))  # nanoseconds of a tick
    cluster = _element("1f43b675", _number("e7", 0))
    segment = info + _element(TRACKS.hex(), _element("ae", track)) + cluster
    return _element("1a45dfa3", _element("4282", b"matroska")) + _element("18538067", segment)


def set_display_size(path: Path, video: VideoFormat) -> None:
    """Replace the PLACEHOLDER_ROTATION in a file that FFmpeg wrote by the display size of pixels that are not square.

    Nothing else in the file moves. The checksum of the tracks, which is optional, is removed.
    """
    aspect = video.sample_aspect.limit_denominator(MAX_ASPECT)
    common = gcd(aspect.numerator * video.width, aspect.denominator)
    width, height = (side // common for side in (aspect.numerator * video.width, aspect.denominator * video.height))
    size = _number("54b0", width) + _number("54ba", height)
    with path.open("r+b") as file:
        head = file.read(1 << 16)
        place = head.index(PROJECTION)
        tracks = head.rindex(TRACKS, 0, place)
        for old, new in (
            (head.index(CHECKSUM, tracks), _void(6)),
            (head.index(UNKNOWN_UNIT, tracks), _number("54b2", 0)),  # pixels
            (place, size + _void(PROJECTION_BYTES - len(size))),
        ):
            file.seek(old)
            file.write(new)


def _light(light: ContentLight) -> bytes:
    return _number("55bc", light.max_content) + _number("55bd", light.max_average)


def _mastering(display: MasteringDisplay) -> bytes:
    points = (display.red, display.green, display.blue, display.white)
    values = [coordinate / CHROMATICITY for point in points for coordinate in point]
    values += [display.max_luminance / LUMINANCE, display.min_luminance / LUMINANCE]
    return b"".join(_element(f"55d{number:x}", struct.pack(">d", value)) for number, value in enumerate(values, 1))


def _element(number: str, content: bytes) -> bytes:
    """An element of Matroska, given its id in hexadecimal; its size takes as few bytes as possible."""
    width = 1
    while len(content) >= (1 << 7 * width) - 1:
        width += 1
    return bytes.fromhex(number) + (len(content) | 1 << 7 * width).to_bytes(width, "big") + content


def _number(number: str, value: int) -> bytes:
    return _element(number, value.to_bytes(max((value.bit_length() + 7) // 8, 1), "big"))


def _void(size: int) -> bytes:
    """An element of a number of bytes that mean nothing."""
    return _element("ec", bytes(size - 2))
