"""Joins the streams of segments into the stream of a video."""

from collections.abc import Sequence
from itertools import accumulate

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.format import Header
from nervcodec.bitstream.layer import Chunk, Layer
from nervcodec.timeline import Timeline


def join(parts: Sequence[Stream]) -> Stream:
    """The stream of a video, joined from streams with one segment each.

    A layer that some segments lack adds nothing to them; a network that several share is described once.
    """
    first = parts[0].header
    lengths = [part.header.times.length for part in parts]
    starts = accumulate(lengths, initial=0)
    positions = [start + p for start, part in zip(starts, parts, strict=False) for p in part.header.times.positions]
    timeline = Timeline(tuple(positions), sum(lengths))
    layers = max(len(part.layers) for part in parts)
    filters = tuple(tuple(_strength(part, layer) for part in parts) for layer in range(layers))
    header = Header(
        video=first.video,
        segments=tuple(part.header.frames for part in parts),
        timeline=None if timeline.is_whole else timeline,
        way=max(part.header.way for part in parts),
        filters=filters if any(map(any, filters)) else (),
    )
    return Stream(header=header, layers=tuple(_join_layer(parts, number) for number in range(layers)))


def _strength(part: Stream, layer: int) -> int:
    """Strength of the filter of a stream with one segment up to a layer, which may add nothing to it."""
    strengths = [strength for (strength,) in part.header.filters[: len(part.layers)]]
    return strengths[min(layer, len(strengths) - 1)] if strengths else 0


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
