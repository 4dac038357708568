"""A clip in memory: read from a video, and compared with what a file decodes to."""

import torch
from torch import Tensor

from nervcodec.bitstream.container import read_stream
from nervcodec.codec.between import frames_at
from nervcodec.codec.decoder import decode_frames
from nervcodec.codec.device import DeviceName
from nervcodec.errors import VideoError
from nervcodec.events import FramesDone, Observer, ignore
from nervcodec.memory import check_memory
from nervcodec.metrics.quality import QualityMeter
from nervcodec.picture import VideoFormat
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View

COPIES = 2
"""Of a clip in memory while its frames are put together."""


def load_clip(source: str, view: View, observe: Observer = ignore) -> tuple[VideoFormat, Tensor]:
    """All frames of a video, `[T, 3, H, W]`, uint8, channels last in memory.

    Raises VideoError when there are none, ResourceError when they are more than the memory holds.
    """
    frames = []
    with read_frames(source, view) as video:
        for frame in video.frames:
            frames.append(torch.from_numpy(frame))
            check_memory(COPIES * len(frames) * frame.nbytes, f"a clip of {len(frames)} frames or more")
            observe(FramesDone(stage="read", frames=len(frames), total=video.total))
    if not frames:
        raise VideoError(f"{source}: no frame lies in the chosen range")
    return video.format, torch.stack(frames).permute(0, 3, 1, 2)


def measure_missing(data: bytes, missing: Tensor, device: DeviceName, observe: Observer = ignore) -> QualityMeter:
    """Interpolate the frames that a file does not hold and compare with what they were, `[T, 3, H, W]`, uint8."""
    stream = read_stream(data)
    times, meter = stream.header.times, QualityMeter()
    frames = frames_at(stream, tuple(times.moments(times.missing)), device=device)
    for index, frame in enumerate(frames):
        meter.add(frame[None], missing[index : index + 1])
        observe(FramesDone(stage="measure", frames=index + 1, total=len(missing)))
    return meter


def measure(
    data: bytes, clip: Tensor, device: DeviceName, observe: Observer = ignore, decoded: Tensor | None = None
) -> QualityMeter:
    """Decode a file's bytes and compare with the clip `[T, 3, H, W]`, uint8, they were made from.

    Decoded frames go into `decoded`, a tensor like the clip, if it is given.
    """
    meter, done = QualityMeter(), 0
    for batch in decode_frames(read_stream(data), device=device):
        meter.add(batch, clip[done : done + len(batch)])
        if decoded is not None:
            decoded[done : done + len(batch)] = batch
        done += len(batch)
        observe(FramesDone(stage="measure", frames=done, total=len(clip)))
    return meter
