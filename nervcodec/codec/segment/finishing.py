"""Makes the frames of a fitted segment as good as they can be without another fit: the filter, and corrections."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from math import log2

from nervcodec.bitstream.container import Stream, write_stream
from nervcodec.codec.segment.correcting import Chooser, step_of
from nervcodec.codec.segment.grouping import weight_of_fitted
from nervcodec.codec.segment.measuring import measure_shown
from nervcodec.codec.segment.task import SegmentTask, decodable
from nervcodec.metrics.quality import QualityMeter
from nervcodec.metrics.value import Quality
from nervcodec.quantization import STEPS
from nervcodec.temporal_filter import strength_of

LOG = logging.getLogger(__name__)
TRIES = 4
"""Most steps of corrections that are tried to fill a file up to a size."""
HALVING = 2.5
"""Growth of the steps, in eighths of an octave, with which the bytes of corrections are about halved (ours)."""
LARGEST_CHANGE = 24
"""Largest change of the steps from one try to the next, in eighths of an octave."""
NEAR = 0.01
"""Share of a size by which a file may miss it without another try."""


def finished(task: SegmentTask, stream: Stream, own: QualityMeter, rate: float, aimed: float) -> tuple[Stream, Quality]:
    """A stream with the filter, if its frames are better for it, and with corrections of the frames between, and the
    quality of all frames that it shows.

    own: quality of the frames of the stream without the filter.
    rate: weight of a bit per pixel of the frames that are fitted against their squared errors.
    aimed: bytes that the file should have, for which corrections are coarser or finer; 0 leaves them as they are best.
    """
    if not task.filters:
        return stream, own.quality
    strength = strength_of(own.luma_error)
    found, meters = _corrected(task, with_strength(stream, strength), rate, aimed)
    LOG.info("filter of strength %d: %.2f to %.2f dB", strength, own.psnr_db, meters[0].psnr_db)
    if strength and meters[0].psnr_db <= own.psnr_db:
        found, meters = _corrected(task, with_strength(stream, 0), rate, aimed)
    return found, _mean(meters)


def _corrected(
    task: SegmentTask, stream: Stream, rate: float, aimed: float
) -> tuple[Stream, tuple[QualityMeter, QualityMeter]]:
    """A stream with corrections of the frames between, and the quality of the frames that it holds and of others."""
    step = step_of(rate * weight_of_fitted(task.shown / len(task.clip)), task.video.domain)
    without, tried = len(write_stream(stream)), {step: _corrected_in(task, stream, step)}
    while aimed and len(tried) < (TRIES if task.deadline is None else 1) and task.timeline.missing:
        size = len(write_stream(tried[step][0]))
        step = min(max(step + _change(size - without, aimed - without), 0), STEPS - 1)
        if step in tried or abs(size / aimed - 1) <= NEAR:
            break
        tried[step] = _corrected_in(task, stream, step)
    return min(tried.values(), key=lambda made: abs(len(write_stream(made[0])) - aimed))


def _corrected_in(task: SegmentTask, stream: Stream, step: int) -> tuple[Stream, tuple[QualityMeter, QualityMeter]]:
    """A stream with corrections in a step, and the quality as of `_corrected`."""
    whole = decodable(task.chain, write_stream(stream))
    chooser = Chooser(task.footage, task.timeline, whole.header.times.length - len(task.footage.clip), step)
    held, device = task.timeline.positions, task.options.device
    meters = measure_shown(whole, task.footage, held, device, task.observe, chooser)
    return with_corrections(stream, chooser.packed()) if task.timeline.missing else stream, meters


def _change(size: int, room: float) -> int:
    """Change of the step that is likely to bring corrections from a number of bytes to another."""
    wanted = HALVING * log2(max(size, 1) / room) if room > 0 else LARGEST_CHANGE
    return round(min(max(wanted, -LARGEST_CHANGE), LARGEST_CHANGE))


def with_strength(stream: Stream, strength: int) -> Stream:
    """A stream with one segment, with the strength of the filter up to its last layer."""
    return replace(stream, header=replace(stream.header, filters=(*stream.header.filters, (strength,))))


def with_corrections(stream: Stream, corrections: bytes) -> Stream:
    """A stream with one segment, whose last chunk has other corrections."""
    *below, layer = stream.layers
    (chunk,) = layer.chunks
    corrected = replace(layer, chunks=(replace(chunk, groups=(*chunk.groups[:-1], corrections)),))
    return replace(stream, layers=(*below, corrected))


def _mean(meters: Sequence[QualityMeter]) -> Quality:
    """The quality of all frames that some meters have measured."""
    quality = Quality.mean([(meter.quality, meter.frames) for meter in meters if meter.frames])
    assert quality is not None
    return quality
