"""Checks that all of a file can be decoded, and measures its quality against the video that it was made from."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

import torch
from torch import Tensor

from nervcodec.bitstream.container import read_stream
from nervcodec.bitstream.format import Header
from nervcodec.codec.choices import DeviceName
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.device import choose_device, describe_device
from nervcodec.codec.stream.file import stream_file
from nervcodec.errors import RequestError
from nervcodec.events import FramesDone, Observer, ignore
from nervcodec.metrics.quality import QualityMeter
from nervcodec.metrics.value import Quality
from nervcodec.picture import Domain
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View, as_stored

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class VerifyReport:
    """Report of `verify` on a file in which nothing is wrong."""

    width: int
    height: int
    frames: int
    """Number of frames that the file shows, all of which were made."""
    segments: int
    layers: int
    file_bytes: int
    seconds: float
    quality: Quality | None = None
    """Quality as `encode` reports it; None without a video to compare with."""
    domain: Domain = "rgb"

    @property
    def psnr_db(self) -> float | None:
        """PSNR of the decoded frames in dB; None without a video to compare with."""
        return None if self.quality is None else self.quality.psnr_db

    @property
    def ms_ssim(self) -> float | None:
        """MS-SSIM of the decoded frames; None without a video to compare with, and for small pictures."""
        return None if self.quality is None else self.quality.ms_ssim


def verify(
    path: str,
    against: str | None = None,
    view: View = View(),  # noqa: B008
    *,
    device: DeviceName = "auto",
    observe: Observer = ignore,
) -> VerifyReport:
    """Decode all of the `.nerv` file at `path`, and compare it with a view of the video `against`, if one is given.

    Every checksum is checked, every chunk decoded and every frame rendered; one batch of frames is in memory at a time.

    Raises VideoError for a file or video that cannot be read, BitstreamError with the place of damage, and RequestError
    if the size or number of frames differs from the video's.
    """
    started, done = monotonic(), 0
    LOG.info("decodes on %s", describe_device(choose_device(device)))
    with stream_file(path) as data:
        stream, size = read_stream(data), len(data)
        header = stream.header
        meter = QualityMeter(header.video)
        originals = None if against is None else original_frames(against, view, header)
        moments = header.playback.schedule(header.times, header.video.frame_rate, header.clock).moments
        for done, frame in enumerate(frames_at(stream, moments, device=device), 1):
            if originals is not None:
                meter.add(frame[None], next(originals)[None])
            observe(FramesDone(stage="measure" if against else "decode", frames=done, total=header.shown))
        if originals is not None:
            next(originals, None)  # raises RequestError if the video has more frames
    return VerifyReport(
        width=header.video.width,
        height=header.video.height,
        frames=done,
        segments=len(header.segments),
        layers=len(stream.layers),
        file_bytes=size,
        seconds=monotonic() - started,
        quality=None if against is None else meter.quality,
        domain=header.video.domain,
    )


def original_frames(source: str, view: View, header: Header) -> Iterator[Tensor]:
    """The original frames of a file, samples `[C, H, W]`, read from a video.

    Raises RequestError for a video of another size or number of frames.
    """
    shown = range(header.times.length) if header.grouped else header.times.positions
    held, length, number = set(shown), header.times.length, 0
    with read_frames(source, as_stored(view, header.video)) as video:
        found, wanted = ((v.width, v.height) for v in (video.format, header.video))
        if found != wanted:
            raise RequestError(
                "pictures of {} are {}x{}, those of the file {}x{}: give the --crop and --resize of the encode".format(
                    source, *found, *wanted
                )
            )
        for number, frame in enumerate(video.frames, 1):
            if number > length:
                raise RequestError(f"{source} has more than the {length} frames that were encoded")
            if number - 1 in held:
                yield torch.from_numpy(frame).permute(2, 0, 1)
        if header.video.chroma == "grey" and video.seen().chroma != "grey":
            raise RequestError(f"pictures of {source} have colour, those of the file are grey")
    if number < length:
        raise RequestError(f"{source} has {number} of the {length} frames that were encoded")
