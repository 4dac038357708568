"""Raw planes after a header line, `.y4m`, written here because FFmpeg leaves out the shape of the pixels."""

from typing import BinaryIO

from nervcodec.picture import DEEP, FULL, STUDIO, Chroma, VideoFormat
from nervcodec.video.colour import Frame
from nervcodec.video.domains import picture_to_frame
from nervcodec.video.yuv import plane_samples

PLANES: dict[Chroma, str] = {"rgb": "yuv444p", "444": "yuv444p", "422": "yuv422p", "420": "yuv420p", "grey": "gray"}
NAMES = {
    "yuv444p": "444",
    "yuv422p": "422",
    "yuv420p": "420jpeg",
    "gray": "mono",
    "yuv444p10le": "444p10",
    "yuv422p10le": "422p10",
    "yuv420p10le": "420p10",
    "gray10le": "mono10",
}
RANGES = {STUDIO: " XCOLORRANGE=LIMITED", FULL: " XCOLORRANGE=FULL"}


def y4m_header(video: VideoFormat) -> bytes:
    """The header line of a file."""
    rate, aspect = video.frame_rate, video.sample_aspect
    return (
        f"YUV4MPEG2 W{video.width} H{video.height} F{rate.numerator}:{rate.denominator} Ip"
        f" A{aspect.numerator}:{aspect.denominator} C{NAMES[_planes(video)]}"
        f"{RANGES.get(video.colour.sample_range, '')}\n"
    ).encode()


def write_y4m_frame(file: BinaryIO, picture: Frame, video: VideoFormat, times: int = 1) -> None:
    """Write a picture, in the domain and depth of the video, a number of times."""
    frame = picture_to_frame(picture, _planes(video), video)
    data = b"FRAME\n" + b"".join(plane.tobytes() for plane in plane_samples(frame))
    for _ in range(times):
        file.write(data)


def _planes(video: VideoFormat) -> str:
    """FFmpeg's name of the pixel format of a video; samples above 8 bits are little-endian pairs of bytes."""
    return PLANES[video.chroma] + ("10le" if video.depth == DEEP else "")
