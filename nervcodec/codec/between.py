"""Frames of a file at any time: those that it holds, and what lies between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.bitstream.container import Stream
from nervcodec.codec.decoder import decode_frames, decode_times
from nervcodec.codec.device import DeviceName, choose_device
from nervcodec.motion import along, is_cut, motion_between
from nervcodec.picture import VideoFormat
from nervcodec.planes import pack_planes, unpack_planes
from nervcodec.samples import to_unit
from nervcodec.timeline import Moment
from nervcodec.video.domains import picture_to_rgb

Between = Literal["motion", "embedding"]
"""What makes a frame between two: the motion from one to the other, or the network, of embeddings between theirs."""


def frames_at(
    stream: Stream,
    moments: Sequence[Moment],
    between: Between = "motion",
    part: range | None = None,
    *,
    device: DeviceName = "auto",
) -> Iterator[Tensor]:
    """Frames `[C, H, W]`, samples of the depth and domain of the file, on the CPU, at moments in order of time.

    At a frame of the file it is that frame as `decode_frames` makes it. Between two scenes it is the nearer of the two.

    part: numbers of the moments that are wanted, None for all; no more is decoded than these take, and they are bit for
    bit what they are among all.

    Raises BitstreamError as `decode_frames` does.
    """
    part = range(len(moments)) if part is None else part
    between_two = _Between(stream.header.video, choose_device(device))
    shown = moments[part.start : part.stop]
    frames = _frames_of(shown, stream.header.frames)
    decoded = zip(frames, chain.from_iterable(decode_frames(stream, set(frames), device=device)), strict=True)
    rendered = chain.from_iterable(_rendered(stream, moments, part, device))
    wanted = {frame: list(group) for frame, group in groupby(shown, key=lambda moment: moment.frame)}
    for (index, before), (_, after) in pairwise(chain(decoded, [(-1, None)])):
        cut: bool | None = None
        for moment in wanted.get(index, []):
            if not moment.fraction or after is None:
                yield before
                continue
            cut = between_two.is_cut(before, after) if cut is None else cut
            own = next(rendered) if between == "embedding" else None
            if cut:
                yield before if moment.fraction < 0.5 else after
            elif own is not None:
                yield own
            else:
                yield between_two.moved(before, after, float(moment.fraction))


@dataclass(frozen=True)
class _Between:
    """What lies between two frames, samples `[C, H, W]`, of a video: its motion is looked for in RGB."""

    video: VideoFormat
    device: torch.device

    def is_cut(self, before: Tensor, after: Tensor) -> bool:
        """Whether they belong to two scenes."""
        return is_cut(self._rgb(before), self._rgb(after))

    def moved(self, before: Tensor, after: Tensor, fraction: float) -> Tensor:
        """The frame at a fraction of the way."""
        a, b = (to_unit(self._rgb(frame)[None].to(self.device)) for frame in (before, after))
        motion = motion_between(a, b, fraction)
        pairs = zip(self._parts(before), self._parts(after), strict=True)
        made = [along(flow, a, b, fraction) for flow, (a, b) in zip(_motions(motion), pairs, strict=False)]
        return (made[0] if self.video.domain == "rgb" else pack_planes(*made))[0].cpu()

    def _rgb(self, frame: Tensor) -> Tensor:
        if self.video.domain == "rgb":
            return frame
        rgb = picture_to_rgb(frame.permute(1, 2, 0).numpy(), self.video)
        return torch.from_numpy(rgb).permute(2, 0, 1)

    def _parts(self, frame: Tensor) -> tuple[Tensor, ...]:
        """RGB as it is, or luma and chroma, `[1, C, H, W]` each."""
        whole = frame[None].to(self.device)
        return (whole,) if self.video.domain == "rgb" else unpack_planes(whole, self.video.height, self.video.width)


def _motions(motion: Tensor) -> Iterator[Tensor]:
    """A motion `[1, 2, H, W]`, and the same of planes of half the size."""
    yield motion
    yield F.avg_pool2d(motion, 2, ceil_mode=True, count_include_pad=False) / 2


def _frames_of(moments: Sequence[Moment], count: int) -> list[int]:
    """Numbers of the frames, of so many in a file, that moments lie at or between."""
    own, following = {m.frame for m in moments}, {m.frame + 1 for m in moments if m.fraction}
    return sorted(own | (following - {count}))


def _rendered(stream: Stream, moments: Sequence[Moment], part: range, device: DeviceName) -> Iterator[Tensor]:
    """What the network makes at those moments of a part that lie between frames."""
    between = [number for number, moment in enumerate(moments) if moment.fraction]
    times = [float(moments[number].frame + moments[number].fraction) for number in between]
    wanted = {index for index, number in enumerate(between) if number in part}
    return decode_times(stream, times, wanted, device=device)
