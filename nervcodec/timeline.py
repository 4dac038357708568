"""Times at which frames are shown: those that a file holds, and those that are decoded."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Annotated

from nervcodec.declarations import Range, check_declared
from nervcodec.errors import RequestError, ResourceError

COARSEST = 4
"""Least number of ticks that a frame lasts in a time base whose times may be rounded."""


MOST_FRAMES = 1 << 22
"""Most frames that are shown: 19 hours at 60 frames per second."""

When = Fraction | int
"""A time: a Fraction, seconds after the first frame that is shown, or an int, the number of a frame that is shown."""


@dataclass(frozen=True)
class Timeline:
    """Positions of the frames of a file among those of the video that was encoded."""

    positions: tuple[int, ...]
    """Positions of the file's frames, in frames of the video; they begin with 0 and increase."""
    length: int
    """Number of frames of the video; the last frame of the file is shown until its end."""

    @classmethod
    def every(cls, step: int, length: int) -> "Timeline":
        """The timeline of every `step`-th frame of a video and its last one, so that all others have two neighbours."""
        return cls(tuple(sorted({*range(0, length, step), length - 1})), length)

    @classmethod
    def grouped(cls, step: int, length: int, cuts: Iterable[int]) -> "Timeline":
        """The timeline of every `step`-th frame, and of the frames before and after each cut.

        cuts: numbers of the frames with which scenes begin.
        """
        around = {number for cut in cuts for number in (cut - 1, cut)}
        return cls(tuple(sorted(around.union(cls.every(step, length).positions))), length)

    @property
    def is_whole(self) -> bool:
        """Whether the file has every frame of the video."""
        return len(self.positions) == self.length

    @property
    def gap(self) -> int | None:
        """Distance from each frame of the file to the next, in frames of the video; None where it varies."""
        gaps = {after - before for before, after in pairwise(self.positions)}
        return gaps.pop() if len(gaps) == 1 else None

    @property
    def missing(self) -> tuple[int, ...]:
        """Positions of the video's frames that the file does not hold."""
        return tuple(sorted(set(range(self.length)).difference(self.positions)))

    def moments(self, times: Iterable[Fraction | int]) -> Iterator["Moment"]:
        """The moments of the file at `times`, in frames of the video."""
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
    """Times at which the frames of a video are shown."""

    time_base: Fraction
    """Seconds per tick."""
    ticks: tuple[int, ...]
    """Time at which each frame appears, in ticks; the times begin with 0 and increase."""
    end: int
    """Time at which the last frame disappears, in ticks."""

    @classmethod
    def even(cls, frame_rate: Fraction, length: int) -> "Clock":
        """The clock of `length` frames at equal intervals, `frame_rate` per second."""
        return cls(time_base=1 / frame_rate, ticks=tuple(range(length)), end=length)

    def keeps(self, frame_rate: Fraction) -> bool:
        """Whether the clock has a constant `frame_rate`, as precisely as its time base can tell.

        Where a frame lasts at least COARSEST ticks, but not a whole number of them, frames may appear less than one
        tick off, and the last one, whose duration is rounded as well, may disappear less than two ticks off, as with
        Matroska's milliseconds. Otherwise all times must be exact.
        """
        step = 1 / (frame_rate * self.time_base)
        slack = 1 if step.denominator > 1 and step >= COARSEST else Fraction(1, step.denominator)
        late = abs(self.end - len(self.ticks) * step) >= (2 if slack == 1 and step.denominator > 1 else slack)
        return not late and all(abs(tick - number * step) < slack for number, tick in enumerate(self.ticks))

    def number_at(self, when: When) -> int:
        """Number of the first frame that is shown at a time or later; the number of a frame is returned as it is."""
        return when if isinstance(when, int) else bisect_left(self.ticks, when / self.time_base)

    def cut(self, first: int, stop: int) -> "Clock":
        """The clock of frames [first, stop) alone."""
        start = self.ticks[first]
        ends = (*self.ticks, self.end)
        return Clock(
            time_base=self.time_base,
            ticks=tuple(tick - start for tick in self.ticks[first:stop]),
            end=ends[stop] - start,
        )

    def shown(self, timeline: Timeline) -> Timeline:
        """The timeline of a file's frames in ticks, instead of frames of the video."""
        return Timeline(tuple(self.ticks[position] for position in timeline.positions), self.end)


