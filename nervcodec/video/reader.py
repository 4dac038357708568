"""Reading frames: files that PyAV decodes, raw planes, folders and patterns of images, and y4m on standard input."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, islice

import av

from nervcodec.errors import VideoError
from nervcodec.memory import keep_freed_memory
from nervcodec.picture import MAX_PIXELS, ColourTags, VideoFormat, in_domain
from nervcodec.video.colour import (
    Frame,
    chroma_format,
    colour_reach,
    colour_tags,
    is_opaque,
    source_depth,
)
from nervcodec.video.domains import Converter, frame_to_picture
from nervcodec.video.index import Index, Watch
from nervcodec.video.sidedata import content_light, mastering_display, quarter_turns
from nervcodec.video.sources import Source, open_source
from nervcodec.video.view import View

RICHNESS = ("grey", "420", "422", "444", "rgb")
"""Samplings of colour from none to all."""
INTERLACED = "pictures are interlaced; they are fitted and decoded as whole pictures, and marked as progressive"


@dataclass(frozen=True, kw_only=True)
class Video:
    """An open video seen through a view."""

    format: VideoFormat
    """Format of the frames after crop and resize."""
    source_size: tuple[int, int]
    """Width and height before crop and resize, upright."""
    colour_reach: int
    """Largest distance, in pixels before crop and resize, at which a sample of colour affects a pixel."""
    total: int | None
    """Number of frames that will come, where the container says."""
    frames: Iterator[Frame]
    """Pictures in the domain and at the depth of the format, in order of presentation."""
    seen: Callable[[], VideoFormat]
    """The format with the sampling of colour of the frame that has most of it, up to the last one that has come."""
    remarks: Callable[[], tuple[str, ...]]
    """Sentences on what of the video is changed or left out, up to the last frame that has come."""
    index: Callable[[], Index]
    """A function that gives the index of the whole video, up to the last frame that has come."""


@contextmanager
def read_frames(
    source: str,
    view: View = View(),  # noqa: B008
    *,
    index: Index | None = None,
    max_pixels: int = MAX_PIXELS,
    convert: Converter = frame_to_picture,
) -> Iterator[Video]:
    """Open a video file, an image folder, a pattern such as `frames/%05d.png`, or `-` for y4m on standard input.

    Raw planes, `.yuv`, have their format in their name (see `raw_format`). Images before `view.first` are not decoded,
    nor are most frames before it where the `index` of an earlier reading is given. Frames are turned upright where the
    file names a rotation, as players do.

    convert: makes the pictures of decoded frames.

    Raises VideoError for a source that is missing, undecodable, incomplete, transparent or changes its size,
    ResourceError for one above `max_pixels`, RequestError when the view does not fit.
    """
    keep_freed_memory()
    name = "standard input" if source == "-" else source
    with open_source(source, name, max_pixels, view.first, view.stream) as opened:
        watch = Watch(opened.rates, opened.skipped)
        decoded = watch.note(opened.frames)
        first = next(decoded, None)
        if first is None:
            raise VideoError(f"{name}: no video frame in it")
        tags, turns, size = colour_tags(first), quarter_turns(first, name), (first.width, first.height)
        video = _format(first, turns, tags, opened, view)
        look = _Look(first, video, opened.remarks)

        def frames() -> Iterator[Frame]:
            start = opened.skipped
            later: Iterator[av.VideoFrame] = chain([first], decoded)
            if index and opened.find and view.first > 0:
                start, later = view.first, opened.find(index, view.first)
            for number, frame in islice(enumerate(later, start), view.first - start, view.stop and view.stop - start):
                _check_frame(name, number, frame, size)
                yield convert(frame, look.at(frame), video.depth, turns, view)
            with suppress(VideoError):
                next(later, None)  # when this frame appears, the last wanted one disappears

        upright = size[::-1] if turns % 2 else size
        total = opened.total
        yield Video(
            format=video,
            source_size=upright,
            colour_reach=colour_reach(first, video.depth, view.domain, turned=turns > 0),
            total=None if total is None else max(min(total, view.stop or total) - view.first, 0),
            frames=frames(),
            seen=look.format,
            remarks=look.remarks,
            index=watch.index if index is None else lambda: index,
        )


class _Look:
    """What frames of a video show that its first one does not."""

    def __init__(self, first: av.VideoFrame, video: VideoFormat, remarks: tuple[str, ...]) -> None:
        self.video, self.richest = video, first
        self._remarks, self._is_interlaced = remarks, False
        self._is_grey = chroma_format(first) == "grey"

    def at(self, frame: av.VideoFrame) -> ColourTags:
        """Look at a frame; by which tags it is converted."""
        chroma = chroma_format(frame)
        if RICHNESS.index(chroma) > RICHNESS.index(chroma_format(self.richest)):
            self.richest = frame
        self._is_interlaced |= frame.interlaced_frame
        return colour_tags(frame) if self._is_grey and chroma != "grey" else self.video.colour

    def format(self) -> VideoFormat:
        """With the colour of the richest frame so far."""
        if not self._is_grey or chroma_format(self.richest) == "grey":
            return self.video
        found = replace(self.video, chroma=chroma_format(self.richest), colour=colour_tags(self.richest))
        return in_domain(found, self.video.domain)

    def remarks(self) -> tuple[str, ...]:
        """On the container, and on the frames so far."""
        return (*self._remarks, *((INTERLACED,) if self._is_interlaced else ()))


def _format(first: av.VideoFrame, turns: int, tags: ColourTags, opened: Source, view: View) -> VideoFormat:
    """The format of the frames that a view lets through."""
    size, aspect = (first.width, first.height), opened.aspect or Fraction(1)
    if turns % 2:
        size, aspect = size[::-1], 1 / aspect
    width, height = view.output_size(*size)
    video = VideoFormat(
        width=width,
        height=height,
        frame_rate=opened.rates[0],
        colour=tags,
        chroma=chroma_format(first),
        depth=view.depth or source_depth(first),
        sample_aspect=view.sample_aspect(*size, aspect),
        mastering=mastering_display(first),
        content_light=content_light(first),
    )
    return in_domain(video, view.domain)


def _check_frame(name: str, number: int, frame: av.VideoFrame, size: tuple[int, int]) -> None:
    if (frame.width, frame.height) != size:
        found = f"{frame.width}x{frame.height}"
        raise VideoError(f"{name}: frame {number} is {found} where the first is {size[0]}x{size[1]}")
    if frame.is_corrupt:
        raise VideoError(f"{name}: frame {number} is damaged")
    if not is_opaque(frame):
        raise VideoError(
            f"{name}: frame {number} is transparent in places, which no .nerv file can be; put it on a background"
        )
