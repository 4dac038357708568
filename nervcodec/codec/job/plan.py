"""Forecast of an encode before it begins: networks, steps, bytes, seconds and memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import torch

from nervcodec.codec.device import choose_device, describe_device, device_memory
from nervcodec.codec.job.cutting import Segment, longest_segment, split
from nervcodec.codec.job.survey import Survey, survey
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.footage import Footage, load_footage
from nervcodec.codec.segment.grouping import choose_groups
from nervcodec.codec.segment.planning import (
    PAPER_BITS,
    LayerPlan,
    plan_layers,
    plan_recipe,
    quality_of_size,
    rate_of_quality,
    size_of_quality,
)
from nervcodec.codec.segment.stack import MEASURING_STEPS
from nervcodec.codec.stream.assembly import plan_header
from nervcodec.codec.stream.payload import embedding_values
from nervcodec.errors import RequestError
from nervcodec.events import Observer, ignore
from nervcodec.files import check_space
from nervcodec.memory import check_memory
from nervcodec.picture import VideoFormat, sample_bytes
from nervcodec.training.fit import time_fit
from nervcodec.video.view import as_stored

FIT_BYTES = 120
"""Bytes of memory for each sample of each picture in a step (ours, measured with DNeRV, HNeRV and SDMN)."""
PROGRAM_BYTES = 500_000_000
"""Bytes of memory that libraries take."""
STATE_BYTES = 16
"""Bytes of each fitted number in the state of a fit: the number and what optimizers keep of it."""
TIMED_FRAMES = 9
"""Number of frames of the first segment on which the duration of a step is measured, and the length of groups."""
QUALITY_FITS = 3
"""Number of fits that reaching a quality usually takes."""


@dataclass(frozen=True, kw_only=True)
class SegmentForecast:
    """Forecast for a segment and its networks."""

    start: int
    stop: int
    """First frame of the video after the segment."""
    follows: bool
    """Whether the fit begins with the networks of the segment before."""
    parameters: int
    """Number of weights of all layers."""
    steps: int
    """Number of steps of the fits of all layers."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Forecast for an encode."""

    video: VideoFormat
    frames: int
    segments: tuple[SegmentForecast, ...]
    model: str
    layers: int
    expected_bytes: int | None
    """Bytes of the file without attachments; None, which means unknown, if a quality is to be reached."""
    expected_seconds: float
    """Seconds of all fits and of measuring, with one worker."""
    memory_bytes: int
    """Bytes of memory that the fit of the longest segment takes."""
    device: str
    """Description of the device."""


def plan(source: str, options: EncodeOptions = EncodeOptions(), observe: Observer = ignore) -> Forecast:  # noqa: B008
    """Forecast an encode of a video, after reading the video once and measuring a few steps.

    Raises VideoError, ResourceError and RequestError as `encode` does.
    """
    if source == "-":
        raise RequestError("standard input can be read once only: a forecast needs a file")
    device = choose_device(options.device)
    found = survey(source, options, observe)
    segments = plan_segments(found, options, device)
    first = _first_frames(source, found, segments[0], options)
    gap = _likely_gap(first, options)
    planned = _plan(found, segments, options, gap)
    each = _step_seconds(first, found, segments[0], options, device, gap)
    kept = sum(_fitted(segment, gap) for segment in segments)
    shown = found.frames if options.groups else kept
    measured = shown + (kept if options.groups else 0)
    fits = QUALITY_FITS if options.target and not options.target.is_size else 1
    seconds = each * fits * (sum(made.steps for made in planned) + MEASURING_STEPS * measured * options.layers)
    return Forecast(
        video=found.video,
        frames=found.frames,
        segments=tuple(planned),
        model=options.base.name,
        layers=options.layers,
        expected_bytes=_expected_bytes(options, shown * found.video.pixels, planned),
        expected_seconds=seconds if options.time_limit is None else options.time_limit,
        memory_bytes=_fit_memory(found, segments, options),
        device=describe_device(device),
    )


def plan_segments(found: Survey, options: EncodeOptions, device: torch.device) -> tuple[Segment, ...]:
    """The segments into which a video is cut.

    Raises ResourceError if a device does not hold the longest segment, RequestError for a video that no file holds.
    """
    memory = device_memory(device)
    longest = longest_segment(options.segment, found.video, memory)
    segments = split(found.frames, found.cuts, longest, follow=options.follows)
    plan_header(found.video, found.frames, clock=found.clock, segments=tuple(s.frames for s in segments))
    frames = max(segment.frames for segment in segments)
    size = f"{frames} frames of {found.video.width}x{found.video.height}"
    check_memory(_fit_memory(found, segments, options), f"fitting {size} at a time", memory)
    return segments


