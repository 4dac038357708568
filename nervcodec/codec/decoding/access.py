"""Frames that a file shows, in any order, with a memory of what is likely to be needed again."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.ways import BY_LEVELS
from nervcodec.codec.choices import DeviceName
from nervcodec.codec.decoding.between import filtered_links, frames_along
from nervcodec.codec.decoding.groups import Corrector, Groups
from nervcodec.codec.decoding.kept import Kept
from nervcodec.codec.decoding.links import Link, Linker
from nervcodec.codec.decoding.renderer import Renderer, Renderers
from nervcodec.codec.device import choose_device
from nervcodec.corrections import Corrections
from nervcodec.levels import way_to
from nervcodec.timeline import Moment


class FrameAccess:
    """Frames that a stream shows by default, bit for bit those of a decode of all.

    Kept are networks with what they write into, corrections, rendered frames, links of frames of groups, and frames
    that were made of these. Beside that, memory is needed for what one call makes, and for tensors and corrections of
    the segments that were used last.

    limit: most bytes that are kept.

    Raises BitstreamError for networks that make no picture of the video.
    """

    def __init__(self, stream: Stream, device: DeviceName, limit: int) -> None:
        header, place = stream.header, choose_device(device)
        self.header, self.device, self.kept = header, place, Kept(limit)
        self.schedule = header.playback.schedule(header.times, header.video.frame_rate, header.clock)
        self._renderers = Renderers(stream, place)
        self._starts = list(accumulate(header.segments, initial=0))
        self._apart = {moment.frame for moment in self.schedule.moments if moment.fraction}
        """Numbers of the frames of the file between which and the next one frames are shown."""
        self._linker = Linker(stream, place, self._apart, along_motion=True, fast=False)
        self._groups: Groups | None = None
        if header.way == BY_LEVELS:
            corrector = Corrector(header, lru_cache(maxsize=1)(self._corrections))
            self._groups = Groups(header, self._linker, corrector, self._known)
        self._changed = header.grouped or any(map(any, header.filters))
        """Whether frames are made of rendered ones."""

    def made(self, numbers: Sequence[int]) -> Iterator[Tensor]:
        """Frames `[C, H, W]` with increasing numbers, samples of the depth and domain of the file, on the device.

        They may share memory with what is kept. Raises BitstreamError as `decode_frames` does.
        """
        moments = [self.schedule.moments[number] for number in numbers]
        return frames_along(self._links(moments), moments, self._linker, self._groups)

    def found(self, numbers: Collection[int]) -> Iterator[tuple[int, Tensor]]:
        """Frames with some numbers as of `made`, each once and with its number, those that are kept first; they are
        kept, and so are those of their groups that they are made of."""
        known = {number: frame for number in numbers if (frame := self._known(number)) is not None}
        yield from known.items()
        wanted = set(numbers).difference(known)
        needed = [n for n in sorted(wanted.union(*map(self._before, wanted))) if n in wanted or self._known(n) is None]
        for number, frame in zip(needed, self.made(needed), strict=True):
            if self._changed:
                self.kept.keep(("frame", number), frame.clone(), frame.nbytes)
            if number in wanted:
                yield number, frame

    def _known(self, number: int) -> Tensor | None:
        """A frame that has been made and is kept; where levels are, its number is its position in the video."""
        frame: Tensor | None = self.kept.get(("frame", number))
        return frame

    def _before(self, number: int) -> list[int]:
        """Numbers of the frames between frames of the file that have to be made before one of them."""
        frame = self.schedule.moments[number].frame
        if self._groups is None or frame not in self._apart:
            return []
        return way_to(number, *self._groups.positions[frame : frame + 2])

    def _links(self, moments: Sequence[Moment]) -> Iterator[Link]:
        """Links from the frames of the file before some moments, filtered, in order."""
        frames = sorted({moment.frame for moment in moments})
        known = {frame: link for frame in frames if (link := self.kept.get(("link", frame)))}
        new = [frame for frame in frames if frame not in known]
        needed = sorted(self._linker.needed({*new, *(frame + 1 for frame in new if frame in self._apart)}))
        made = filtered_links(self._linker, zip(needed, self._rendered(needed), strict=True))
        for frame in frames:
            link = known.get(frame) or next(link for link in made if link.index == frame)
            if frame in self._apart and frame not in known:
                link = link.alone()
                self.kept.keep(("link", frame), link, link.size)
            yield link

    def _rendered(self, frames: Sequence[int]) -> Iterator[Tensor]:
        """The frames of the file with some numbers, in order; whole batches are rendered, as in a decode of all."""
        batch: dict[int, Tensor] = {}
        for frame in frames:
            kept = batch.get(frame, self.kept.get(("rendered", frame)))
            if kept is None:
                batch = self._batch(frame)
            yield batch[frame] if kept is None else kept

    def _batch(self, frame: int) -> dict[int, Tensor]:
        """The frames of the batch in which a frame is rendered, by their numbers."""
        segment = bisect_right(self._starts, frame) - 1
        start, stop = self._starts[segment : segment + 2]
        render: Renderer = self.kept.get(("renderer", segment)) or self._renderers.renderer(segment)
        first = frame - (frame - start) % render.batch
        numbers = range(first, min(first + render.batch, stop))
        made = render(torch.tensor(numbers) - start)
        self.kept.keep(("renderer", segment), render, render.size)
        batch = dict(zip(numbers, (row.clone() for row in made), strict=True))
        for number, row in batch.items():
            self.kept.keep(("rendered", number), row, row.nbytes)
        return batch

    def _corrections(self, segment: int) -> Corrections | None:
        """The corrections of a segment."""
        kept = self.kept.get(("corrections", segment))
        if kept is None:
            kept = (self._renderers.unpacker.corrections(segment),)
            self.kept.keep(("corrections", segment), kept, kept[0].size if kept[0] else 0)
        corrections: Corrections | None = kept[0]
        return corrections
