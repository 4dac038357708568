"""Composites: a video in which only missing pixels are replaced by decoded ones."""

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
    """A video and a mask of its missing pixels, which are taken from decoded frames."""

    source: str
    """Path of the video that was encoded (see `read_frames`), in the size of the decoded frames."""
    mask: str
    """Rule for the pixels that are taken from decoded frames (see `load_masks`)."""

    def fill(self, frames: Iterator[Tensor], numbers: range, header: Header) -> Iterator[Tensor]:
        """The frames of the video, samples `[C, H, W]`, with missing pixels taken from the decoded frames.

        numbers: indices of the decoded frames in the video that the header describes.

        Raises RequestError for a video of another size or number of frames, VideoError for one that cannot be read.
        """
        count = header.times.length
        view = as_stored(View(first=numbers.start, stop=numbers.stop if numbers.stop < count else None), header.video)
        with read_frames(self.source, view) as video:
            sizes = [(shown.width, shown.height) for shown in (video.format, header.video)]
            if sizes[0] != sizes[1]:
                raise RequestError(
                    "pictures of {} are {}x{}, those of the file {}x{}: first give the video this size, as the crop "
                    "and resize of the encode did".format(self.source, *sizes[0], *sizes[1])
                )
            masks = load_masks(self.mask, video, len(numbers), view)
            for index, (own, mask) in enumerate(zip(frames, masks, strict=True), numbers.start):
                given = next(video.frames, None)
                if given is None:
                    raise RequestError(f"{self.source} has {index} frames, the file {count}")
                yield torch.where(mask, own, torch.from_numpy(given).permute(2, 0, 1))
            if next(video.frames, None) is not None:
                raise RequestError(f"{self.source} has more than the {count} frames of the file")
