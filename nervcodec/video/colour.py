"""Conversion between the pixels of decoders and encoders and RGB of 8 or 10 bits, by a video's matrix and range."""

from dataclasses import replace
from typing import Any, cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from nervcodec.picture import (
    BT709,
    DEEP,
    FULL,
    MATRIX_NAMES,
    SHALLOW,
    STUDIO,
    UNSPECIFIED,
    Chroma,
    ColourTags,
    Domain,
    VideoFormat,
    in_domain,
)
from nervcodec.samples import depth_of, peak_of

Frame = NDArray[np.integer[Any]]
"""A picture, `[H, W, C]`, RGB unless stated otherwise; uint8 at 8 bits, int16 at 10 (see `nervcodec.samples`)."""

MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""swscale's coefficients by H.273 matrix; any other matrix, or none, means BT.601, as in swscale itself."""
SAMPLING_NAMES = {"444": "4:4:4", "422": "4:2:2", "420": "4:2:0"}
RANGES = {STUDIO: ColorRange.MPEG, FULL: ColorRange.JPEG, UNSPECIFIED: ColorRange.MPEG}
FFMPEG_RANGES = {0: UNSPECIFIED, 1: STUDIO, 2: FULL}
BT601 = 6
"""H.273 code point of the matrix, primaries and transfer of 525-line television."""
HD_COLUMNS, HD_LINES = 1280, 720
"""Width and height from which on players take YUV that names no matrix for BT.709."""
OPAQUE = 255
LUMA = np.array([299, 587, 114])
"""Weights of red, green and blue in grey, in thousandths, by BT.601."""
TO_RGB = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND
"""Interpolation for more than 8 bits, where swscale's default makes white 253; 8 to 8 bits take ffmpeg's default."""
TO_YUV = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INP | Interpolation.ACCURATE_RND
PICKED = Interpolation.POINT | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
"""No interpolation: whole pixels of a frame make a smaller one."""
FAST_THREADS = 1
"""Threads of a conversion that interpolates nothing: others, which PyAV would start for each frame, wait for the cores
of the video's decoder, longer than such a conversion of 1280x720 takes (docs/performance.md)."""
HALVING_REACH = 4
"""Pixels to either side that a bicubic filter sees when it halves the size."""
WORD_PEAK = (1 << 16) - 1
STUDIO_WHITE = 255 << 8
"""White of the 16-bit RGB that swscale makes of studio range, and converts to any YUV; other formats have their own."""
WHOLE = {"gray": 255, "rgb24": 255, "gray10le": 1023, "gbrp10le": 1023, "gray16be": WORD_PEAK, "rgb48be": WORD_PEAK}
"""White of each pixel format that takes grey or RGB without conversion."""


def colour_tags(frame: av.VideoFrame) -> ColourTags:
    """The colour properties that a decoded frame names."""
    full = frame.format.name.startswith("yuvj")
    return ColourTags(
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        matrix=UNSPECIFIED if frame.format.is_rgb else frame.colorspace,
        sample_range=FULL if full else FFMPEG_RANGES.get(frame.color_range, UNSPECIFIED),
    )


def matrix_of(tags: ColourTags) -> Colorspace:
    """The coefficients by which swscale converts a video with these tags."""
    return MATRICES.get(tags.matrix, Colorspace.ITU601)


def chroma_format(frame: av.VideoFrame) -> Chroma:
    """How a decoded frame samples colour; rarer samplings (4:1:1, 4:4:0) count as 4:4:4."""
    pixel = frame.format
    if pixel.is_rgb or pixel.has_palette:
        return "rgb"
    if len(pixel.components) < 3:
        return "grey"
    sampling: dict[tuple[int, int], Chroma] = {(8, 8): "420", (8, 16): "422"}
    return sampling.get((pixel.chroma_width(16), pixel.chroma_height(16)), "444")


def source_depth(frame: av.VideoFrame) -> int:
    """The depth that loses the least of a decoded frame: 8 for at most 8 bits, 10 for more."""
    return DEEP if frame.format.components[0].bits > SHALLOW else SHALLOW


