"""FFmpeg's filter `minterpolate`, a common tool for making frames between frames."""

from collections.abc import Sequence
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.error import EOFError as EndOfFrames
from av.error import FFmpegError
from av.filter import Graph, filters_available

from nervcodec.errors import ResourceError
from nervcodec.video.colour import Frame

MODE = "mi_mode=mci"
"""Option of the filter for motion compensation; all others keep the filter's defaults."""


def minterpolate(frames: Sequence[Frame], positions: Sequence[int]) -> list[Frame]:
    """Make frames at 0, 1, 2 ... up to the last position from frames at increasing `positions`, the first of them 0.

    All are `[H, W, 3]`, uint8, RGB; the filter sees them as 4:4:4.

    Raises ResourceError where FFmpeg lacks the filter, and for pictures that it does not take, which may be too small.
    """
    if "minterpolate" not in filters_available:
        raise ResourceError("this FFmpeg has no filter minterpolate")
    height, width, _ = frames[0].shape
    graph = Graph()
    rate = f"time_base=1/1:frame_rate={len(positions) - 1}/{positions[-1]}"
    source = graph.add("buffer", f"video_size={width}x{height}:pix_fmt=yuv444p:{rate}:pixel_aspect=1/1")
    sink = graph.add("buffersink")
    graph.link_nodes(source, graph.add("minterpolate", f"fps=1:{MODE}"), sink)
    try:
        graph.configure()
    except FFmpegError as error:
        raise ResourceError(f"minterpolate does not take pictures of {width}x{height}") from error
    gap = positions[-1] - positions[-2]
    made: dict[int, Frame] = {}

    def collect() -> None:
        while True:
            try:
                frame = graph.pull()
            except (av.error.BlockingIOError, EndOfFrames):
                return
            assert isinstance(frame, av.VideoFrame)
            assert frame.pts is not None
            assert frame.time_base is not None
            made[round(frame.pts * frame.time_base)] = cast(Frame, frame.to_ndarray(format="rgb24"))

    padded = [*frames, frames[-1], frames[-1]]  # the filter does not return its last frames
    for pts, rgb in zip([*positions, positions[-1] + gap, positions[-1] + 2 * gap], padded, strict=True):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(format="yuv444p")
        frame.pts, frame.time_base = pts, Fraction(1)
        graph.push(frame)
        collect()
    graph.push(None)
    collect()
    return [made[time] for time in range(positions[-1] + 1)]
