"""Decoding of a stream to frames; neither this module nor any module that it imports can train."""

import logging
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.codec.choices import DeviceName
from nervcodec.codec.decoding.renderer import Renderer, Renderers
from nervcodec.codec.device import choose_device

LOG = logging.getLogger(__name__)


def decode_frames(
    stream: Stream, wanted: Collection[int] | None = None, *, device: DeviceName = "auto", fast: bool = False
) -> Iterator[Tensor]:
    """The frames of a stream in batches `[B, C, H, W]`, samples of the depth and domain of its video, on the CPU.

    With `wanted`, only the frames with these numbers are made, in order and from their segments only; they are bit for
    bit those of a decode of all frames. Arithmetic is true float32 (docs/bitstream.md says how far two machines may
    differ) or, if `fast`, `nervcodec.precision.reduced`, which may differ from float32 by any amount.

    Raises BitstreamError before the first batch of a damaged segment, and for numbers that are not finite.
    """
    segments, first = [], 0
    for frames in stream.header.segments:
        segments.append(_Listed.of(torch.arange(frames), first, wanted))
        first += frames
    return _decode(stream, segments, choose_device(device), fast=fast)


def decode_times(
    stream: Stream,
    times: Sequence[float],
    wanted: Collection[int] | None = None,
    *,
    device: DeviceName = "auto",
    fast: bool = False,
) -> Iterator[Tensor]:
    """Frames that a network makes at increasing `times`, in frames of the file, in batches as of `decode_frames`.

    Embeddings are interpolated linearly, within a segment only. With `wanted`, only the frames at those of `times` with
    these indices are made; they are bit for bit those of a decode at all `times`.

    Raises BitstreamError as `decode_frames` does.
    """
    segments, begin, first = [], 0, 0
    for frames in stream.header.segments:
        inside = [time - begin for time in times[bisect_left(times, begin) : bisect_left(times, begin + frames)]]
        segments.append(_Listed.of(torch.tensor(inside, dtype=torch.float64), first, wanted))
        begin, first = begin + frames, first + len(inside)
    return _decode(stream, segments, choose_device(device), fast=fast)


@dataclass(frozen=True)
class _Listed:
    """Times in a segment, counted from its first frame, and which of them are wanted.

    Sums in a convolution may depend on the batch, so batches are made of all times, wanted or not.
    """

    times: Tensor
    wanted: Tensor
    """Bool, whether each of the times is wanted."""

    @classmethod
    def of(cls, times: Tensor, first: int, wanted: Collection[int] | None) -> "_Listed":
        """Times numbered from `first`, with those in `wanted` marked as wanted; None marks all."""
        if wanted is None:
            return cls(times, torch.ones(len(times), dtype=torch.bool))
        return cls(times, torch.tensor([first + n in wanted for n in range(len(times))], dtype=torch.bool))


def _decode(stream: Stream, segments: Sequence[_Listed], device: torch.device, *, fast: bool) -> Iterator[Tensor]:
    renderers = Renderers(stream, device, fast=fast)
    for segment, (frames, listed) in enumerate(zip(stream.header.segments, segments, strict=True)):
        if listed.wanted.any():
            LOG.debug("segment %d: frames %d, of which %d are wanted", segment, frames, int(listed.wanted.sum()))
            yield from _rendered(renderers.renderer(segment), listed)


def _rendered(render: Renderer, listed: _Listed) -> Iterator[Tensor]:
    batches = (torch.split(of_all, render.batch) for of_all in (listed.times, listed.wanted))
    for times, wanted in zip(*batches, strict=True):
        if wanted.any():
            made = render(times).cpu()
            yield made if wanted.all() else made[wanted]
