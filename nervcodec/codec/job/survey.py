"""Survey of a video, which reads it once: format, number of frames, cuts and times."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from nervcodec.codec.device import READING_THREADS, using_threads
from nervcodec.codec.options import EncodeOptions
from nervcodec.errors import RequestError, VideoError
from nervcodec.events import FramesDone, Observer, Remark, ignore
from nervcodec.interpolation import SceneFeatures
from nervcodec.picture import Domain, VideoFormat, in_domain
from nervcodec.timeline import Clock
from nervcodec.video.domains import frame_to_preview
from nervcodec.video.index import Index
from nervcodec.video.reader import read_frames


@dataclass(frozen=True)
class Survey:
    """Properties of a video within a view."""

    video: VideoFormat
    frames: int
    cuts: tuple[int, ...]
    """First frame of each scene, except for the first scene."""
    clock: Clock | None
    """Times at which frames are shown; None means evenly at the frame rate."""
    index: Index
    """Index of the frames in the source."""


def survey(source: str, options: EncodeOptions, observe: Observer = ignore) -> Survey:
    """Survey a video (see `read_frames`), one frame at a time.

    Raises the errors of `read_frames`, VideoError for no frame, RequestError for a domain that the video cannot have.
    """
    cuts, before, frames, view = [], None, 0, replace(options.view, domain="rgb")
    with using_threads(READING_THREADS), read_frames(source, view, convert=frame_to_preview) as video:
        for frame in video.frames:
            seen = SceneFeatures.of(torch.from_numpy(np.ascontiguousarray(frame.transpose(2, 0, 1))))
            if before is not None and before.is_cut(seen):
                cuts.append(frames)
            before, frames = seen, frames + 1
            observe(FramesDone(stage="survey", frames=frames, total=video.total))
    if not frames:
        raise VideoError(f"{source}: no frame lies in the chosen range")
    for remark in video.remarks():
        observe(Remark(remark))
    index = video.index()
    rate, clock = index.timing(view.first, view.first + frames)
    shown = in_domain(replace(video.seen(), frame_rate=rate), choose_domain(options, video.seen()))
    return Survey(shown, frames, tuple(cuts), clock, index)


def choose_domain(options: EncodeOptions, video: VideoFormat) -> Domain:
    """The domain in which a video is fitted.

    Raises RequestError if planes are asked for and the video is grey.
    """
    if options.domain == "auto":
        is_planar = video.chroma == "420" and options.recipe == "rate" and options.makes_planes
        return "yuv420" if is_planar else "rgb"
    if options.domain == "yuv420" and video.chroma == "grey":
        raise RequestError("a grey video has no planes of colour: choose --domain rgb")
    return options.domain
