"""Frames of a file at any time: those that it holds, and what lies between them."""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby, pairwise
from typing import Literal

from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.codec.decoder import decode_frames, decode_times
from nervcodec.codec.device import DeviceName, choose_device
from nervcodec.motion import frame_between, is_cut
from nervcodec.timeline import Moment

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
    """Frames `[3, H, W]`, samples of the depth of the file, on the CPU, at moments in order of time.

    At a frame of the file it is that frame as `decode_frames` makes it. Between two scenes it is the nearer of the two.

    part: numbers of the moments that are wanted, None for all; no more is decoded than these take, and they are bit for
    bit what they are among all.

    Raises BitstreamError as `decode_frames` does.
    """
    place, part = choose_device(device), range(len(moments)) if part is None else part
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
            cut = is_cut(before, after) if cut is None else cut
            own = next(rendered) if between == "embedding" else None
            if cut:
                yield before if moment.fraction < 0.5 else after
            elif own is not None:
                yield own
            else:
                made = frame_between(before[None].to(place), after[None].to(place), float(moment.fraction))
                yield made[0].cpu()


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
