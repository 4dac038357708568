"""The task of fitting one segment, with everything that its fits share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream, read_stream
from nervcodec.bitstream.format import Header
from nervcodec.bitstream.ways import BY_LEVELS
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.footage import Footage
from nervcodec.codec.segment.scratch import Scratch
from nervcodec.codec.stream.assembly import plan_header
from nervcodec.codec.stream.joining import join
from nervcodec.events import Observer
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Timeline


@dataclass(frozen=True)
class SegmentTask:
    """Everything that all fits of one segment share."""

    footage: Footage
    """All frames of the segment, including those that are left out of fits."""
    options: EncodeOptions
    device: torch.device
    observe: Observer
    deadline: float | None = None
    """Time of `monotonic` until which fits may run; None means no limit."""
    chain: tuple[Stream, ...] = ()
    """Streams of the segments before, from one that refers to none; empty if this segment does not follow."""
    scratch: Scratch | None = None
    """Storage for the states of fits; None keeps no states."""
    groups: Timeline | None = None
    """Positions of the frames that are fitted, as they were chosen; None means by the options."""

    @property
    def video(self) -> VideoFormat:
        """Format of the clip."""
        return self.footage.video

    @cached_property
    def timeline(self) -> Timeline:
        """Positions of the clip's frames in the segment; no cut lies in a group."""
        if self.groups:
            return self.groups
        length, gop = len(self.footage.clip), self.options.gop or 1
        if gop > 1:
            return Timeline.grouped(gop, length, self.footage.cuts)
        return Timeline.every(self.options.keep_every, length)

    @property
    def shown(self) -> int:
        """Number of frames that a decoder of the stream shows."""
        return len(self.footage.clip if self.filters else self.clip)

    @property
    def measured(self) -> int:
        """Number of frames that are measured: those that are shown, and those that the filter has not seen."""
        return self.shown + (len(self.clip) if self.filters else 0)

    @property
    def filters(self) -> bool:
        """Whether the segment is in groups, and the temporal filter is used where it makes frames better."""
        return self.groups is not None or (self.options.gop or 1) > 1

    @cached_property
    def kept(self) -> Footage:
        """Footage of the frames that are fitted."""
        return self.footage.at(self.timeline.positions)

    @cached_property
    def seen(self) -> Footage:
        """Footage of the frames that are fitted, with missing pixels filled."""
        return replace(self.kept, clip=self.kept.seen())

    @property
    def clip(self) -> Tensor:
        """The frames that are fitted, samples `[T, C, H, W]`, with missing pixels filled."""
        return self.seen.clip

    @property
    def masks(self) -> Tensor | None:
        """Bool, in the shape of the clip or with one channel: samples that are missing in the clip."""
        return self.kept.masks

    @property
    def header(self) -> Header:
        """Header of the stream with this segment alone.

        Raises RequestError as `plan_header` does.
        """
        timeline = None if self.timeline.is_whole else self.timeline
        way = BY_LEVELS if self.filters and timeline else 0
        return plan_header(self.video, len(self.clip), timeline=timeline, way=way)


def decodable(chain: Sequence[Stream], data: bytes) -> Stream:
    """The stream of a segment, `data`, joined with the segments before that it needs."""
    return join([*chain, read_stream(data)])
