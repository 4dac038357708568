"""Where a video is cut into segments, which are fitted one by one and decoded one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, prod

from nervcodec.picture import CHANNELS, VideoFormat, sample_bytes

LONGEST = 250
"""Frames of a segment by rule (ours, docs/experiments.md)."""
MEMORY_SHARE = 1 / 8
"""Of the memory, that the frames of a segment take by rule, at most (ours)."""
SHORTEST = 16
"""Frames between two cuts; scenes that are shorter are a part of one beside them (ours)."""
LONGEST_CHAIN = 8
"""Segments of which each but the first follows the one before: what a decoder unpacks, at most, to reach any (ours)."""


@dataclass(frozen=True)
class Segment:
    """A piece of a video, in its frames."""

    start: int
    stop: int
    follows: bool = False
    """Whether its fit begins with the networks of the segment before, of the same scene."""

    @property
    def frames(self) -> int:
        """How many it has."""
        return self.stop - self.start


@dataclass(frozen=True)
class Chain:
    """A segment that follows none, and those that follow it: what one worker fits."""

    indices: tuple[int, ...]
    """Of its segments."""
    frames: int


def longest_segment(rule: str, video: VideoFormat, memory: int | None) -> int | None:
    """Frames of a segment at most, by a rule: `auto`, frames (`250`), seconds (`10s`), or `none`, which is None.

    memory: bytes there are for all, if that is known.
    """
    if rule == "none":
        return None
    if rule == "auto":
        each = CHANNELS[video.domain] * prod(video.map_size) * sample_bytes(video.depth)
        return LONGEST if memory is None else min(max(int(MEMORY_SHARE * memory) // each, 1), LONGEST)
    frames = Fraction(rule[:-1]) * video.frame_rate if rule.endswith("s") else int(rule)
    return max(int(frames), 1)


def split(frames: int, cuts: Sequence[int], longest: int | None, *, follow: bool = True) -> tuple[Segment, ...]:
    """Segments of at most `longest` frames, as equal as can be in each scene; a single one without a limit.

    cuts: the first frame of each scene but the first; follow: whether segments of a scene follow each other.
    """
    if longest is None:
        return (Segment(0, frames),)
    segments = []
    for start, stop in pairwise(_scenes(frames, cuts, min(SHORTEST, longest))):
        pieces = ceil((stop - start) / longest)
        edges = [start + (stop - start) * piece // pieces for piece in range(pieces + 1)]
        segments += [
            Segment(*both, follows=follow and piece % LONGEST_CHAIN > 0) for piece, both in enumerate(pairwise(edges))
        ]
    return tuple(segments)


def _scenes(frames: int, cuts: Sequence[int], shortest: int) -> list[int]:
    """Edges of scenes, of which cuts are left out until none is too short: of two such cuts the later one."""
    edges = [0]
    for cut in cuts:
        if cut - edges[-1] >= shortest and frames - cut >= shortest:
            edges.append(cut)
    return [*edges, frames]


def chains(segments: Sequence[Segment]) -> tuple[Chain, ...]:
    """Segments by what depends on each other, in their order."""
    starts = [index for index, segment in enumerate(segments) if not segment.follows]
    groups = [range(*both) for both in pairwise([*starts, len(segments)])]
    return tuple(Chain(tuple(group), sum(segments[index].frames for index in group)) for group in groups)


def busiest(chains: Sequence[Chain], workers: int) -> int:
    """Frames of the worker that has the most to do, where whoever is idle takes the longest chain there is."""
    loads = [0] * max(workers, 1)
    for chain in sorted(chains, key=lambda chain: -chain.frames):
        loads[loads.index(min(loads))] += chain.frames
    return max(loads)
