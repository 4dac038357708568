"""Cuts a video into segments, which are fitted and decoded one by one, and joins segments into chains."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, prod

from nervcodec.picture import CHANNELS, VideoFormat, sample_bytes

LONGEST = 250
"""Most frames of a segment by the rule `auto` (ours, docs/experiments.md)."""
MEMORY_SHARE = 1 / 8
"""Largest share of the memory that the frames of a segment take by the rule `auto` (ours)."""
SHORTEST = 16
"""Fewest frames between two cuts; shorter scenes are joined with a scene beside them (ours)."""
LONGEST_CHAIN = 8
"""Most segments in a chain, and so the most that a decoder unpacks to reach any of them (ours)."""


@dataclass(frozen=True)
class Segment:
    """A segment of a video: the frames from `start` up to, but not including, `stop`."""

    start: int
    stop: int
    follows: bool = False
    """Whether the fit begins with the networks of the segment before, which is of the same scene."""

    @property
    def frames(self) -> int:
        """Number of frames in the segment."""
        return self.stop - self.start


@dataclass(frozen=True)
class Chain:
    """A segment that follows none and the segments that follow it, which one worker fits."""

    indices: tuple[int, ...]
    """Indices of the segments in the video."""
    frames: int


def longest_segment(rule: str, video: VideoFormat, memory: int | None) -> int | None:
    """Most frames of a segment by a rule: `auto`, frames (`250`), seconds (`10s`), or `none`, which gives None.

    memory: bytes of memory of the device, if known.
    """
    if rule == "none":
        return None
    if rule == "auto":
        each = CHANNELS[video.domain] * prod(video.map_size) * sample_bytes(video.depth)
        return LONGEST if memory is None else min(max(int(MEMORY_SHARE * memory) // each, 1), LONGEST)
    frames = Fraction(rule[:-1]) * video.frame_rate if rule.endswith("s") else int(rule)
    return max(int(frames), 1)


def split(frames: int, cuts: Sequence[int], longest: int | None, *, follow: bool = True) -> tuple[Segment, ...]:
    """Segments of at most `longest` frames, of nearly equal length in each scene; a single one if `longest` is None.

    cuts: the first frame of each scene except the first; follow: whether segments of a scene follow each other.
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
    """Edges of scenes, without cuts that make a scene too short; of two close cuts the later one is left out."""
    edges = [0]
    for cut in cuts:
        if cut - edges[-1] >= shortest and frames - cut >= shortest:
            edges.append(cut)
    return [*edges, frames]


def chains(segments: Sequence[Segment]) -> tuple[Chain, ...]:
    """Chains of the segments that depend on each other, in the order of the video."""
    starts = [index for index, segment in enumerate(segments) if not segment.follows]
    groups = [range(*both) for both in pairwise([*starts, len(segments)])]
    return tuple(Chain(tuple(group), sum(segments[index].frames for index in group)) for group in groups)


def busiest(chains: Sequence[Chain], workers: int) -> int:
    """Number of frames of the busiest worker, if each idle worker takes the longest chain that is left."""
    loads = [0] * max(workers, 1)
    for chain in sorted(chains, key=lambda chain: -chain.frames):
        loads[loads.index(min(loads))] += chain.frames
    return max(loads)
