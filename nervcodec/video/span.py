"""A stretch of time of a file, and the chapters that lie in it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from av.container import InputContainer

from nervcodec.video.tracks import tags_of

if TYPE_CHECKING:
    from av.container.core import Chapter

MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True)
class Span:
    """A stretch of time, in seconds on the clock of a file."""

    start: Fraction
    """When the first picture appears, which becomes 0."""
    end: Fraction | None
    """None means that nothing is cut off."""
    is_cut: bool
    """Whether what has ended by the start is cut off."""
    is_moved: bool = False
    """Whether packets before 0 may come back late, as from files that were stored without FIRST_PICTURE."""

    def holds(self, begins: Fraction, ends: Fraction) -> bool:
        """Whether something lies in the stretch at least in part."""
        return (ends > self.start or not self.is_cut) and (self.end is None or begins < self.end)


def chapters_in(source: InputContainer, span: Span, delay: Fraction) -> "list[Chapter]":
    """The chapters that lie in a stretch of time, from its start on, where the first picture appears after a delay."""
    chapters: list[Chapter] = []
    for chapter in source.chapters():
        time_base = chapter["time_base"] or Fraction(1)
        begins, ends = chapter["start"] * time_base, chapter["end"] * time_base
        if span.holds(begins, ends):
            ends = ends if span.end is None else min(ends, span.end)
            start, end = (round((max(t, span.start) - span.start + delay) / MILLISECOND) for t in (begins, ends))
            chapters.append(
                {
                    "id": len(chapters) + 1,
                    "start": start,
                    "end": end,
                    "time_base": MILLISECOND,
                    "metadata": tags_of(chapter["metadata"]),
                }
            )
    return chapters
