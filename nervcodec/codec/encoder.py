"""From a video to a `.nerv` file, measured through the decoder."""

from dataclasses import dataclass, replace
from math import log2
from pathlib import Path
from time import monotonic

from nervcodec.codec.assistance import assist
from nervcodec.codec.clip import Footage, load_footage, measure, measure_at
from nervcodec.codec.device import choose_device
from nervcodec.codec.options import QUALITIES, EncodeOptions
from nervcodec.codec.planning import DEFAULT_QUALITY, quality_of_size
from nervcodec.codec.report import EncodeReport
from nervcodec.codec.stacking import Stack, Work
from nervcodec.codec.targets import MOST_FITS, Candidate, Target, miss, reached, search
from nervcodec.errors import RequestError, TargetMissed
from nervcodec.events import Observer, ignore
from nervcodec.files import check_target, replacing
from nervcodec.metrics.quality import MS_SSIM_SIDE
from nervcodec.timeline import Timeline

TIMED_FITS = 3
"""Fits of every layer that share the time there is to reach a quality."""


def encode(
    source: str,
    output: str,
    options: EncodeOptions = EncodeOptions(),  # noqa: B008
    *,
    overwrite: bool = False,
    observe: Observer = ignore,
) -> EncodeReport:
    """Fit a network to the video at `source` (see `read_frames`) and write the file `output`.

    Raises RequestError, VideoError, ResourceError, FitError or OutputError; `output` is then as it was. Raises
    TargetMissed when the file is written, but not as it was asked for.
    """
    started = monotonic()
    if Path(source).exists() and Path(output).resolve() == Path(source).resolve():
        raise RequestError(f"{output} would be written over the video itself")
    check_target(Path(output), overwrite=overwrite)
    device = choose_device(options.device)
    deadline = None if options.time_limit is None else started + options.time_limit
    footage = load_footage(source, options.view, options.mask, observe)
    timeline = Timeline.every(options.keep_every, len(footage.clip))
    kept = footage.at(timeline.positions)
    work = Work(footage.video, kept.seen(), options, device, observe, deadline, kept.masks, timeline, footage.clock)
    job = _Job(work)
    made = job.reach(options.target) if options.target else job.code(options.quality)
    data, report = made.data, made.report
    if kept.masks is not None and kept.masks.any():
        meter = measure(data, kept.clip, options.device, observe, masks=~kept.masks)
        report = replace(report, masked_psnr_db=meter.psnr_db)
    if options.assisted and timeline.missing:
        data = assist(data, footage.at(timeline.missing), options, device, observe)
        report = _assisted(report, data, footage)
    if timeline.missing:
        meter = measure_at(data, footage, timeline.missing, options.device, observe)
        report = replace(report, missing_psnr_db=meter.psnr_db, missing_ms_ssim=meter.ms_ssim)
    with replacing(Path(output)) as path:
        path.write_bytes(data)
    if options.target and abs(miss(options.target, made.report)) > 1:
        kind, value = options.target.kind, reached(options.target, made.report)
        raise TargetMissed(f"{output} is written, but with {kind} {value:.6g}, not {options.target.value:.6g}")
    return replace(report, seconds=monotonic() - started, fits=job.fits)


def _assisted(report: EncodeReport, data: bytes, footage: Footage) -> EncodeReport:
    """The report of a file that now has all frames of a video."""
    frames, _, height, width = footage.clip.shape
    return replace(
        report,
        frames=frames,
        file_bytes=len(data),
        bits_per_pixel=8 * len(data) / (frames * height * width),
        assisted_bytes=len(data) - report.file_bytes,
    )


@dataclass
class _Job:
    """One video on its way to a file, in one fit of every layer or several."""

    work: Work
    fits: int = 0

    def reach(self, target: Target) -> Candidate:
        """The file nearest to a target."""
        clip = self.work.clip
        if target.kind == "ms-ssim" and min(clip.shape[2:]) < MS_SSIM_SIDE:
            raise RequestError(f"MS-SSIM needs pictures of at least {MS_SSIM_SIDE} pixels a side")
        timed = self.work.deadline is not None
        if not target.is_size:
            return search(target, DEFAULT_QUALITY, QUALITIES, TIMED_FITS if timed else MOST_FITS, self.code)
        samples = clip[:, 0].numel()
        aimed = target.value if target.kind == "bytes" else target.value * samples / 8
        quality = quality_of_size(8 * aimed / samples)
        start = log2(aimed)

        def steered(at: float) -> Candidate:
            return self.code(quality, round(2**at))

        return search(target, start, (start - 1, start + 1), 1 if timed else MOST_FITS, steered)

    def code(self, quality: float | None, aimed: int | None = None) -> Candidate:
        """Fit, pack and measure all layers at a quality, steered to a number of bytes if one is given."""
        options = self.work.options
        tries = TIMED_FITS - self.fits if options.target and not options.target.is_size else 1
        self.fits += 1
        made = Stack(self.work, quality, aimed, tries * options.layers).build()
        kept = len(made.report.layers)
        if aimed and kept < options.layers:  # those that are left were to be a part of the size only
            self.fits += 1
            made = Stack(replace(self.work, options=replace(options, layers=kept)), quality, aimed, kept).build()
        return made
