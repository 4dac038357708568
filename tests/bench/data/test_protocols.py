"""Frames and pixels that each protocol takes of a sequence, and their description in words."""

from fractions import Fraction

import pytest

from nervcodec.bench.data.protocols import describe_view, protocol_view
from nervcodec.bench.data.sequence import Sequence
from nervcodec.errors import RequestError
from nervcodec.picture import FULL, STUDIO, Chroma, ColourTags, VideoFormat
from nervcodec.video.colour import describe_conversion
from nervcodec.video.view import EVEN, View


def sequence(width: int, height: int, frames: int = 600, first: int = 0) -> Sequence:
    """A sequence whose file does not exist."""
    video = VideoFormat(width=width, height=height, frame_rate=Fraction(120), chroma="420")
    return Sequence(name="Beauty", source="b.yuv", first=first, frames=frames, format=video, where="nowhere")


@pytest.mark.parametrize(
    ("protocol", "size", "crop", "words"),
    [
        ("hnerv", (1280, 720), (1280, 640), "all 600 frames; the middle 1280x640 of 1280x720"),
        ("hnerv", (1920, 1080), (1920, 960), "all 600 frames; the middle 1920x960 of 1920x1080"),
        ("hnerv", (854, 480), None, "all 600 frames; the whole picture, 854x480"),
        ("full", (1920, 1080), None, "all 600 frames; the whole picture, 1920x1080"),
        ("dcvc", (1920, 1080), None, "frames 0 to 95 of 600; the whole picture, 1920x1080"),
    ],
)
def test_protocols(protocol: str, size: tuple[int, int], crop: tuple[int, int] | None, words: str) -> None:
    one = sequence(*size)
    view = protocol_view(protocol, one)
    assert view == View(stop=96 if protocol == "dcvc" else 600, crop=crop, depth=8)
    assert describe_view(one, view) == words


@pytest.mark.parametrize(
    ("protocol", "frames", "request_", "wanted"),
    [
        ("full", 600, View(first=10, stop=20), (10, 20)),
        ("full", 300, View(first=10, stop=600), (10, 300)),
        ("full", 600, View(first=10), (10, 600)),
        ("dcvc", 600, View(first=10), (10, 96)),
        ("dcvc", 600, View(stop=120), (0, 120)),
        ("dcvc", 50, View(), (0, 50)),
    ],
)
@pytest.mark.parametrize("offset", [0, 1200])
def test_frames_that_the_user_names(
    protocol: str, frames: int, request_: View, wanted: tuple[int, int], offset: int
) -> None:
    view = protocol_view(protocol, sequence(64, 32, frames, offset), request_)
    assert view.first == wanted[0] + offset
    assert view.stop == wanted[1] + offset


def test_crop_and_size_that_the_user_names() -> None:
    one = sequence(1920, 1080, first=1200)
    view = protocol_view("hnerv", one, View(first=2, stop=50, resize=(320, EVEN), resize_filter="bicubic"))
    assert view.output_size(1920, 1080) == (320, 160)
    assert describe_view(one, view) == (
        "frames 2 to 49 of 600; the middle 1920x960 of 1920x1080; scaled to 320x160 (antialiased bicubic)"
    )
    view = protocol_view("hnerv", one, View(crop=(640, 360), resize=(EVEN, 720)))
    assert describe_view(one, view) == (
        "all 600 frames; the middle 640x360 of 1920x1080; scaled to 1280x720 (antialiased bicubic)"
    )


def test_what_cannot_be_taken() -> None:
    one = sequence(64, 32, 48)
    with pytest.raises(RequestError, match="paper is no protocol"):
        protocol_view("paper", one)
    with pytest.raises(RequestError, match="no frame from 48 on"):
        protocol_view("full", one, View(first=48))
    with pytest.raises(RequestError, match="does not fit"):
        protocol_view("full", one, View(crop=(65, 32)))


@pytest.mark.parametrize(
    ("chroma", "colour", "words"),
    [
        ("420", ColourTags(), "4:2:0 to 8-bit RGB by swscale, matrix BT.601, studio range (FFmpeg's defaults"),
        ("422", ColourTags(matrix=1, sample_range=FULL), "matrix BT.709, full range (both as the video says)"),
        ("444", ColourTags(matrix=9), "4:4:4 to 8-bit RGB by swscale, matrix BT.2020, studio range (the matrix as"),
        ("420", ColourTags(sample_range=STUDIO), "matrix BT.601, studio range (the matrix by FFmpeg's default"),
        ("rgb", ColourTags(), "RGB as stored"),
        ("grey", ColourTags(), "grey as stored"),
    ],
)
def test_the_conversion_is_told(chroma: Chroma, colour: ColourTags, words: str) -> None:
    video = VideoFormat(width=2, height=2, frame_rate=Fraction(25), colour=colour, chroma=chroma)
    assert words in describe_conversion(video)