def colour_reach(frame: av.VideoFrame, depth: int = SHALLOW, domain: Domain = "rgb", *, turned: bool = False) -> int:
    """The largest distance, in pixels, at which a sample of colour affects what is made of a frame."""
    pixel, is_odd = frame.format, frame.width % 2 > 0 or frame.height % 2 > 0
    if domain == "yuv420" and chroma_format(frame) == "420":
        return int(turned and is_odd)  # squares of 2x2 then begin at another edge
    if domain == "yuv420":
        return HALVING_REACH
    if pixel.is_rgb or pixel.has_palette or len(pixel.components) < 3:
        return 0
    cell = max(16 // pixel.chroma_width(16), 16 // pixel.chroma_height(16))
    if cell == 1:
        return 0
    is_bicubic = is_odd or max(source_depth(frame), depth) > SHALLOW
    return 2 * cell if is_bicubic else cell - 1  # without bicubic, the nearest sample


def is_opaque(frame: av.VideoFrame) -> bool:
    """Whether no pixel of a decoded frame lets a background through."""
    if not frame.format.has_palette and not any(component.is_alpha for component in frame.format.components):
        return True
    return bool((frame.to_ndarray(format="rgba")[..., 3] == OPAQUE).all())


def frame_to_rgb(frame: av.VideoFrame, tags: ColourTags, depth: int = SHALLOW) -> Frame:
    """Convert a decoded frame to RGB `[H, W, 3]`, at a depth."""
    is_deep, is_yuv = source_depth(frame) > SHALLOW, chroma_format(frame) not in ("rgb", "grey")
    if depth == SHALLOW or not (is_deep or is_yuv):
        pixels = _swscaled(frame, "rgb24", tags, TO_RGB if is_deep else None)
        return pixels if depth == SHALLOW else _rescaled(pixels, OPAQUE, peak_of(depth)).astype(np.int16)
    words = _swscaled(frame, "rgb48le", tags, TO_RGB)
    return _rescaled(words, _white(frame, tags), peak_of(depth)).astype(np.int16)


def frame_to_small_rgb(frame: av.VideoFrame, tags: ColourTags, step: int) -> Frame:
    """Convert one pixel of each `step` x `step` of a decoded frame to RGB `[H, W, 3]` of 8 bits, nearly as
    `frame_to_rgb` does."""
    size = frame.width // step, frame.height // step
    return _swscaled(frame, "rgb24", tags, None if step == 1 else PICKED, size)


def _swscaled(
    frame: av.VideoFrame,
    pixel_format: str,
    tags: ColourTags,
    interpolation: Interpolation | None,
    size: tuple[int | None, int | None] = (None, None),
) -> Frame:
    """A decoded frame in a pixel format of RGB, with a new width and height if these are given."""
    options: dict[str, Any] = {}
    if interpolation in (None, PICKED):
        options = {"interpolation": interpolation, "threads": FAST_THREADS}
    if not (frame.format.is_rgb or frame.format.has_palette):
        space, sample_range = matrix_of(tags), RANGES[tags.sample_range]
        options |= {"src_colorspace": space, "src_color_range": sample_range, "interpolation": interpolation}
    return cast(Frame, frame.reformat(*size, pixel_format, **options).to_ndarray())


def _white(frame: av.VideoFrame, tags: ColourTags) -> int:
    """The 16-bit value that swscale makes of white: it shifts samples up, but repeats RGB's upper bits in the lower."""
    chroma, bits = chroma_format(frame), min(frame.format.components[0].bits, 16)
    if chroma == "rgb":
        return WORD_PEAK
    is_studio = chroma != "grey" and RANGES[tags.sample_range] == ColorRange.MPEG
    return STUDIO_WHITE if is_studio else peak_of(bits) << (16 - bits)


def _rescaled(samples: Frame, white: int, peak: int) -> Frame:
    """Samples scaled from `white` to `peak`, to the nearest; those brighter than `white` become `peak`."""
    if white == peak:
        return samples
    return np.minimum((samples.astype(np.uint32) * peak + white // 2) // white, peak)


def describe_conversion(video: VideoFormat, domain: Domain = "rgb") -> str:
    """How a video's pictures come into a domain, in words: by which matrix and range, and where these come from."""
    if domain == "yuv420" and video.chroma == "420":
        return f"planes of 4:2:0, not converted, at {video.depth} bits"
    if domain == "yuv420":
        stored = SAMPLING_NAMES.get(video.chroma, "RGB")
        return f"{stored} to {video.depth}-bit 4:2:0 by swscale, {describe_tags(in_domain(video, domain).colour)}"
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
    return f"{SAMPLING_NAMES[video.chroma]} to {video.depth}-bit RGB by swscale, {describe_tags(video.colour)} ({who})"


def describe_tags(tags: ColourTags) -> str:
    """The matrix and range by which samples with these tags are converted, in words."""
    sample_range = "full" if tags.sample_range == FULL else "studio"
    return f"matrix {MATRIX_NAMES[tags.matrix] if tags.matrix in MATRICES else 'BT.601'}, {sample_range} range"


def named_colour(video: VideoFormat, pixel_format: str) -> VideoFormat:
    """A video of RGB with the colour that YUV made of it gets: players take HD that names no matrix for BT.709."""
    if video.chroma != "rgb" or video.domain != "rgb" or video.colour.matrix != UNSPECIFIED:
        return video
    if not pixel_format.startswith("yuv"):
        return video
    code = BT709 if video.width >= HD_COLUMNS or video.height >= HD_LINES else BT601
    unnamed = [name for name in ("primaries", "transfer") if getattr(video.colour, name) == UNSPECIFIED]
    colour = replace(video.colour, matrix=code, sample_range=STUDIO, **dict.fromkeys(unnamed, code))
    return replace(video, colour=colour)


def rgb_to_frame(pixels: Frame, pixel_format: str, tags: ColourTags) -> av.VideoFrame:
    """Make a frame of `pixel_format` for an encoder, inverse of `frame_to_rgb` up to rounding; grey is kept as luma."""
    peak = peak_of(depth_of(pixels))
    white = WHOLE.get(pixel_format)
    if white is not None:
        whole = (pixels @ LUMA + sum(LUMA) // 2) // sum(LUMA) if pixel_format.startswith("gray") else pixels
        return _frame_of(_rescaled(whole, peak, white), pixel_format)
    if peak == OPAQUE:
        frame = _frame_of(pixels, "rgb24")
    else:
        frame = _frame_of(_rescaled(pixels, peak, STUDIO_WHITE), "rgb48le")
    if pixel_format.startswith("yuv"):
        return frame.reformat(
            format=pixel_format,
            dst_colorspace=matrix_of(tags),
            dst_color_range=RANGES[tags.sample_range],
            interpolation=TO_YUV,
        )
    return frame.reformat(format=pixel_format)


def _frame_of(samples: NDArray[Any], pixel_format: str) -> av.VideoFrame:
    words = av.VideoFormat(pixel_format).components[0].bits > SHALLOW
    array = np.ascontiguousarray(samples, np.uint16 if words else np.uint8)
    return av.VideoFrame.from_ndarray(cast(NDArray[np.uint8], array), format=pixel_format)
