"""Between the pixels of a decoder or encoder and 8-bit RGB, by the matrix and range that a video names."""

from typing import cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from nervcodec.picture import FULL, STUDIO, UNSPECIFIED, Chroma, ColourTags, VideoFormat

Frame = NDArray[np.uint8]
"""`[H, W, 3]`, RGB."""

MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""H.273 matrix to swscale's coefficients; any other, and none, is BT.601, as swscale itself does."""
MATRIX_NAMES = {1: "BT.709", 4: "FCC", 5: "BT.601", 6: "BT.601", 7: "SMPTE 240M", 9: "BT.2020", 10: "BT.2020"}
SAMPLING_NAMES = {"444": "4:4:4", "422": "4:2:2", "420": "4:2:0"}
RANGES = {STUDIO: ColorRange.MPEG, FULL: ColorRange.JPEG, UNSPECIFIED: ColorRange.MPEG}
FFMPEG_RANGES = {0: UNSPECIFIED, 1: STUDIO, 2: FULL}
OPAQUE = 255
LUMA = np.array([299, 587, 114])
"""Parts of red, green and blue in grey, by BT.601."""
TO_RGB = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND
"""For samples above 8 bits, of which swscale's default makes white 253; 8 bits are as by ffmpeg's default."""
TO_YUV = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INP | Interpolation.ACCURATE_RND


def colour_tags(frame: av.VideoFrame) -> ColourTags:
    """What a decoded frame says of its colour."""
    full = frame.format.name.startswith("yuvj")
    return ColourTags(
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        matrix=UNSPECIFIED if frame.format.is_rgb else frame.colorspace,
        sample_range=FULL if full else FFMPEG_RANGES.get(frame.color_range, UNSPECIFIED),
    )


def chroma_format(frame: av.VideoFrame) -> Chroma:
    """How a decoded frame samples colour; rarer forms (4:1:1, 4:4:0) count as 4:4:4."""
    pixel = frame.format
    if pixel.is_rgb or pixel.has_palette:
        return "rgb"
    if len(pixel.components) < 3:
        return "grey"
    sampling: dict[tuple[int, int], Chroma] = {(8, 8): "420", (8, 16): "422"}
    return sampling.get((pixel.chroma_width(16), pixel.chroma_height(16)), "444")


def colour_reach(frame: av.VideoFrame) -> int:
    """How many pixels away, at most, a sample of colour has a say in what `frame_to_rgb` makes of a frame."""
    pixel = frame.format
    if pixel.is_rgb or pixel.has_palette or len(pixel.components) < 3:
        return 0
    cell = max(16 // pixel.chroma_width(16), 16 // pixel.chroma_height(16))
    if cell == 1:
        return 0
    return 2 * cell if pixel.components[0].bits > 8 else cell - 1  # bicubic, or the nearest


def is_opaque(frame: av.VideoFrame) -> bool:
    """Whether no pixel of a decoded frame lets a background through."""
    if not frame.format.has_palette and not any(component.is_alpha for component in frame.format.components):
        return True
    return bool((frame.to_ndarray(format="rgba")[..., 3] == OPAQUE).all())


def frame_to_rgb(frame: av.VideoFrame, tags: ColourTags) -> Frame:
    """`[H, W, 3]` uint8 of a decoded frame."""
    if frame.format.is_rgb or frame.format.has_palette:
        rgb = frame.reformat(format="rgb24")
    else:
        rgb = frame.reformat(
            format="rgb24",
            src_colorspace=MATRICES.get(tags.matrix, Colorspace.ITU601),
            src_color_range=RANGES[tags.sample_range],
            interpolation=TO_RGB if frame.format.components[0].bits > 8 else None,
        )
    return cast(Frame, rgb.to_ndarray())


def describe_conversion(video: VideoFormat) -> str:
    """How `frame_to_rgb` makes 8-bit RGB of a video, in words: by which matrix and range, and who says so."""
    if video.chroma == "rgb":
        return "RGB as stored"
    if video.chroma == "grey":
        return "grey as stored, in all three channels, without a change of range"
    matrix, sample_range = video.colour.matrix, video.colour.sample_range
    named = matrix in MATRICES, sample_range != UNSPECIFIED
    who = {
        (True, True): "both as the video says",
        (True, False): "the matrix as the video says, the range by FFmpeg's default",
        (False, True): "the matrix by FFmpeg's default, the range as the video says",
        (False, False): "FFmpeg's defaults, as in the NeRV papers, for the video names neither",
    }[named]
    return f"{SAMPLING_NAMES[video.chroma]} to 8-bit RGB by swscale, {describe_tags(video.colour)} ({who})"


def describe_tags(tags: ColourTags) -> str:
    """The matrix and range by which samples with these tags are converted, in words."""
    sample_range = "full" if tags.sample_range == FULL else "studio"
    return f"matrix {MATRIX_NAMES.get(tags.matrix, 'BT.601')}, {sample_range} range"


def rgb_to_frame(pixels: Frame, pixel_format: str, tags: ColourTags) -> av.VideoFrame:
    """A frame of `pixel_format` for an encoder, the inverse of `frame_to_rgb` up to rounding; grey is luma as it is."""
    if pixel_format == "gray":
        grey = (pixels @ LUMA + sum(LUMA) // 2) // sum(LUMA)
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(grey.astype(np.uint8)), format="gray")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    if pixel_format == "rgb24":
        return frame
    if pixel_format.startswith("yuv"):
        frame = frame.reformat(
            format=pixel_format,
            dst_colorspace=MATRICES.get(tags.matrix, Colorspace.ITU601),
            dst_color_range=RANGES[tags.sample_range],
            interpolation=TO_YUV,
        )
    else:
        frame = frame.reformat(format=pixel_format)
    return frame
