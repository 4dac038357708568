"""Fits one segment of a video: reaches its target, and measures and reports its quality."""

import logging
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log2

from nervcodec.codec.options import LEAST_QUALITY, MOST_QUALITY
from nervcodec.codec.segment.assist import assist
from nervcodec.codec.segment.footage import Footage
from nervcodec.codec.segment.grouping import choose_groups, expected_error
from nervcodec.codec.segment.measuring import measure, measure_at
from nervcodec.codec.segment.planning import DEFAULT_QUALITY, quality_of_size, rate_of_quality
from nervcodec.codec.segment.report import EncodeReport, PartReport
from nervcodec.codec.segment.search import MOST_FITS, Candidate, search
from nervcodec.codec.segment.stack import Stack
from nervcodec.codec.segment.task import SegmentTask, decodable
from nervcodec.codec.target import Target
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import MS_SSIM_SIDE
from nervcodec.timeline import Timeline

LOG = logging.getLogger(__name__)
TIMED_FITS = 3
"""Number of fits of every layer that share a time limit when a quality is to be reached."""


def fit_segment(task: SegmentTask) -> tuple[bytes, PartReport]:
    """The bytes of a stream with one fitted segment, and the report on it."""
    task = _grouped(task)
    options, device, timeline = task.options, task.options.device, task.timeline
    fits = _Search(task)
    made = fits.reach(options.target) if options.target else fits.code(options.quality)
    data, report = made.data, replace(made.report, fits=fits.count)
    masked = 0
    if task.masks is not None and task.masks.any():
        others = replace(task.kept, masks=~task.masks)
        hidden = measure(decodable(task.chain, data), others, device, task.observe)
        report, masked = replace(report, masked=hidden.quality), hidden.frames
    if options.assisted and timeline.missing:
        data = assist(data, task)
        report = _assisted(report, data, task)
    left_out = len(task.footage.clip) - task.shown
    if left_out:
        guessed = measure_at(decodable(task.chain, data), task.footage, timeline.missing, device, task.observe)
        report = replace(report, missing=guessed.quality)
    return data, PartReport(whole=report, fitted=task.shown, masked=masked, missing=left_out)


def _grouped(task: SegmentTask) -> SegmentTask:
    """The task with its groups, where these are to be chosen."""
    if not task.options.chooses_groups:
        return task
    footage = replace(task.footage, clip=task.footage.seen())

    def choose() -> Sequence[int]:
        return choose_groups(footage, _likely_rate(footage, task)).positions

    positions = task.scratch.recall(choose) if task.scratch else choose()
    LOG.info("groups: %d of %d frames are fitted", len(positions), len(footage.clip))
    return replace(task, groups=Timeline(tuple(positions), len(footage.clip)))


def _likely_rate(footage: Footage, task: SegmentTask) -> float:
    """The weight of a bit per pixel that is likely to lead to what is asked for."""
    target, quality = task.options.target, task.options.quality
    if target and target.is_size:
        samples = len(footage.clip) * task.video.pixels
        bits_per_pixel = 8 * target.value / samples if target.kind == "bytes" else target.value
        quality = quality_of_size(bits_per_pixel, groups=True)
    elif target and target.kind == "psnr":
        rates = [rate_of_quality(quality, groups=True) for quality in range(int(LEAST_QUALITY), int(MOST_QUALITY))]
        error = 10 ** (-target.value / 10)
        return rates[bisect_left(rates[:-1], -error, key=lambda rate: -expected_error(footage, rate))]
    return rate_of_quality(quality, groups=True)


def _assisted(report: EncodeReport, data: bytes, task: SegmentTask) -> EncodeReport:
    """The report of a segment that now has all frames of the video."""
    frames = len(task.footage.clip)
    return replace(
        report,
        frames=frames,
        file_bytes=len(data),
        bits_per_pixel=task.video.bits_per_pixel(len(data), frames),
        assisted_bytes=len(data) - report.file_bytes,
    )


@dataclass
class _Search:
    """The fits of a segment: one fit of every layer, or several to reach a target."""

    task: SegmentTask
    count: int = 0

    def reach(self, target: Target) -> Candidate:
        """The file nearest to a target."""
        video = self.task.video
        if target.kind == "ms-ssim" and min(video.width, video.height) < MS_SSIM_SIDE:
            raise RequestError(f"MS-SSIM needs pictures of at least {MS_SSIM_SIDE} pixels a side")
        timed = self.task.deadline is not None
        if not target.is_size:
            limits = LEAST_QUALITY, MOST_QUALITY
            return search(target, DEFAULT_QUALITY, limits, TIMED_FITS if timed else MOST_FITS, self.code)
        samples = self.task.shown * video.pixels
        aimed = target.value if target.kind == "bytes" else target.value * samples / 8
        quality = quality_of_size(8 * aimed / samples, groups=self.task.options.groups)
        start = log2(aimed)

        def steered(at: float) -> Candidate:
            return self.code(quality, round(2**at))

        return search(target, start, (start - 1, start + 1), 1 if timed else MOST_FITS, steered)

    def code(self, quality: float | None, aimed: int | None = None) -> Candidate:
        """Fit, pack and measure all layers at a quality, steered to a number of bytes if one is given."""
        options = self.task.options
        tries = TIMED_FITS - self.count if options.target and not options.target.is_size else 1
        self.count += 1
        made = Stack(self.task, quality, aimed, tries * options.layers).build()
        kept = len(made.report.layers)
        if aimed and kept < options.layers:  # the kept layers were planned for a share of the size only
            self.count += 1
            made = Stack(replace(self.task, options=replace(options, layers=kept)), quality, aimed, kept).build()
        return made
