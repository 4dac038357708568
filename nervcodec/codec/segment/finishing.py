"""Makes the frames of a fitted segment as good as they can be without another fit: the filter, and corrections."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from nervcodec.bitstream.container import Stream, write_stream
from nervcodec.codec.segment.correcting import Chooser, step_of
from nervcodec.codec.segment.grouping import weight_of_fitted
from nervcodec.codec.segment.measuring import measure_shown
from nervcodec.codec.segment.task import SegmentTask, decodable
from nervcodec.metrics.quality import QualityMeter
from nervcodec.metrics.value import Quality
from nervcodec.temporal_filter import strength_of

LOG = logging.getLogger(__name__)
COARSER, TRIES = 24, 6
"""Growth of the steps of corrections, in eighths of an octave, and number of tries, to stay below a size (ours)."""


def finished(
    task: SegmentTask, stream: Stream, own: QualityMeter, rate: float, aimed: int | None
) -> tuple[Stream, Quality]:
    """A stream with the filter, if its frames are better for it, and with corrections of the frames between, and the
    quality of all frames that it shows.

    own: quality of the frames of the stream without the filter.
    rate: weight of a bit per pixel of the frames that are fitted against their squared errors.
    aimed: bytes that the file should not exceed; then corrections may be coarser.
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
    task: SegmentTask, stream: Stream, rate: float, aimed: int | None
) -> tuple[Stream, tuple[QualityMeter, QualityMeter]]:
    """A stream with corrections of the frames between, and the quality of the frames that it holds and of others."""
    finest = step_of(rate * weight_of_fitted(task.shown / len(task.clip)), task.video.domain)
    whole = decodable(task.chain, write_stream(stream))
    begin = whole.header.times.length - len(task.footage.clip)
    for step in range(finest, finest + COARSER, COARSER // TRIES):
        chooser = Chooser(task.footage, task.timeline, begin, step)
        held, device = task.timeline.positions, task.options.device
        meters = measure_shown(whole, task.footage, held, device, task.observe, chooser)
        found = with_corrections(stream, chooser.packed()) if task.timeline.missing else stream
        if not aimed or len(write_stream(found)) <= aimed:
            break
    return found, meters


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
