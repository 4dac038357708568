"""Frames of a file at any time: frames that it holds, and frames between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby, islice

from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.ways import BY_LEVELS
from nervcodec.codec.choices import Between, DeviceName
from nervcodec.codec.decoding.frames import decode_frames, decode_times
from nervcodec.codec.decoding.groups import Correct, Corrector, Groups
from nervcodec.codec.decoding.links import Link, Linker, with_filter
from nervcodec.codec.device import choose_device
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.timeline import Moment


@dataclass(frozen=True)
class _Making:
    """How frames are made."""

    between: Between
    device: DeviceName
    fast: bool = False
    correct: Correct | None = None
    """Gives the corrections of frames of groups; None takes those of the stream."""


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
    return _frames(stream, moments, numbers, _Making(between, device, fast))


def corrected_frames(
    stream: Stream, moments: Sequence[Moment], correct: Correct, *, device: DeviceName = "auto"
) -> Iterator[Tensor]:
    """Frames as of `frames_at`, those of groups with corrections that are not those of the stream."""
    return _frames(stream, moments, range(len(moments)), _Making("motion", device, correct=correct))


def filtered_links(linker: Linker, frames: Iterable[tuple[int, Tensor]]) -> Iterator[Link]:
    """Links of decoded frames as of `Linker.links`, with their motion, and filtered."""
    batches = _batches(linker.links(frames), linker.batch)
    return with_filter(chain.from_iterable(map(linker.with_motion, batches)))


def frames_along(
    links: Iterator[Link],
    moments: Iterable[Moment],
    linker: Linker,
    groups: Groups | None,
    rendered: Iterator[Tensor] | None = None,
) -> Iterator[Tensor]:
    """Frames `[C, H, W]` at moments in order of time, of filtered links in the same order.

    groups: divides links where frames are corrected level by level.
    rendered: frames between others, in order, where these are not made along the motion.
    """
    wanted = {frame: list(group) for frame, group in groupby(moments, key=lambda moment: moment.frame)}
    size = linker.batch
    if groups:
        links = chain.from_iterable(groups.divided(some, wanted) for some in _batches(links, size))
    for some in _batches(links, size):
        places = [(link, moment) for link in some for moment in wanted.get(link.index, []) if link.covers(moment)]
        new = [(link, moment) for link, moment in places if link.held(moment) is None]
        moved = linker.frames_between(new) if rendered is None else {}
        for link, moment in places:
            own = None if rendered is None or not moment.fraction or link.after is None else next(rendered)
            held = link.held(moment)
            yield (moved[moment] if own is None else own) if held is None else held[0]


def _frames(stream: Stream, moments: Sequence[Moment], numbers: range, making: _Making) -> Iterator[Tensor]:
    header, shown, along_motion = stream.header, moments[numbers.start : numbers.stop], making.between == "motion"
    device, fast = making.device, making.fast
    apart = {moment.frame for moment in shown if moment.fraction}
    linker = Linker(stream, choose_device(device), apart, along_motion=along_motion, fast=fast)
    frames = sorted(linker.needed(_frames_of(shown, header.frames)))
    made = chain.from_iterable(decode_frames(stream, set(frames), device=device, fast=fast))
    links = filtered_links(linker, zip(frames, made, strict=True))
    if not along_motion:
        rendered = chain.from_iterable(_rendered(stream, moments, numbers, device, fast=fast))
        return frames_along(links, shown, linker, None, rendered)
    if header.way != BY_LEVELS:
        return frames_along(links, shown, linker, None)
    correct = making.correct or Corrector(header, lru_cache(maxsize=1)(Unpacker(stream).corrections))
    return frames_along(links, shown, linker, Groups(header, linker, correct))


def _batches(links: Iterator[Link], size: int) -> Iterator[list[Link]]:
    while batch := list(islice(links, size)):
        yield batch


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
