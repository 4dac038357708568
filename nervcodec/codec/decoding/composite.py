"""A video with only those of its pixels replaced that are missing."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from nervcodec.bitstream.format import Header
from nervcodec.errors import RequestError
from nervcodec.video.masks import load_masks
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View, as_stored


@dataclass(frozen=True)
class Composite:
    """What decoded frames are laid under."""

    source: str
    """The video that was encoded (see `read_frames`), in the size of the decoded frames."""
    mask: str
    """Where decoded pixels are taken (see `load_masks`)."""

    def fill(self, frames: Iterator[Tensor], numbers: range, header: Header) -> Iterator[Tensor]:
        """Each decoded frame, samples `[C, H, W]`, becomes the video's with the missing pixels filled.

        numbers: of the frames among those of the video that the header is of.

        Raises RequestError for another size or number of frames than the video's, VideoError for one that cannot be
        read.
        """
        count = header.times.length
        view = as_stored(View(first=numbers.start, stop=numbers.stop if numbers.stop < count else None), header.video)
        with read_frames(self.source, view) as video:
            sizes = [(shown.width, shown.height) for shown in (video.format, header.video)]
            if sizes[0] != sizes[1]:
                raise RequestError(
                    "pictures of {} are {}x{} and the file's {}x{}".format(self.source, *sizes[0], *sizes[1])
                )
            masks = load_masks(self.mask, video, len(numbers), view)
            for index, (own, mask) in enumerate(zip(frames, masks, strict=True), numbers.start):
                given = next(video.frames, None)
                if given is None:
                    raise RequestError(f"{self.source} has {index} frames, the file {count}")
                yield torch.where(mask, own, torch.from_numpy(given).permute(2, 0, 1))
            if next(video.frames, None) is not None:
                raise RequestError(f"{self.source} has more than the {count} frames of the file")
