"""Frames of a file at any time: frames that it holds, and frames between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain, groupby, pairwise

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.codec.choices import Between, DeviceName
from nervcodec.codec.decoding.frames import decode_frames, decode_times
from nervcodec.codec.device import choose_device
from nervcodec.interpolation import is_cut, picture_between
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Moment
from nervcodec.video.domains import picture_to_rgb


def frames_at(
    stream: Stream,
    moments: Sequence[Moment],
    between: Between = "motion",
    numbers: range | None = None,
    *,
    device: DeviceName = "auto",
    fast: bool = False,
) -> Iterator[Tensor]:
    """Frames `[C, H, W]`, samples of the depth and domain of the file, on the CPU, at moments in order of time.

    A moment at a frame of the file gives that frame as `decode_frames` makes it. A moment between two scenes gives the
    nearer frame.

    numbers: indices of the moments that are wanted, None for all. Only what these need is decoded, and their frames
    are bit for bit those of a decode of all moments.

    Raises BitstreamError as `decode_frames` does.
    """
    numbers = range(len(moments)) if numbers is None else numbers
    video, place = stream.header.video, choose_device(device)
    shown = moments[numbers.start : numbers.stop]
    frames = _frames_of(shown, stream.header.frames)
    made = decode_frames(stream, set(frames), device=device, fast=fast)
    decoded = zip(frames, chain.from_iterable(made), strict=True)
    rendered = chain.from_iterable(_rendered(stream, moments, numbers, device, fast=fast))
    wanted = {frame: list(group) for frame, group in groupby(shown, key=lambda moment: moment.frame)}
    for (index, before), (_, after) in pairwise(chain(decoded, [(-1, None)])):
        pair = None if after is None else _Pair(before, after, video, place)
        for moment in wanted.get(index, []):
            if not moment.fraction or pair is None:
                yield before
                continue
            own = next(rendered) if between == "embedding" else None
            if pair.is_cut:
                yield before if moment.fraction < 0.5 else pair.after
            else:
                yield pair.at(moment.fraction) if own is None else own


@dataclass(frozen=True)
class _Pair:
    """Two consecutive frames, samples `[C, H, W]`, and the frames between them."""

    before: Tensor
    after: Tensor
    video: VideoFormat
    device: torch.device

    @cached_property
    def is_cut(self) -> bool:
        """Whether the two frames belong to two scenes."""
        return is_cut(*self._rgb)

    def at(self, fraction: Fraction) -> Tensor:
        """The frame at a fraction of the way from the first frame to the second."""
        before, after = (frame[None].to(self.device) for frame in (self.before, self.after))
        return picture_between(before, after, fraction, self.video)[0].cpu()

    @cached_property
    def _rgb(self) -> tuple[Tensor, Tensor]:
        if self.video.domain == "rgb":
            return self.before, self.after
        pictures = (picture_to_rgb(f.permute(1, 2, 0).numpy(), self.video) for f in (self.before, self.after))
        before, after = (torch.from_numpy(picture).permute(2, 0, 1) for picture in pictures)
        return before, after


def _frames_of(moments: Sequence[Moment], count: int) -> list[int]:
    """Numbers of the frames that moments lie at or between, in a file of `count` frames."""
    own, following = {m.frame for m in moments}, {m.frame + 1 for m in moments if m.fraction}
    return sorted(own | (following - {count}))


def _rendered(
    stream: Stream, moments: Sequence[Moment], numbers: range, device: DeviceName, *, fast: bool
) -> Iterator[Tensor]:
    """Frames that the network makes, in batches, at those of the numbered moments that lie between frames."""
    between = [number for number, moment in enumerate(moments) if moment.fraction]
    times = [float(moments[number].frame + moments[number].fraction) for number in between]
    wanted = {index for index, number in enumerate(between) if number in numbers}
    return decode_times(stream, times, wanted, device=device, fast=fast)
