"""Frames of a file at any time: frames that it holds, and frames between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain, groupby, islice, pairwise

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.codec.choices import Between, DeviceName
from nervcodec.codec.decoding.frames import decode_frames, decode_times
from nervcodec.codec.device import choose_device
from nervcodec.interpolation import is_cut, picture_between
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Moment
from nervcodec.video.domains import rgb_of

BATCH_PIXELS = 1 << 19
"""Most pixels of frames between frames that are made together."""


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
    nearer frame; in a group of frames there is one scene (docs/bitstream.md).

    numbers: indices of the moments that are wanted, None for all. Only what these need is decoded, and their frames
    are bit for bit those of a decode of all moments.

    Raises BitstreamError as `decode_frames` does.
    """
    numbers = range(len(moments)) if numbers is None else numbers
    video, place = stream.header.video, choose_device(device)
    shown = moments[numbers.start : numbers.stop]
    frames = _frames_of(shown, stream.header.frames)
    batches = decode_frames(stream, set(frames), device=device, fast=fast)
    decoded = zip(frames, chain.from_iterable(batches), strict=True)
    rendered = chain.from_iterable(_rendered(stream, moments, numbers, device, fast=fast))
    wanted = {frame: list(group) for frame, group in groupby(shown, key=lambda moment: moment.frame)}
    pairs = (
        _Pair(index, before, after, video, place, is_group=_is_group(stream, index))
        for (index, before), (_, after) in pairwise(chain(decoded, [(-1, None)]))
    )
    while group := list(islice(pairs, max(1, BATCH_PIXELS // video.pixels))):
        places = [(pair, moment) for pair in group for moment in wanted.get(pair.index, [])]
        made = _along_motion(places) if between == "motion" else {}
        for pair, moment in places:
            own = next(rendered) if between == "embedding" and moment.fraction and pair.after is not None else None
            held = pair.held(moment)
            yield (made[moment] if own is None else own) if held is None else held


@dataclass(frozen=True)
class _Pair:
    """Two consecutive frames, samples `[C, H, W]`."""

    index: int
    """Number of the first one in the file."""
    before: Tensor
    after: Tensor | None
    """The second one; None where the first one is the last that was decoded."""
    video: VideoFormat
    device: torch.device
    is_group: bool
    """Whether frames of the video lie between the two, which then belong to one scene."""

    def held(self, moment: Moment) -> Tensor | None:
        """The frame that is shown unchanged at a moment; None where a new one lies between the two."""
        if not moment.fraction or self.after is None:
            return self.before
        if self.is_cut:
            return self.before if moment.fraction < 0.5 else self.after
        return None

    @cached_property
    def is_cut(self) -> bool:
        """Whether the two frames belong to two scenes."""
        if self.is_group or self.after is None:
            return False
        return is_cut(rgb_of(self.before, self.video), rgb_of(self.after, self.video))


def _is_group(stream: Stream, index: int) -> bool:
    """Whether a file says that frames of its video lie between a frame of the file and the next."""
    held = stream.header.times.positions[index : index + 2]
    return stream.header.grouped and len(held) > 1 and held[1] - held[0] > 1


def _along_motion(places: Sequence[tuple[_Pair, Moment]]) -> dict[Moment, Tensor]:
    """The new frames between pairs, all frames at one fraction together, which is faster and changes no bit."""
    by_fraction: dict[Fraction, list[tuple[_Pair, Moment]]] = {}
    for pair, moment in places:
        if pair.held(moment) is None:
            by_fraction.setdefault(moment.fraction, []).append((pair, moment))
    made: dict[Moment, Tensor] = {}
    for fraction, found in by_fraction.items():
        first, _ = found[0]
        before = torch.stack([pair.before for pair, _ in found]).to(first.device)
        after = torch.stack([pair.after for pair, _ in found if pair.after is not None]).to(first.device)
        frames = picture_between(before, after, fraction, first.video).cpu()
        made |= {moment: frame for (_, moment), frame in zip(found, frames, strict=True)}
    return made


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
