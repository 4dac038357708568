"""Opening a `.nerv` file for access to its frames in any order."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from threading import Lock
from types import TracebackType
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from nervcodec.bitstream.container import open_stream
from nervcodec.codec.choices import DeviceName
from nervcodec.codec.decoding.access import FrameAccess
from nervcodec.codec.stream.file import naming, stream_file
from nervcodec.declarations import Range, check_declared
from nervcodec.errors import RequestError
from nervcodec.picture import CHANNELS, map_size
from nervcodec.samples import DTYPES
from nervcodec.timeline import Playback
from nervcodec.video.domains import rgb_of

Samples = Literal["rgb", "file"]
"""Samples of frames: RGB, as players show a video, or those of the file unchanged: RGB or packed planes
(`nervcodec.planes`)."""
CACHE_BYTES = 1 << 30
"""Bytes that an open file keeps, by default."""
MOST_TICKS = 10**6
"""Most ticks per second of a time that is given as a float, which is taken for the nearest one."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How a file is opened (see `open`)."""

    layers: Annotated[int | None, Range(1)] = None
    device: DeviceName = "auto"
    domain: Samples = "rgb"
    cache_bytes: Annotated[int, Range(0)] = CACHE_BYTES

    def __post_init__(self) -> None:
        check_declared(self)


def open(  # noqa: A001
    path: str,
    *,
    layers: int | None = None,
    device: DeviceName = "auto",
    domain: Samples = "rgb",
    cache_bytes: int = CACHE_BYTES,
) -> "Video":
    """Open a `.nerv` file to read frames of it in any order; only its header is read at once.

    layers: number of layers that are decoded, from the base up; None means all.
    device: where networks run, and frames are returned.
    domain: samples of the frames.
    cache_bytes: most bytes of networks and frames that are kept to be used again.

    Raises VideoError for an unreadable file, BitstreamError for one whose header is damaged, RequestError for more
    layers than the file has, a device that is not there, and other values that make no sense.
    """
    return Video(path, Opening(layers=layers, device=device, domain=domain, cache_bytes=cache_bytes))


class _Opened:
    """An open file in one process, and a lock, because its file and its networks serve one at a time."""

    def __init__(self, path: str, opening: Opening) -> None:
        self.process, self.lock = os.getpid(), Lock()
        with ExitStack() as stack:
            stream = open_stream(stack.enter_context(stream_file(path)), opening.layers)
            self.access = FrameAccess(stream, opening.device, opening.cache_bytes)
            self.file = stack.pop_all()


class Video:
    """The frames that a `.nerv` file shows, each bit for bit that of `nervcodec.decode` with its default times.

    `video[n]` is a frame `[C, H, W]`, `video[a:b]` and `video[[5, 2]]` are batches `[B, C, H, W]`; samples are uint8,
    or int16 for 10 bits, in memory of their own. Numbers below 0 count from the end; IndexError beyond the ends.
    Frames are made when they are asked for, and BitstreamError is raised where what they need is damaged.

    Threads may share a video, which decodes for one at a time. It is a data set for `torch.utils.data`: a copy that is
    pickled, or inherited by a forked process, opens the file by its path again.
    """

    def __init__(self, path: str, opening: Opening) -> None:
        self.path, self.opening = path, opening
        self._closed = False
        self._opened: _Opened | None = _Opened(path, opening)

    def __len__(self) -> int:
        return len(self._here().access.schedule.moments)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        video = self._here().access.header.video
        return video.width, video.height

    @property
    def rate(self) -> Fraction:
        """Frames per second; nominal where frames are not shown at equal intervals."""
        return self._here().access.schedule.frame_rate

    @property
    def times(self) -> tuple[Fraction, ...]:
        """Time at which each frame is shown, in seconds after the first."""
        clock = self._here().access.schedule.clock
        return tuple(tick * clock.time_base for tick in clock.ticks)

    def __getitem__(self, which: int | slice | Iterable[int]) -> Tensor:
        if isinstance(which, slice):
            return self._batch(range(len(self))[which])
        if isinstance(which, Tensor | np.ndarray | np.generic):
            which = which.tolist()
        if isinstance(which, Iterable):
            return self._batch([self._number(number) for number in which])
        return self._batch([self._number(which)])[0]

    def __getitems__(self, numbers: Sequence[int]) -> list[Tensor]:
        """Frames one by one, decoded together; this is how a `DataLoader` asks for a batch."""
        return list(self[numbers])

    def __iter__(self) -> Iterator[Tensor]:
        return self.frames()

    def frames(self, start: float | Fraction = 0, stop: float | Fraction | None = None) -> Iterator[Tensor]:
        """The frames `[C, H, W]` shown from `start` on and before `stop`, in seconds, as fast as in a decode.

        A float is taken for the nearest fraction with a denominator of at most MOST_TICKS. The iterator belongs to the
        process that made it.

        Raises RequestError where no frame is shown.
        """
        begin, end = (None if time is None else Fraction(time).limit_denominator(MOST_TICKS) for time in (start, stop))
        playback = Playback(start=begin or Fraction(0), stop=end)
        with self._reading() as access:
            made = access.made(playback.numbers(access.schedule))
        return self._each(made)

    def close(self) -> None:
        """Close the file and forget its frames; RequestError is raised for what is asked for afterwards."""
        opened, self._closed, self._opened = self._opened, True, None
        if opened and opened.process == os.getpid():
            with opened.lock:
                opened.file.close()

    def __enter__(self) -> "Video":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_opened": None}

    def _here(self) -> _Opened:
        """The file as this process has opened it."""
        opened = self._opened
        if self._closed:
            raise RequestError(f"{self.path} has been closed")
        if opened is None or opened.process != os.getpid():
            opened = self._opened = _Opened(self.path, self.opening)
        return opened

    @contextmanager
    def _reading(self) -> Iterator[FrameAccess]:
        """Access to frames for one thread."""
        opened = self._here()
        with opened.lock, naming(self.path):
            if self._closed:
                raise RequestError(f"{self.path} has been closed")
            yield opened.access

    def _number(self, number: int) -> int:
        """The number of a frame, counted from the first one."""
        count = len(self)
        if not -count <= number < count:
            raise IndexError(f"there is no frame {number} among {count}")
        return number % count

    def _batch(self, numbers: Sequence[int]) -> Tensor:
        """Frames with some numbers, `[B, C, H, W]`."""
        places: dict[int, list[int]] = {}
        for place, number in enumerate(numbers):
            places.setdefault(number, []).append(place)
        with self._reading() as access:
            batch = self._empty(access, len(numbers))
            for number, frame in access.found(places.keys()):
                batch[places[number]] = self._picture(access, frame)
        return batch

    def _each(self, made: Iterator[Tensor]) -> Iterator[Tensor]:
        while True:
            with self._reading() as access:
                frame = next(made, None)
                if frame is None:
                    return
                picture = self._empty(access, 1)[0].copy_(self._picture(access, frame))
            yield picture

    def _picture(self, access: FrameAccess, frame: Tensor) -> Tensor:
        """A frame in the domain that was asked for."""
        return rgb_of(frame, access.header.video) if self.opening.domain == "rgb" else frame

    def _empty(self, access: FrameAccess, count: int) -> Tensor:
        """Memory for frames in the domain that was asked for."""
        video = access.header.video
        domain = "rgb" if self.opening.domain == "rgb" else video.domain
        shape = (count, CHANNELS[domain], *map_size(domain, video.height, video.width))
        return torch.empty(shape, dtype=DTYPES[video.depth], device=access.device)