def check_disk(folder: str, found: Survey, segments: Sequence[Segment], options: EncodeOptions, attached: int) -> None:
    """Raises OutputError if a folder has no room for the file and the states of its fits."""
    longest = max(segments, key=lambda segment: segment.frames)
    configs = [layer.config for layer in _layers(found, longest, options, options.step)]
    numbers = sum(config.parameters + embedding_values(config, longest.frames) for config in configs)
    planned = _plan(found, segments, options, options.step)
    expected = _expected_bytes(options, found.frames * found.video.pixels, planned)
    check_space(folder, STATE_BYTES * numbers + 2 * ((expected or 0) + attached))


def _likely_gap(footage: Footage, options: EncodeOptions) -> float:
    """Distance from one frame that is fitted to the next, which may be chosen; then it is the mean in some footage."""
    if not options.chooses_groups:
        return options.step
    rate = rate_of_quality(options.quality, groups=True)
    return len(footage.clip) / len(choose_groups(footage, rate).positions)


def _fitted(segment: Segment, gap: float) -> int:
    """Number of frames of a segment that are fitted: the first, others some distance apart, and the last."""
    return min(ceil((segment.frames - 1) / gap) + 1, segment.frames)


def _layers(found: Survey, segment: Segment, options: EncodeOptions, gap: float) -> list[LayerPlan]:
    """Plans of the layers of a segment, as if it followed none, for frames to fit that are some distance apart."""
    frames = _fitted(segment, gap)
    quality, target = options.quality, options.target
    if target and target.is_size:
        share = target.value * segment.frames / found.frames
        bpp = found.video.bits_per_pixel(share, frames) if target.kind == "bytes" else target.value
        quality = quality_of_size(bpp, groups=options.groups)
    shown = segment.frames if options.groups else None
    return plan_layers(options, found.video, frames, quality, shown=shown)


def _plan(found: Survey, segments: Sequence[Segment], options: EncodeOptions, gap: float) -> list[SegmentForecast]:
    """Forecasts for all segments; a segment that follows has the networks of the one before."""
    planned: list[SegmentForecast] = []
    for segment in segments:
        layers = _layers(found, segment, options, gap)
        own = sum(layer.config.parameters for layer in layers)
        parameters = planned[-1].parameters if segment.follows else own
        steps = sum(layer.recipe.steps for layer in layers)
        planned.append(
            SegmentForecast(
                start=segment.start, stop=segment.stop, follows=segment.follows, parameters=parameters, steps=steps
            )
        )
    return planned


def _expected_bytes(options: EncodeOptions, samples: int, planned: Sequence[SegmentForecast]) -> int | None:
    """Expected bytes of the file for `samples` pixels in all frames together, without attachments."""
    target = options.target
    if target and not target.is_size:
        return None
    if target:
        return round(target.value if target.kind == "bytes" else target.value * samples / 8)
    if options.recipe == "paper":
        return sum(made.parameters for made in planned) * (options.bits or PAPER_BITS) // 8
    return round(size_of_quality(options.quality, groups=options.groups) * samples / 8)


def _fit_memory(found: Survey, segments: Sequence[Segment], options: EncodeOptions) -> int:
    """Bytes of memory for the fit of the longest segment."""
    longest = max(segments, key=lambda segment: segment.frames)
    config = _layers(found, longest, options, options.step)[0].config
    height, width = config.padded_size
    pictures = options.batch * (1 + 2 * config.window)
    clips = 1 if options.layers == 1 else 3
    samples = config.channels * height * width
    clip = longest.frames * sample_bytes(found.video.depth) * samples
    return PROGRAM_BYTES + clips * clip + FIT_BYTES * pictures * samples


def _first_frames(source: str, found: Survey, segment: Segment, options: EncodeOptions) -> Footage:
    """Footage of the first frames of a segment."""
    first = options.view.first + segment.start
    view = replace(as_stored(options.view, found.video), first=first, stop=first + min(TIMED_FRAMES, segment.frames))
    return load_footage(source, view, index=found.index)


def _step_seconds(
    footage: Footage, found: Survey, segment: Segment, options: EncodeOptions, device: torch.device, gap: float
) -> float:
    """Seconds that a step takes, measured on some footage."""
    clip = footage.clip.to(device)
    recipe = plan_recipe(options, found.video, len(clip))
    each, _ = time_fit(clip, _layers(found, segment, options, gap)[0].config, recipe)
    return each
