"""From a video to a `.nerv` file, measured through the decoder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path
from time import monotonic

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream, read_stream, write_stream
from nervcodec.bitstream.format import Header, check_header
from nervcodec.bitstream.layer import Layer
from nervcodec.codec.decoder import decode_frames
from nervcodec.codec.device import DeviceName, choose_device
from nervcodec.codec.payload import check_segment, pack
from nervcodec.codec.planning import (
    DEFAULT_QUALITY,
    QUALITIES,
    EncodeOptions,
    plan_config,
    plan_recipe,
    quality_of_size,
)
from nervcodec.codec.report import EncodeReport
from nervcodec.codec.targets import MOST_FITS, Candidate, Target, miss, reached, search
from nervcodec.entropy.forms import FORMS, PLAIN
from nervcodec.errors import BitstreamError, RequestError, TargetMissed, VideoError
from nervcodec.events import FitStarted, FramesDone, Observer, ignore
from nervcodec.files import check_target, replacing
from nervcodec.memory import check_memory
from nervcodec.metrics.quality import MS_SSIM_SIDE, QualityMeter
from nervcodec.models.config import HNeRVConfig
from nervcodec.models.wire import model_name, pack_config
from nervcodec.picture import VideoFormat
from nervcodec.quantization import QuantizedTensor
from nervcodec.training.fit import fit, time_fit
from nervcodec.training.recipe import Recipe, preset_steps
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View

COPIES = 2
"""Of a clip in memory while its frames are put together."""
TIMED_FITS = 3
"""Fits that share the time there is to reach a quality."""
TIME_SHARE = 0.92
"""Of the time left, what steps are planned for; the rest is for what cannot be foreseen (ours)."""
MEASURING_STEPS = 0.8
"""A frame is measured twice, which takes as long as this share of a step (ours)."""
LEAST_TIMED_STEPS = 50
SPARE_BYTES = 20
"""Lengths of chunks and groups, and what range coders round up to."""


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
    job = _Job(*load_clip(source, options.view, observe), options, device, observe, started)
    made = job.reach(options.target) if options.target else job.code(options.quality)
    with replacing(Path(output)) as path:
        path.write_bytes(made.data)
    if options.target and abs(miss(options.target, made.report)) > 1:
        kind, value = options.target.kind, reached(options.target, made.report)
        raise TargetMissed(f"{output} is written, but with {kind} {value:.6g}, not {options.target.value:.6g}")
    return replace(made.report, seconds=monotonic() - started, fits=job.fits)


@dataclass
class _Job:
    """One video on its way to a file, in one fit or several."""

    video: VideoFormat
    clip: Tensor
    options: EncodeOptions
    device: torch.device
    observe: Observer
    started: float
    """When the work began, by `monotonic`."""
    fits: int = 0

    def reach(self, target: Target) -> Candidate:
        """The file nearest to a target."""
        if target.kind == "ms-ssim" and min(self.clip.shape[2:]) < MS_SSIM_SIDE:
            raise RequestError(f"MS-SSIM needs pictures of at least {MS_SSIM_SIDE} pixels a side")
        timed = self.options.time_limit is not None
        if not target.is_size:
            return search(target, DEFAULT_QUALITY, QUALITIES, TIMED_FITS if timed else MOST_FITS, self.code)
        samples = self.clip[:, 0].numel()
        aimed = target.value if target.kind == "bytes" else target.value * samples / 8
        quality = quality_of_size(8 * aimed / samples)
        start = log2(aimed)

        def steered(at: float) -> Candidate:
            return self.code(quality, round(2**at))

        return search(target, start, (start - 1, start + 1), 1 if timed else MOST_FITS, steered)

    def code(self, quality: float | None, aimed: int | None = None) -> Candidate:
        """Fit, pack and measure at a quality, steered to a number of bytes if one is given."""
        options, clip = replace(self.options, quality=quality, target=None), self.clip
        config = plan_config(options, self.video, len(clip))
        header = plan_header(self.video, len(clip), config)
        recipe = plan_recipe(options, self.video, len(clip))
        if aimed:
            recipe = replace(recipe, target_bits=8.0 * (aimed - overhead(header, config)))
        if options.time_limit:
            recipe = replace(recipe, steps=self._steps_in_time(config, recipe, options.time_limit))
        self.observe(
            FitStarted(model=model_name(config), parameters=config.parameters, frames=len(clip), steps=recipe.steps)
        )
        self.fits += 1
        begun = monotonic()
        fitted = fit(clip, config, recipe, self.device, self.observe)
        data = stream_bytes(header, config, fitted.tensors, PLAIN if options.recipe == "paper" else FORMS)
        packed = monotonic()
        quality_meter = measure(data, clip, options.device, self.observe)
        report = EncodeReport(
            psnr_db=quality_meter.psnr_db,
            ms_ssim=quality_meter.ms_ssim,
            file_bytes=len(data),
            bits_per_pixel=8 * len(data) / clip[:, 0].numel(),
            frames=len(clip),
            parameters=config.parameters,
            steps=recipe.steps,
            seconds=monotonic() - self.started,
            fit_seconds=packed - begun,
            decode_seconds=monotonic() - packed,
        )
        return Candidate(report, data)

    def _steps_in_time(self, config: HNeRVConfig, recipe: Recipe, limit: float) -> int:
        """Steps that fit into what is left of the time, shared by the fits that may come."""
        each, besides = time_fit(self.clip, config, recipe, self.device)
        to_come = TIMED_FITS - self.fits if self.options.target and not self.options.target.is_size else 1
        left = limit - (monotonic() - self.started)
        steps = int((TIME_SHARE * left / to_come - besides) / each - MEASURING_STEPS * len(self.clip))
        if steps < LEAST_TIMED_STEPS and not self.fits:
            raise RequestError(f"{limit:g} s are too short: a step takes {each:.2g} s")
        return min(max(steps, LEAST_TIMED_STEPS), preset_steps("placebo", len(self.clip), recipe.batch))


def load_clip(source: str, view: View, observe: Observer = ignore) -> tuple[VideoFormat, Tensor]:
    """All frames of a video, `[T, 3, H, W]`, uint8, channels last in memory.

    Raises VideoError when there are none, ResourceError when they are more than the memory holds.
    """
    frames = []
    with read_frames(source, view) as video:
        for frame in video.frames:
            frames.append(torch.from_numpy(frame))
            check_memory(COPIES * len(frames) * frame.nbytes, f"a clip of {len(frames)} frames or more")
            observe(FramesDone(stage="read", frames=len(frames), total=video.total))
    if not frames:
        raise VideoError(f"{source}: no frame lies in the chosen range")
    return video.format, torch.stack(frames).permute(0, 3, 1, 2)


def plan_header(video: VideoFormat, frames: int, *configs: HNeRVConfig) -> Header:
    """The header of a file whose layers have these networks.

    Raises RequestError for what no decoder would read.
    """
    header = Header(video=video, segments=(frames,))
    try:
        check_header(header)
        for config in configs:
            check_segment(config, frames)
    except BitstreamError as error:
        raise RequestError(f"a .nerv file cannot hold this video: {error}") from error
    return header


def make_layer(config: HNeRVConfig, *chunks: tuple[bytes, ...]) -> Layer:
    """A network and, for each segment, its tensor groups."""
    model, numbers = pack_config(config)
    return Layer(model=model, config=numbers, chunks=chunks)


def stream_bytes(
    header: Header, config: HNeRVConfig, tensors: Mapping[str, QuantizedTensor], forms: Iterable[int] = FORMS
) -> bytes:
    """The `.nerv` file of a fitted clip, its tensors in the cheapest of some forms."""
    return write_stream(Stream(header=header, layers=(make_layer(config, pack(config, tensors, forms)),)))


def overhead(header: Header, config: HNeRVConfig) -> int:
    """Bytes of a file that are not of its tensors, about."""
    return len(write_stream(Stream(header=header, layers=(make_layer(config, ()),)))) + SPARE_BYTES


def measure(data: bytes, clip: Tensor, device: DeviceName, observe: Observer = ignore) -> QualityMeter:
    """Decode a file's bytes and compare with the clip `[T, 3, H, W]`, uint8, they were made from."""
    meter, done = QualityMeter(), 0
    for batch in decode_frames(read_stream(data), device=device):
        meter.add(batch, clip[done : done + len(batch)])
        done += len(batch)
        observe(FramesDone(stage="measure", frames=done, total=len(clip)))
    return meter
