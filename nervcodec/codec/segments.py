"""A video in pieces that are fitted one by one, and decoded one by one; `split` and `join` are inverses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, prod

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.format import Header
from nervcodec.bitstream.layer import Chunk, Layer
from nervcodec.errors import RequestError
from nervcodec.picture import CHANNELS, VideoFormat
from nervcodec.samples import sample_bytes
from nervcodec.timeline import Timeline

LONGEST = 250
"""Frames of a segment by rule (ours, docs/experiments.md)."""
MEMORY_SHARE = 1 / 8
"""Of the memory, that the frames of a segment take by rule, at most (ours)."""
RULE = re.compile(r"auto|none|[1-9]\d{0,6}|\d{1,6}(\.\d{1,3})?s")
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


def check_rule(rule: str) -> None:
    """Raises RequestError for what `longest_segment` does not know."""
    if not RULE.fullmatch(rule):
        raise RequestError(f"{rule!r} is no length of segments: auto, none, seconds such as 10s, or frames such as 250")


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


def join(parts: Sequence[Stream]) -> Stream:
    """The stream of a video out of those of its segments, each with a single one.

    A layer that some segments lack adds nothing to them; a network that several share is described once.
    """
    first = parts[0].header
    lengths = [part.header.times.length for part in parts]
    starts = accumulate(lengths, initial=0)
    positions = [start + p for start, part in zip(starts, parts, strict=False) for p in part.header.times.positions]
    timeline = Timeline(tuple(positions), sum(lengths))
    header = Header(
        video=first.video,
        segments=tuple(part.header.frames for part in parts),
        timeline=None if timeline.is_whole else timeline,
    )
    layers = max(len(part.layers) for part in parts)
    return Stream(header=header, layers=tuple(_join_layer(parts, number) for number in range(layers)))


def _join_layer(parts: Sequence[Stream], number: int) -> Layer:
    own = [part.layers[number] if number < len(part.layers) else None for part in parts]
    configs = tuple(dict.fromkeys(layer.configs[0] for layer in own if layer))
    chunks = []
    for layer in own:
        if layer is None:
            chunks.append(Chunk(()))
        else:
            (chunk,) = layer.chunks
            chunks.append(Chunk(chunk.groups, configs.index(layer.configs[0]), chunk.follows))
    return Layer(model=next(layer.model for layer in own if layer), configs=configs, chunks=tuple(chunks))
