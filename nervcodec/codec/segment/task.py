"""One segment that is to be fitted, with all that its fits have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream, read_stream
from nervcodec.bitstream.format import Header
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
    """What all fits for one segment have in common."""

    footage: Footage
    """Of the segment."""
    options: EncodeOptions
    device: torch.device
    observe: Observer
    deadline: float | None = None
    """By `monotonic`."""
    chain: tuple[Stream, ...] = ()
    """The segments before, from one that follows none, where fits begin; none if this one does not follow."""
    scratch: Scratch | None = None
    """Where fits keep their states."""

    @property
    def video(self) -> VideoFormat:
        """Of the clip."""
        return self.footage.video

    @cached_property
    def timeline(self) -> Timeline:
        """Where the clip's frames stand in the segment."""
        return Timeline.every(self.options.keep_every, len(self.footage.clip))

    @cached_property
    def kept(self) -> Footage:
        """The frames that are fitted."""
        return self.footage.at(self.timeline.positions)

    @cached_property
    def seen(self) -> Footage:
        """The same, with missing pixels made up."""
        return replace(self.kept, clip=self.kept.seen())

    @property
    def clip(self) -> Tensor:
        """The frames that are fitted, samples `[T, C, H, W]`, with missing pixels made up."""
        return self.seen.clip

    @property
    def masks(self) -> Tensor | None:
        """Bool, like the clip or of one channel: samples that are missing in it."""
        return self.kept.masks

    @property
    def header(self) -> Header:
        """Of the stream that comes of it.

        Raises RequestError as `plan_header` does.
        """
        timeline = None if self.timeline.is_whole else self.timeline
        return plan_header(self.video, len(self.clip), timeline=timeline)


def decodable(chain: Sequence[Stream], data: bytes) -> Stream:
    """A segment, `data`, with those before that it needs."""
    return join([*chain, read_stream(data)])
