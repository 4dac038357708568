"""Frames that a file shows, in any order, with a memory of what is likely to be needed again."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.ways import BY_LEVELS
from nervcodec.codec.choices import DeviceName
from nervcodec.codec.decoding.between import corrected_frames
from nervcodec.codec.decoding.groups import Corrector
from nervcodec.codec.decoding.kept import Kept
from nervcodec.codec.decoding.renderer import Renderer, Renderers
from nervcodec.codec.device import choose_device
from nervcodec.corrections import Corrections
from nervcodec.levels import way_to


class FrameAccess:
    """Frames that a stream shows by default, bit for bit those of a decode of all.

    Kept are networks with what they write into, corrections, rendered frames, and frames that were made of these.
    Beside that, memory is needed for what one call makes, and for the tensors of the segment that was unpacked last.

    limit: most bytes that are kept.

    Raises BitstreamError for networks that make no picture of the video.
    """

    def __init__(self, stream: Stream, device: DeviceName, limit: int) -> None:
        header = stream.header
        self.stream, self.device, self.kept = stream, device, Kept(limit)
        self.schedule = header.playback.schedule(header.times, header.video.frame_rate, header.clock)
        self._renderers = Renderers(stream, choose_device(device))
        self._corrector = Corrector(header, self._corrections)
        self._starts = list(accumulate(header.segments, initial=0))
        self._changed = header.grouped or any(map(any, header.filters))
        """Whether frames are made of rendered ones."""

    def made(self, numbers: Sequence[int]) -> Iterator[Tensor]:
        """Frames `[C, H, W]` with increasing numbers, samples of the depth and domain of the file, on the device.

        They may share memory with what is kept. Raises BitstreamError as `decode_frames` does.
        """
        moments = [self.schedule.moments[number] for number in numbers]
        return corrected_frames(self.stream, moments, self._corrector, device=self.device, render=self._rendered)

    def found(self, numbers: Collection[int]) -> Iterator[tuple[int, Tensor]]:
        """Frames with some numbers as of `made`, each once and with its number, those that are kept first; they are
        kept, and so are those of their groups that they are made of."""
        known = {number: frame for number in numbers if (frame := self.kept.get(("frame", number))) is not None}
        yield from known.items()
        wanted = set(numbers).difference(known)
        needed = sorted(wanted.union(*map(self._before, wanted)))
        for number, frame in zip(needed, self.made(needed), strict=True):
            if self._changed:
                self.kept.keep(("frame", number), frame.clone(), frame.nbytes)
            if number in wanted:
                yield number, frame

    def _before(self, number: int) -> list[int]:
        """Numbers of the frames between frames of the file that have to be made before one of them."""
        header = self.stream.header
        if header.way != BY_LEVELS:
            return []
        frame = self.schedule.moments[number].frame
        around = header.times.positions[frame : frame + 2]
        return way_to(number, *around) if len(around) > 1 else []

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
