"""Frames of a file at any time: those that it holds, and what lies between them."""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby, pairwise
from typing import Literal

from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.codec.decoder import decode_frames
from nervcodec.codec.device import DeviceName, choose_device
from nervcodec.motion import frame_between, is_cut
from nervcodec.timeline import Moment

Between = Literal["motion", "embedding"]
"""What makes a frame between two: the motion from one to the other, or the network, of embeddings between theirs."""


def frames_at(
    stream: Stream, moments: Sequence[Moment], between: Between = "motion", *, device: DeviceName = "auto"
) -> Iterator[Tensor]:
    """Frames `[3, H, W]`, uint8, on the CPU, at moments in order of time.

    At a frame of the file it is that frame as `decode_frames` makes it. Between two scenes it is the nearer of the two.

    Raises BitstreamError as `decode_frames` does.
    """
    place = choose_device(device)
    frames = chain.from_iterable(decode_frames(stream, device=device))
    fractional = [float(m.frame + m.fraction) for m in moments if m.fraction]
    rendered = chain.from_iterable(decode_frames(stream, fractional, device=device))
    wanted = {frame: list(group) for frame, group in groupby(moments, key=lambda moment: moment.frame)}
    for index, (before, after) in enumerate(pairwise(chain(frames, [None]))):
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
