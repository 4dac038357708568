"""Frames of groups, made level by level (`nervcodec.levels`) and corrected."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import torch
from torch import Tensor

from nervcodec.bitstream.format import Header
from nervcodec.codec.decoding.links import Link, Linker
from nervcodec.corrections import Corrections
from nervcodec.interpolation import with_luma
from nervcodec.levels import level, middle
from nervcodec.memory import check_memory
from nervcodec.timeline import Moment

SAMPLE_BYTES = 6
"""Most bytes of a pixel of a frame in memory."""


@dataclass(frozen=True)
class Place:
    """Place of a frame in a group."""

    position: int
    """Position of the frame in the video."""
    level: int
    share: Fraction
    """Share of the frames between the two that it is made of, up to this one."""
    time: Fraction
    """Time of the frame, as a fraction of the way between the two frames of the file around it."""


Correct = Callable[[Sequence[Place], Tensor], Tensor]
"""A function that gives corrections of luma `[B, 1, H, W]` for the predictions `[B, C, h, w]` of frames."""


class Groups:
    """Divides links between frames of a file into links between frames that follow each other in the video.

    known: gives the frame at a position, `[C, h, w]`, if it has been made before, else None.
    """

    def __init__(
        self, header: Header, linker: Linker, correct: Correct, known: Callable[[int], Tensor | None] = lambda _: None
    ) -> None:
        self.linker, self.correct, self.known = linker, correct, known
        self.video, self.positions = header.video, header.times.positions
        self.ticks = header.clock.ticks if header.clock else range(header.times.length)
        """Time at which each frame of the video is shown."""
        longest = max((after - before for before, after in pairwise(self.positions)), default=1)
        check_memory(SAMPLE_BYTES * longest * linker.batch * self.video.pixels, "decoding a group of frames")

    def divided(self, links: Sequence[Link], wanted: Mapping[int, Sequence[Moment]]) -> list[Link]:
        """The links in order, divided wherever moments are wanted between their frames.

        wanted: moments by the number of the frame of the file before them.
        """
        parts = list(links)
        while places := self._places(parts, wanted):
            found = [parts[number] for number in places]
            made = dict(zip(places, self._made(found, list(places.values())), strict=True))
            parts = [
                part
                for number, link in enumerate(parts)
                for part in (_halves(link, made[number], places[number].time) if number in places else [link])
            ]
        return parts

    def _places(self, links: Sequence[Link], wanted: Mapping[int, Sequence[Moment]]) -> dict[int, Place]:
        """The frames to make next, each by the number of its link."""
        places = {}
        for number, link in enumerate(links):
            inside = any(link.begin < moment.fraction < link.end for moment in wanted.get(link.index, ()))
            place = self._place(link) if inside and link.after is not None else None
            if place:
                places[number] = place
        return places

    def _place(self, link: Link) -> Place | None:
        """The frame in the middle of a link; None where its frames are neighbours."""
        first, last = self.positions[link.index : link.index + 2]
        begin, end = self.ticks[first], self.ticks[last]
        times = [Fraction(tick - begin, end - begin) for tick in self.ticks[first : last + 1]]
        before, after = first + times.index(link.begin), first + times.index(link.end)
        if after == before + 1:
            return None
        position = middle(before, after)
        share = Fraction(position - before, after - before)
        return Place(position, level(before, after), share, times[position - first])

    def _made(self, links: Sequence[Link], places: Sequence[Place]) -> list[Tensor]:
        """The frames at some places, samples `[1, C, h, w]`, each in the middle of its link."""
        known = [self.known(place.position) for place in places]
        made = {number: frame[None] for number, frame in enumerate(known) if frame is not None}
        new = [number for number, frame in enumerate(known) if frame is None]
        moved = self.linker.moved([links[number] for number in new])
        for start in range(0, len(new), self.linker.batch):
            some = slice(start, start + self.linker.batch)
            frames = self._together(moved[some], [places[number] for number in new[some]])
            made |= dict(zip(new[some], frames, strict=True))
        return [made[number] for number in range(len(links))]

    def _together(self, links: Sequence[Link], places: Sequence[Place]) -> list[Tensor]:
        def finish(numbers: Sequence[int], prediction: Tensor) -> Tensor:
            luma = self.correct([places[number] for number in numbers], prediction)
            return with_luma(prediction, luma.to(prediction.device), self.video.depth, self.video)

        return self.linker.between(links, [place.share for place in places], finish)


def _halves(link: Link, frame: Tensor, time: Fraction) -> list[Link]:
    """The two links from the first frame of a link to a frame between, and from there to the second one."""
    return [
        replace(link, after=frame, end=time, motion=None, about_before=None, about_after=None),
        replace(link, before=frame, begin=time, motion=None, about_before=None, about_after=None),
    ]


class Corrector:
    """Takes corrections from a stream.

    corrections: gives those of a segment, None where it has none; it is asked for each frame.
    """

    def __init__(self, header: Header, corrections: Callable[[int], Corrections | None]) -> None:
        self.header, self.corrections = header, corrections
        self.last = [header.positions(segment)[-1] for segment in range(len(header.segments))]
        """Position of the last frame of each segment."""

    def __call__(self, places: Sequence[Place], prediction: Tensor) -> Tensor:
        """Corrections of luma `[B, 1, H, W]` of the frames at some places."""
        height, width = self.header.video.height, self.header.video.width
        luma = torch.zeros(len(places), 1, height, width)
        for row, place in zip(luma, places, strict=True):
            segment = bisect_left(self.last, place.position)
            if corrections := self.corrections(segment):
                held = self.header.positions(segment)
                number = place.position - held[0] - bisect_left(held, place.position)
                row[:] = corrections.luma(number, place.level, height, width)
        return luma
