"""When frames are shown: those that a file holds, and those that are asked of it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil

from nervcodec.errors import RequestError


@dataclass(frozen=True)
class Timeline:
    """Where the frames of a file stand among those of the video that was encoded."""

    positions: tuple[int, ...]
    """Of the file's frames, in frames of the video; they begin with 0 and increase."""
    length: int
    """Frames of the video; the last one of the file is shown until its end."""

    @classmethod
    def every(cls, step: int, length: int) -> "Timeline":
        """Every `step`-th frame of a video, and its last one, so that all others have two neighbours."""
        return cls(tuple(sorted({*range(0, length, step), length - 1})), length)

    @property
    def is_whole(self) -> bool:
        """Whether the file has every frame of the video."""
        return len(self.positions) == self.length

    @property
    def gap(self) -> int | None:
        """Frames of the video from each frame of the file to the next; None where they differ."""
        gaps = {after - before for before, after in pairwise(self.positions)}
        return gaps.pop() if len(gaps) == 1 else None

    @property
    def missing(self) -> tuple[int, ...]:
        """Positions of the video's frames that the file does not hold."""
        return tuple(sorted(set(range(self.length)).difference(self.positions)))

    def moments(self, times: Iterable[Fraction | int]) -> Iterator["Moment"]:
        """Where `times`, in frames of the video, lie between the frames of the file."""
        last = len(self.positions) - 1
        for time in times:
            frame = bisect_right(self.positions, time) - 1
            if frame == last:
                yield Moment(last, Fraction(0))
            else:
                before, after = self.positions[frame : frame + 2]
                yield Moment(frame, Fraction(time - before) / (after - before))


@dataclass(frozen=True)
class Moment:
    """A time at a frame of the file or between two."""

    frame: int
    """Index of the last frame of the file that is not later."""
    fraction: Fraction
    """Of the way to the next one, in [0, 1)."""


When = Fraction | int
"""Seconds after the first frame that is shown, a Fraction; or the number of one of those that are shown, an int."""


@dataclass(frozen=True, kw_only=True)
class Playback:
    """At which times a file is decoded, and from when to when; without any of these, at those of its own frames."""

    all_times: bool = False
    """At those of all frames of the video that was encoded."""
    frame_rate: Fraction | None = None
    """At so many a second."""
    factor: int | None = None
    """At so many times the frame rate of the video."""
    start: When = 0
    """The first frame is the first one that is shown no earlier."""
    stop: When | None = None
    """The last one is shown before."""
    count: int | None = None
    """So many frames, or as many as there are."""

    def __post_init__(self) -> None:
        self._check_part()
        if sum((self.all_times, self.frame_rate is not None, self.factor is not None)) > 1:
            raise RequestError("all times, a frame rate and a factor of it exclude each other")
        if not (self.frame_rate is None or self.frame_rate > 0) or not (self.factor is None or self.factor > 0):
            raise RequestError("a frame rate, or a factor of it, must be positive")

    def _check_part(self) -> None:
        if self.count is not None and self.stop is not None:
            raise RequestError("a number of frames and an end exclude each other")
        if self.count is not None and self.count < 1:
            raise RequestError(f"{self.count} frames hold nothing")
        if self.start < 0 or (self.stop is not None and self.stop < 0):
            raise RequestError("a start or an end lies before the first frame")

    def part(self, schedule: "Schedule") -> range:
        """Numbers of those frames of a schedule that are wanted.

        Raises RequestError for a start after the last frame, and an end that is not after the start.
        """
        length = len(schedule.ticks)
        first = schedule.number_at(self.start)
        if first >= length:
            shown = _readable(schedule.ticks[-1] / schedule.frame_rate)
            raise RequestError(
                f"no frame is shown at {_readable(self.start)} or later: the last is frame {length - 1}, at {shown}"
            )
        end: When = length if self.stop is None else self.stop
        stop = min(schedule.number_at(end), length if self.count is None else first + self.count)
        if stop <= first:
            raise RequestError(f"no frame is shown from {_readable(self.start)} to {_readable(end)}")
        return range(first, min(stop, length))

    def schedule(self, timeline: Timeline, frame_rate: Fraction) -> "Schedule":
        """Frame rate and times of what is shown, for a video of so many frames a second."""
        positions, length = timeline.positions, timeline.length
        if self.all_times:
            return Schedule(frame_rate, tuple(range(length)), tuple(timeline.moments(range(length))))
        rate = self.frame_rate or (self.factor * frame_rate if self.factor else None)
        if rate is None:
            gap = timeline.gap or 1
            shown = tuple(position // gap for position in positions)
            return Schedule(frame_rate / gap, shown, tuple(timeline.moments(positions)))
        count = ceil(length * rate / frame_rate)  # as many as begin before the video ends
        times = (n * frame_rate / rate for n in range(count))
        return Schedule(rate, tuple(range(count)), tuple(timeline.moments(times)))


@dataclass(frozen=True)
class Schedule:
    """What is to be shown when."""

    frame_rate: Fraction
    ticks: tuple[int, ...]
    """When each frame is shown, in units of 1 / frame_rate seconds."""
    moments: tuple[Moment, ...]
    """What is shown then."""

    def number_at(self, when: When) -> int:
        """Number of the first frame that is shown at a time or later; that of a frame is itself."""
        return when if isinstance(when, int) else bisect_left(self.ticks, when * self.frame_rate)

    def ticks_of(self, part: range) -> tuple[int, ...]:
        """When frames are shown, if the first of a part is shown at 0."""
        ticks = self.ticks[part.start : part.stop]
        return tuple(tick - ticks[0] for tick in ticks)


def _readable(when: When) -> str:
    return f"frame {when}" if isinstance(when, int) else f"{float(when):.6g} s"
