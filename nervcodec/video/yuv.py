"""Conversion of planes of YUV 4:2:0: from a decoder, packed into one array, and for an encoder."""

from typing import Any, cast

import av
import numpy as np
import torch
from numpy.typing import NDArray

from nervcodec.picture import FULL, SHALLOW, ColourTags, VideoFormat
from nervcodec.planes import LUMA, pack_planes
from nervcodec.samples import depth_of, peak_of
from nervcodec.video.colour import RANGES, TO_YUV, Frame, chroma_format, frame_to_rgb, matrix_of, rgb_to_frame

Planes = tuple[Frame, Frame]
"""Luma `[H, W, 1]`, and U and V `[H/2, W/2, 2]`, rounded up, with a dtype by depth as `Frame` has."""


def frame_to_planes(frame: av.VideoFrame, tags: ColourTags, depth: int = SHALLOW) -> Planes:
    """The planes of a decoded frame at a depth: unchanged if it is 4:2:0 at that depth, else the nearest.

    tags: those of the frame; for a frame of RGB, those that the planes get.
    """
    if chroma_format(frame) == "rgb":
        planar = rgb_to_frame(frame_to_rgb(frame, tags, depth), _pixel_format(depth), tags)
    else:
        planar = _reformatted(frame, _pixel_format(frame.format.components[0].bits), tags)
    bits, is_full = planar.format.components[0].bits, tags.sample_range == FULL
    luma, *chroma = plane_samples(planar)
    both = _at_depth(np.stack(chroma, axis=2), bits, depth, is_full=is_full, is_chroma=True)
    return _at_depth(luma[..., None], bits, depth, is_full=is_full), both


def planes_to_frame(planes: Planes, pixel_format: str, tags: ColourTags) -> av.VideoFrame:
    """Make a frame of `pixel_format` for an encoder, the inverse of `frame_to_planes`."""
    frame = _frame_of(planes)
    if frame.format.name == pixel_format:
        return frame
    if pixel_format.startswith("yuv"):
        return _reformatted(frame, pixel_format, tags)
    return rgb_to_frame(planes_to_rgb(planes, tags), pixel_format, tags)


def planes_to_rgb(planes: Planes, tags: ColourTags) -> Frame:
    """Convert planes to RGB `[H, W, 3]`, as players show them."""
    return frame_to_rgb(_frame_of(planes), tags, depth_of(planes[0]))


def _frame_of(planes: Planes) -> av.VideoFrame:
    """A frame of PyAV that holds planes unchanged."""
    luma, chroma = planes
    frame = av.VideoFrame(luma.shape[1], luma.shape[0], _pixel_format(depth_of(luma)))
    for plane, samples in zip(frame.planes, (luma[..., 0], chroma[..., 0], chroma[..., 1]), strict=True):
        rows = np.zeros((plane.height, plane.line_size // luma.dtype.itemsize), luma.dtype)
        rows[:, : plane.width] = samples
        plane.update(cast(Any, rows))
    return frame


def pack(planes: Planes) -> Frame:
    """Pack planes into one array `[H/2, W/2, 6]` (see `nervcodec.planes`)."""
    packed = pack_planes(*(torch.from_numpy(np.ascontiguousarray(p)).permute(2, 0, 1)[None] for p in planes))
    return cast(Frame, packed[0].permute(1, 2, 0).contiguous().numpy())


def unpack(packed: Frame, video: VideoFormat) -> Planes:
    """Unpack an array into planes, the inverse of `pack`.

    Frames are written by a thread of their own, and PyTorch there would take nearly half of the speed of the thread
    that decodes, which uses all processors; so this is NumPy.
    """
    height, width = packed.shape[:2]
    squares = packed[:, :, :LUMA].reshape(height, width, 2, 2).transpose(0, 2, 1, 3)
    luma = squares.reshape(2 * height, 2 * width)[: video.height, : video.width, None]
    return luma, packed[:, :, LUMA:]


def plane_samples(frame: av.VideoFrame) -> list[NDArray[np.integer[Any]]]:
    """The samples of each plane of a planar frame, `[H, W]`."""
    kind = np.dtype(np.uint8 if frame.format.components[0].bits <= SHALLOW else "<u2")
    rows = ((np.frombuffer(bytearray(p), kind), p.line_size // kind.itemsize, p.width) for p in frame.planes)
    return [cast(NDArray[np.integer[Any]], row.reshape(-1, line)[:, :width]) for row, line, width in rows]


def _pixel_format(bits: int) -> str:
    return "yuv420p" if bits <= SHALLOW else f"yuv420p{bits}le"


def _reformatted(frame: av.VideoFrame, pixel_format: str, tags: ColourTags) -> av.VideoFrame:
    """A frame with samples stored in another way, or colour sampled in another, by the same matrix and range."""
    space, sample_range = matrix_of(tags), RANGES[tags.sample_range]
    return frame.reformat(
        format=pixel_format,
        src_colorspace=space,
        dst_colorspace=space,
        src_color_range=sample_range,
        dst_color_range=sample_range,
        interpolation=TO_YUV,
    )


def _at_depth(
    samples: NDArray[np.integer[Any]], bits: int, depth: int, *, is_full: bool, is_chroma: bool = False
) -> Frame:
    """The nearest samples of a depth, by ITU-T H.273; samples above its peak become the peak."""
    kind = np.uint8 if depth == SHALLOW else np.int16
    if bits == depth == SHALLOW:
        return samples
    if bits == depth:
        return cast(Frame, np.minimum(samples, peak_of(depth)).astype(kind))
    old, new = (peak_of(bits), peak_of(depth)) if is_full else (1 << bits, 1 << depth)
    middles = (1 << (bits - 1), 1 << (depth - 1)) if is_chroma else (0, 0)
    words = (2 * new * (samples.astype(np.int64) - middles[0]) + old) // (2 * old) + middles[1]
    return words.clip(0, peak_of(depth)).astype(kind)
