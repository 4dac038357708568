"""Consecutive frames of a file with the motion between them, and the temporal filter along it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, groupby, pairwise

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.ways import FIRST_WAY
from nervcodec.interpolation import is_cut, luma_samples, prediction_between
from nervcodec.motion import BATCH_CELLS, Motion, cell_side, motion_between
from nervcodec.samples import nearest
from nervcodec.temporal_filter import Evidence, filtered
from nervcodec.timeline import Moment
from nervcodec.video.domains import rgb_of

MOVED_BATCHES = 4
"""Number of batches of links whose motion alone is found together: its coarse scales are faster so."""
Finish = Callable[[Sequence[int], Tensor], Tensor]
"""A function that makes samples of predictions `[B, C, h, w]` for the links with some numbers."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """Two consecutive frames of a file, samples `[1, C, H, W]` on any device, and what lies between them.

    Frames that are made of them are put on the same device.
    """

    index: int
    """Number of the first one in the file."""
    before: Tensor
    after: Tensor | None
    """The second one; None where it was not decoded."""
    is_cut: bool
    """Whether the two belong to two scenes; False where nothing is shown between them."""
    strength: int
    """Strength of the filter where it averages the two; 0 for none."""
    motion: Motion | None = None
    """The motion, of a batch of one; None where it is not needed."""
    about_before: Evidence | None = None
    """Evidence about the first frame from the second, for the filter."""
    about_after: Evidence | None = None
    """Evidence about the second frame from the first, for the filter."""
    begin: Fraction = Fraction(0)
    end: Fraction = Fraction(1)
    """Times of both, as fractions of the way from the frame of the file with that number to the next."""

    def covers(self, moment: Moment) -> bool:
        """Whether a moment lies at the first frame or between the two."""
        return self.begin <= moment.fraction < self.end

    def alone(self) -> "Link":
        """The link without evidence, and with motion that shares no memory with that of other links."""
        motion = replace(self.motion, halfway=self.motion.halfway.clone()) if self.motion else None
        return replace(self, motion=motion, about_before=None, about_after=None)

    @property
    def size(self) -> int:
        """Bytes of the frames and of the motion."""
        tensors = (self.before, self.after, self.motion.halfway if self.motion else None)
        return sum(tensor.nbytes for tensor in tensors if tensor is not None)

    def held(self, moment: Moment) -> Tensor | None:
        """The frame that is shown unchanged at a moment; None where a new one lies between the two."""
        if moment.fraction == self.begin or self.after is None:
            return self.before
        if self.is_cut:
            return self.before if moment.fraction < 0.5 else self.after
        return None


class Linker:
    """Makes links of the decoded frames of a file.

    apart: numbers of the frames between which and the next one frames are shown.
    along_motion: whether these are made along the motion.
    """

    def __init__(
        self, stream: Stream, device: torch.device, apart: Collection[int], *, along_motion: bool, fast: bool
    ) -> None:
        header, layer = stream.header, len(stream.layers) - 1
        self.video, self.device, self.way = header.video, device, header.way
        self.batch = max(1, BATCH_CELLS * cell_side(self.video.pixels) ** 2 // self.video.pixels)
        """Number of links whose evidence, and whose frames between, are made together."""
        self.apart, self.moving = apart, apart if along_motion else ()
        self.positions = header.times.positions if header.grouped else ()
        strengths = () if fast else next(iter(header.filters[layer:]), ())
        self.strengths = [
            strength
            for strength, frames in zip(strengths, header.segments, strict=False)
            for strength in [strength] * (frames - 1) + [0]  # the last frame of a segment and the next are two scenes
        ]

    def needed(self, frames: Iterable[int]) -> set[int]:
        """Numbers of the frames that have to be decoded for some frames: these, and those that filter them."""
        found = set(frames)
        before = {frame - 1 for frame in found if frame and self._strength(frame - 1)}
        return found | before | {frame + 1 for frame in found if self._strength(frame)}

    def links(self, decoded: Iterable[tuple[int, Tensor]]) -> Iterator[Link]:
        """Links of decoded frames, samples `[C, H, W]` with their numbers, and one of the last frame with none."""
        for (index, before), (following, after) in pairwise(chain(decoded, [(-1, torch.empty(0))])):
            yield Link(
                index=index,
                before=before[None],
                after=after[None] if following == index + 1 else None,
                is_cut=following == index + 1 and self._is_cut(index, before, after),
                strength=self._strength(index),
            )

    def with_motion(self, links: Sequence[Link]) -> Iterator[Link]:
        """The links with their motion, and with evidence for the filter, where these are needed; all of them together,
        which is faster and changes no bit."""
        for (moves, strength), group in groupby(links, key=lambda link: (self._moves(link), link.strength)):
            same = list(group)
            yield from self._moved(same, strength) if moves else same

    def moved(self, links: Sequence[Link]) -> list[Link]:
        """The links with their motion, unless it is another one at each time."""
        if self.way == FIRST_WAY:
            return list(links)
        unknown = [link for link in links if link.motion is None]
        size = MOVED_BATCHES * self.batch
        found = (link for start in range(0, len(unknown), size) for link in self._moved(unknown[start:][:size], 0))
        return [next(found) if link.motion is None else link for link in links]

    def frames_between(self, places: Sequence[tuple[Link, Moment]]) -> dict[Moment, Tensor]:
        """The new frames `[C, H, W]` between linked frames, those at one fraction together."""
        frames = self.between(
            self.moved([link for link, _ in places]),
            [(moment.fraction - link.begin) / (link.end - link.begin) for link, moment in places],
            lambda _, prediction: nearest(prediction, self.video.depth),
        )
        return {moment: frame[0] for (_, moment), frame in zip(places, frames, strict=True)}

    def between(self, links: Sequence[Link], fractions: Sequence[Fraction], finish: Finish) -> list[Tensor]:
        """Frames, samples `[1, C, h, w]`, at a fraction of the way between the frames of each link, those at one
        fraction together.

        finish: makes samples of predictions (see `prediction_between`).
        """
        made: dict[int, Tensor] = {}
        for fraction in dict.fromkeys(fractions):
            numbers = [number for number, own in enumerate(fractions) if own == fraction]
            found = [links[number] for number in numbers]
            before, after = self._both(found)
            motion = self._motion_at(before, after, found, fraction)
            prediction = prediction_between(before, after, motion, fraction, self.video)
            frames = finish(numbers, prediction).to(found[0].before.device)
            made |= dict(zip(numbers, torch.split(frames, 1), strict=True))
        return [made[number] for number in range(len(links))]

    def _moved(self, links: Sequence[Link], strength: int) -> list[Link]:
        """Links of one strength with their motion, and evidence if they are filtered."""
        before, after = self._both(links)
        motion = Motion.between(luma_samples(before, self.video), luma_samples(after, self.video))
        if not strength:
            return [replace(link, motion=motion.row(number)) for number, link in enumerate(links)]
        about_before = Evidence.of(before, after, motion.at(Fraction(0)), strength, self.video)
        about_after = Evidence.of(after, before, -motion.at(Fraction(1)), strength, self.video)
        return [
            replace(
                link,
                motion=motion.row(number),
                about_before=about_before.row(number),
                about_after=about_after.row(number),
            )
            for number, link in enumerate(links)
        ]

    def _motion_at(self, before: Tensor, after: Tensor, links: Sequence[Link], fraction: Fraction) -> Tensor:
        """Motion `[B, 2, H, W]` at a time between the frames of links."""
        if self.way == FIRST_WAY:
            return motion_between(luma_samples(before, self.video), luma_samples(after, self.video), fraction)
        return Motion.together([link.motion for link in links if link.motion]).at(fraction)

    def _both(self, links: Sequence[Link]) -> tuple[Tensor, Tensor]:
        """The first frames of links and the second ones, `[B, C, H, W]`."""
        after = [link.after for link in links if link.after is not None]
        return torch.cat([link.before for link in links]).to(self.device), torch.cat(after).to(self.device)

    def _moves(self, link: Link) -> bool:
        """Whether the motion of a link is needed."""
        if link.after is None:
            return False
        return link.strength > 0 or (self.way != FIRST_WAY and link.index in self.moving and not link.is_cut)

    def _is_cut(self, index: int, before: Tensor, after: Tensor) -> bool:
        """Whether a frame and the next belong to two scenes, which they do not in a group of frames."""
        held = self.positions[index : index + 2]
        is_group = len(held) > 1 and held[1] - held[0] > 1
        return index in self.apart and not is_group and is_cut(rgb_of(before, self.video), rgb_of(after, self.video))

    def _strength(self, index: int) -> int:
        """Strength of the filter between a frame and the next."""
        return self.strengths[index] if index < len(self.strengths) else 0


def with_filter(links: Iterable[Link]) -> Iterator[Link]:
    """Links with both of their frames filtered."""
    earlier: Link | None = None
    for link, following in pairwise(chain(links, [None])):
        assert link is not None
        connected = earlier is not None and earlier.index + 1 == link.index
        later = following.about_before if following and following.index == link.index + 1 else None
        before = earlier.after if earlier and connected else _averaged(link.before, link.about_before)
        after = None if link.after is None else _averaged(link.after, link.about_after, later)
        assert before is not None
        earlier = replace(link, before=before, after=after)
        yield earlier


def _averaged(frame: Tensor, *evidence: Evidence | None) -> Tensor:
    """A frame with the evidence about it that there is."""
    known = [found for found in evidence if found is not None]
    return filtered(frame.to(known[0].weights.device), known).to(frame.device) if known else frame
