"""What a video is like, from looking through it once."""

from dataclasses import dataclass, replace

import torch

from nervcodec.codec.options import EncodeOptions
from nervcodec.errors import RequestError, VideoError
from nervcodec.events import FramesDone, Observer, ignore
from nervcodec.motion import is_cut
from nervcodec.picture import Domain, VideoFormat, in_domain
from nervcodec.timeline import Clock
from nervcodec.video.index import Index
from nervcodec.video.reader import read_frames

SIDE = 180
"""Pixels of the shorter side of the pictures in which cuts are looked for, at least."""


@dataclass(frozen=True)
class Survey:
    """What a view shows of a video."""

    video: VideoFormat
    frames: int
    cuts: tuple[int, ...]
    """The first frame of each scene but the first."""
    clock: Clock | None
    """When frames are shown; None means one after the other."""
    index: Index
    """Where they are in the source."""


def survey(source: str, options: EncodeOptions, observe: Observer = ignore) -> Survey:
    """Look through a video (see `read_frames`), one frame at a time.

    Raises what `read_frames` does, VideoError for no frame, RequestError for a domain that the video cannot have.
    """
    cuts, before, frames, view = [], None, 0, replace(options.view, domain="rgb")
    with read_frames(source, view) as video:
        domain = choose_domain(options, video.format)
        stride = max(min(video.format.width, video.format.height) // SIDE, 1)
        for frame in video.frames:
            small = torch.from_numpy(frame[::stride, ::stride].copy()).permute(2, 0, 1)
            if before is not None and is_cut(before, small):
                cuts.append(frames)
            before, frames = small, frames + 1
            observe(FramesDone(stage="survey", frames=frames, total=video.total))
    if not frames:
        raise VideoError(f"{source}: no frame lies in the chosen range")
    index = video.index()
    rate, clock = index.timing(view.first, view.first + frames)
    shown = in_domain(replace(video.format, frame_rate=rate), domain)
    return Survey(shown, frames, tuple(cuts), clock, index)


def choose_domain(options: EncodeOptions, video: VideoFormat) -> Domain:
    """The domain in which a video is fitted.

    Raises RequestError for the colour of a grey one.
    """
    if options.domain == "auto":
        is_planar = video.chroma == "420" and options.recipe == "rate" and options.makes_planes
        return "yuv420" if is_planar else "rgb"
    if options.domain == "yuv420" and video.chroma == "grey":
        raise RequestError("a grey video has no planes of colour: choose --domain rgb")
    return options.domain