@dataclass(frozen=True)
class Moment:
    """A time at a frame of the file or between two frames."""

    frame: int
    """Index of the last frame of the file that is not later than this time."""
    fraction: Fraction
    """Fraction of the way from that frame to the next one, in [0, 1)."""


@dataclass(frozen=True, kw_only=True)
class Playback:
    """Times at which a file is decoded, and their range; by default all times of the file's own frames."""

    all_times: bool = False
    """Whether to decode at the times of all frames of the video that was encoded."""
    frame_rate: Fraction | None = None
    """Frames per second to decode at, if given."""
    factor: int | None = None
    """Multiple of the video's frame rate to decode at, if given."""
    start: When = Fraction(0)
    """Start of the range: the first frame decoded is the first one that is shown at this time or later."""
    stop: When | None = None
    """End of the range, if given: all frames decoded are shown before this time."""
    count: Annotated[int | None, Range(1)] = None
    """Number of frames to decode, fewer where the video ends before; None means up to `stop`."""

    def __post_init__(self) -> None:
        check_declared(self)
        self._check_part()
        if sum((self.all_times, self.frame_rate is not None, self.factor is not None)) > 1:
            raise RequestError("all times, a frame rate and a factor of it exclude each other")
        if not (self.frame_rate is None or self.frame_rate > 0) or not (self.factor is None or self.factor > 0):
            raise RequestError("a frame rate, or a factor of it, must be positive")

    def of_file(self, usual: "Playback") -> "Playback":
        """The same range of the times that a file shows usually, where no times are chosen."""
        chosen = self.all_times or self.frame_rate is not None or self.factor is not None
        return self if chosen else replace(self, all_times=usual.all_times)

    def _check_part(self) -> None:
        if self.count is not None and self.stop is not None:
            raise RequestError("a number of frames to decode (--frames) and an end (--end) exclude each other")
        if self.start < 0 or (self.stop is not None and self.stop < 0):
            raise RequestError("a start or an end lies before the first frame")

    def numbers(self, schedule: "Schedule") -> range:
        """Numbers of the frames of a schedule that are to be decoded.

        Raises RequestError for a start after the last frame, and for an end that is not after the start.
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
        if self.stop is not None and self.stop <= self.start and type(self.stop) is type(self.start):
            raise RequestError(
                f"the end, {_readable(self.stop)}, does not lie after the start, {_readable(self.start)}"
            )
        if stop <= first:
            raise RequestError(f"no frame is shown from {_readable(self.start)} to {_readable(end)}")
        return range(first, min(stop, length))

    def schedule(self, timeline: Timeline, frame_rate: Fraction, clock: Clock | None = None) -> "Schedule":
        """The schedule for a video of a frame rate, or, with a clock, for one whose frames are shown at its times."""
        clock = clock or Clock.even(frame_rate, timeline.length)
        own = clock.shown(timeline)
        if self.all_times:
            return Schedule(frame_rate, clock, tuple(own.moments(clock.ticks)))
        rate = self.frame_rate or (self.factor * frame_rate if self.factor else None)
        if rate is None:
            kept = Clock(time_base=clock.time_base, ticks=own.positions, end=clock.end)
            return Schedule(frame_rate / (timeline.gap or 1), kept, tuple(own.moments(own.positions)))
        step = 1 / (rate * clock.time_base)
        count = ceil(clock.end / step)  # all frames that begin before the video ends
        check_count(count)
        return Schedule(rate, Clock.even(rate, count), tuple(own.moments(n * step for n in range(count))))


def check_count(frames: int) -> None:
    """Raises ResourceError for more than MOST_FRAMES frames."""
    if frames > MOST_FRAMES:
        raise ResourceError(f"{frames} frames would be shown, which is more than {MOST_FRAMES}")


@dataclass(frozen=True)
class Schedule:
    """Frames to show, each with its time."""

    frame_rate: Fraction
    """Frames per second; nominal where the clock has unequal intervals."""
    clock: Clock
    """Time at which each frame is shown."""
    moments: tuple[Moment, ...]
    """Moment of the file that each frame shows."""


def _readable(when: When) -> str:
    return f"frame {when}" if isinstance(when, int) else f"{float(when):.6g} s"
