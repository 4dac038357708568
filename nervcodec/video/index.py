"""Index of when the frames of a video are shown: noted while they are decoded, and used to find frames again."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from nervcodec.timeline import Clock

RETREATS = (0, 16, 64, 256, 1024)
"""Distances, in frames before the wanted one, from which to search: a demuxer may land after the key frame it needs."""


@dataclass(frozen=True, kw_only=True)
class Index:
    """Times of the frames of a video, from its first on, in order of presentation."""

    time_base: Fraction
    """Duration of a tick, in seconds."""
    pts: tuple[int, ...]
    """Times at which frames appear, in ticks, increasing."""
    end: int
    """Time at which the last frame disappears, in ticks."""
    rates: tuple[Fraction, ...]
    """Frame rates that the container names, the likeliest first."""
    is_exact: bool = True
    """Whether the times are the container's own timestamps, by which frames can be found."""

    def to_json(self) -> dict[str, Any]:
        """The index as a record for JSON."""
        ratios = [self.time_base, *self.rates]
        return {**asdict(self), "time_base": str(ratios[0]), "rates": [str(rate) for rate in ratios[1:]]}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Index":
        """The index of a record, the inverse of `to_json`."""
        rates = tuple(Fraction(rate) for rate in record["rates"])
        numbers = {"time_base": Fraction(record["time_base"]), "pts": tuple(record["pts"]), "rates": rates}
        return cls(**{**record, **numbers})

    def timing(self, first: int = 0, stop: int | None = None) -> tuple[Fraction, Clock | None]:
        """Frame rate of frames [first, stop), and their clock where they are not evenly spaced (Clock.keeps)."""
        start = self.pts[0]
        whole = Clock(time_base=self.time_base, ticks=tuple(pts - start for pts in self.pts), end=self.end - start)
        clock = whole.cut(first, len(self.pts) if stop is None else stop)
        shortest = 1 / (self.time_base * ((*clock.ticks, clock.end)[1]))
        rate = next((rate for rate in (*self.rates, shortest) if clock.keeps(rate)), None)
        return (self.rates[0], clock) if rate is None else (rate, None)


class Watch:
    """Notes when frames are shown.

    A frame whose time is missing, or not later than that of the frame before, begins when the frame before ends, and so
    does a frame whose time is later than that of the frame after it, if that one is in order.
    """

    def __init__(self, rates: tuple[Fraction, ...], skipped: int = 0) -> None:
        self.rates = rates
        self._time_base = 1 / rates[0]
        self._skipped = skipped
        self._noted: list[tuple[int | None, int]] = []
        """Timestamp and duration of each frame, in ticks."""

    def note(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Pass frames on and note when each is shown."""
        for frame in frames:
            self._time_base = frame.time_base or self._time_base
            shortest = max(round(1 / (self.rates[0] * self._time_base)), 1)
            self._noted.append((frame.pts, frame.duration or shortest))
            yield frame

    def index(self) -> Index:
        """The index of the frames noted so far."""
        shown, end, moved = list(range(self._skipped)), self._skipped, 0
        following = [pts for pts, _ in self._noted[1:]]
        for (pts, duration), after in zip(self._noted, [*following, None], strict=True):
            last = shown[-1] if shown else None
            is_stray = pts is not None and after is not None and last is not None and last < after <= pts
            in_order = pts is not None and (last is None or pts > last) and not is_stray
            begins = pts if pts is not None and in_order else end
            moved += not in_order
            shown.append(begins)
            end = begins + duration
        return Index(time_base=self._time_base, pts=tuple(shown), end=end, rates=self.rates, is_exact=not moved)


def decode(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Frames of a stream from where its container stands."""
    return container.decode(stream)


def find_frame(
    container: InputContainer, stream: VideoStream, index: Index, wanted: int
) -> Iterator[av.VideoFrame] | None:
    """Frames from number `wanted` on, as decoding from the start gives them; None where they cannot be found."""
    if not index.is_exact or wanted >= len(index.pts):
        return None
    for retreat in RETREATS:
        if retreat > wanted:
            break
        try:
            container.seek(index.pts[wanted - retreat], stream=stream)
            frames = decode(container, stream)
            found = _advance(frames, index, wanted)
        except FFmpegError:
            return None
        if found:
            return chain([found], frames)
    return None


def _advance(frames: Iterator[av.VideoFrame], index: Index, wanted: int) -> av.VideoFrame | None:
    """The wanted frame, if decoding began with a key frame and met every frame since then in its place; else None."""
    begin = next(frames, None)
    if begin is None or begin.pts is None or not begin.key_frame:
        return None
    number = bisect_left(index.pts, begin.pts)
    for frame in chain([begin], frames):
        if number > wanted or frame.pts != index.pts[number]:
            return None
        if number == wanted:
            return frame
        number += 1
    return None
