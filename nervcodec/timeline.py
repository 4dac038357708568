"""When frames are shown: those that a file holds, and those that are asked of it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Annotated

from nervcodec.declarations import Range, check_declared
from nervcodec.errors import RequestError, ResourceError

COARSEST = 4
"""Ticks of a frame, at the least, in a time base that may be off."""


MOST_FRAMES = 1 << 22
"""That are shown: 19 hours at 60 a second."""

When = Fraction | int
"""Seconds after the first frame that is shown, a Fraction; or the number of one of those that are shown, an int."""


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


@dataclass(frozen=True, kw_only=True)
class Clock:
    """When the frames of a video are shown."""

    time_base: Fraction
    """Seconds of a tick."""
    ticks: tuple[int, ...]
    """When each frame appears, in ticks; they begin with 0 and increase."""
    end: int
    """When the last frame disappears, in ticks."""

    @classmethod
    def even(cls, frame_rate: Fraction, length: int) -> "Clock":
        """One frame after the other, so many a second."""
        return cls(time_base=1 / frame_rate, ticks=tuple(range(length)), end=length)

    def keeps(self, frame_rate: Fraction) -> bool:
        """Whether this is `frame_rate` as precisely as the time base can tell.

        Where the duration of a frame is no whole number of ticks, and COARSEST of them at least, frames may appear less
        than a tick off, and the last one, whose duration is rounded as well, may disappear less than two off, as with
        Matroska's milliseconds. Otherwise all must be exact.
        """
        step = 1 / (frame_rate * self.time_base)
        slack = 1 if step.denominator > 1 and step >= COARSEST else Fraction(1, step.denominator)
        late = abs(self.end - len(self.ticks) * step) >= (2 if slack == 1 and step.denominator > 1 else slack)
        return not late and all(abs(tick - number * step) < slack for number, tick in enumerate(self.ticks))

    def number_at(self, when: When) -> int:
        """Number of the first frame that is shown at a time or later; that of a frame is itself."""
        return when if isinstance(when, int) else bisect_left(self.ticks, when / self.time_base)

    def cut(self, first: int, stop: int) -> "Clock":
        """That of frames [first, stop) alone."""
        start = self.ticks[first]
        ends = (*self.ticks, self.end)
        return Clock(
            time_base=self.time_base,
            ticks=tuple(tick - start for tick in self.ticks[first:stop]),
            end=ends[stop] - start,
        )

    def shown(self, timeline: Timeline) -> Timeline:
        """Where a file's frames stand in time, in ticks."""
        return Timeline(tuple(self.ticks[position] for position in timeline.positions), self.end)


@dataclass(frozen=True)
class Moment:
    """A time at a frame of the file or between two."""

    frame: int
    """Index of the last frame of the file that is not later."""
    fraction: Fraction
    """Of the way to the next one, in [0, 1)."""


@dataclass(frozen=True, kw_only=True)
class Playback:
    """At which times a file is decoded, and from when to when; without any of these, at those of its own frames."""

    all_times: bool = False
    """At those of all frames of the video that was encoded."""
    frame_rate: Fraction | None = None
    """At so many a second."""
    factor: int | None = None
    """At so many times the frame rate of the video."""
    start: When = Fraction(0)
    """The first frame is the first one that is shown no earlier."""
    stop: When | None = None
    """The last one is shown before."""
    count: Annotated[int | None, Range(1)] = None
    """Number of frames, fewer where there are not as many; None means up to `stop`."""

    def __post_init__(self) -> None:
        check_declared(self)
        self._check_part()
        if sum((self.all_times, self.frame_rate is not None, self.factor is not None)) > 1:
            raise RequestError("all times, a frame rate and a factor of it exclude each other")
        if not (self.frame_rate is None or self.frame_rate > 0) or not (self.factor is None or self.factor > 0):
            raise RequestError("a frame rate, or a factor of it, must be positive")

    def _check_part(self) -> None:
        if self.count is not None and self.stop is not None:
            raise RequestError("a number of frames and an end exclude each other")
        if self.start < 0 or (self.stop is not None and self.stop < 0):
            raise RequestError("a start or an end lies before the first frame")

    def numbers(self, schedule: "Schedule") -> range:
        """Numbers of those frames of a schedule that are wanted.

        Raises RequestError for a start after the last frame, and an end that is not after the start.
        """
        clock = schedule.clock
        length, first = len(clock.ticks), clock.number_at(self.start)
        if first >= length:
            shown = _readable(clock.ticks[-1] * clock.time_base)
            raise RequestError(
                f"no frame is shown at {_readable(self.start)} or later: the last is frame {length - 1}, at {shown}"
            )
        end: When = length if self.stop is None else self.stop
        stop = min(clock.number_at(end), length if self.count is None else first + self.count)
        if stop <= first:
            raise RequestError(f"no frame is shown from {_readable(self.start)} to {_readable(end)}")
        return range(first, min(stop, length))

    def schedule(self, timeline: Timeline, frame_rate: Fraction, clock: Clock | None = None) -> "Schedule":
        """What is shown when of a video of so many frames a second, or, with a clock, at its times."""
        clock = clock or Clock.even(frame_rate, timeline.length)
        own = clock.shown(timeline)
        if self.all_times:
            return Schedule(frame_rate, clock, tuple(own.moments(clock.ticks)))
        rate = self.frame_rate or (self.factor * frame_rate if self.factor else None)
        if rate is None:
            kept = Clock(time_base=clock.time_base, ticks=own.positions, end=clock.end)
            return Schedule(frame_rate / (timeline.gap or 1), kept, tuple(own.moments(own.positions)))
        step = 1 / (rate * clock.time_base)
        count = ceil(clock.end / step)  # as many as begin before the video ends
        check_count(count)
        return Schedule(rate, Clock.even(rate, count), tuple(own.moments(n * step for n in range(count))))


def check_count(frames: int) -> None:
    """Raises ResourceError for more frames than anybody shows."""
    if frames > MOST_FRAMES:
        raise ResourceError(f"{frames} frames would be shown, which is more than {MOST_FRAMES}")


@dataclass(frozen=True)
class Schedule:
    """What is to be shown when."""

    frame_rate: Fraction
    """Frames per second; nominal where the clock is not even."""
    clock: Clock
    """When each frame is shown."""
    moments: tuple[Moment, ...]
    """What is shown then."""


def _readable(when: When) -> str:
    return f"frame {when}" if isinstance(when, int) else f"{float(when):.6g} s"
