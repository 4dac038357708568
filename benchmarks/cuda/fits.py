"""Whole encodes of the sample clip within a time, and when they reach the PSNR of DNeRV's Table 10."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from math import inf
from pathlib import Path
from statistics import fmean
from time import monotonic
from unittest.mock import patch

import nervcodec
from benchmarks.cuda.case import SAMPLE, Bench, Case, Figures
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.segment.footage import load_clip
from nervcodec.events import Event, StepDone
from nervcodec.metrics.quality import psnr
from nervcodec.training import network
from nervcodec.video.domains import rgb_of
from nervcodec.video.view import View

GOAL_DB = 30.8
"""PSNR in RGB of DNeRV with 0.35 M weights, 300 passes (DNeRV, Table 10)."""
SIZES = {"0.35M": 350_000, "3M": 3_000_000}
OPTIONS = nervcodec.EncodeOptions(
    view=View(crop=(1280, 640)), domain="yuv420", audio="none", segment="none", gop=1, quality=90.0
)
QUICK_OPTIONS = replace(OPTIONS, view=View(stop=6, crop=(1280, 640), resize=(96, 48)), size=9_000, steps=24)
SHORT, LONG = 60.0, 180.0
"""Seconds of an encode with everything."""
SLACK = 20.0
"""Seconds that an encode may take beyond its limit."""
POINTS = 60
"""Points of the curve of an encode, evenly spaced in its time."""


def cases(bench: Bench) -> Iterator[Case]:
    """Encodes of a minute, and one that does without the compiler, whose start takes much of it."""
    yield from _each(bench, SHORT)
    yield _case(bench, "0.35M", SHORT, "not compiled")


def long_cases(bench: Bench) -> Iterator[Case]:
    """Encodes of three minutes."""
    yield from _each(bench, LONG)


def tell(figures: Figures) -> str:
    """Figures in words."""
    reached = figures["goal_seconds"]
    goal = f"{GOAL_DB} dB " + ("not reached" if reached is None else f"after {reached:.1f} s")
    made = f"{figures['psnr_rgb']:.2f} dB, {figures['file_bytes']:,} bytes, {figures['seconds']:.1f} s"
    return f"{made}, {figures['steps']} steps of {figures['step_ms']:.2f} ms, {goal}"


def _each(bench: Bench, limit: float) -> Iterator[Case]:
    for name in SIZES:
        yield _case(bench, name, limit)


def _case(bench: Bench, name: str, limit: float, way: str = "shipped") -> Case:
    title = f"{name}, {limit:.0f} s, {way}"

    def case() -> Figures:
        if not bench.quick:
            bench.need(limit + SLACK)
        path = bench.folder / f"{title.replace(', ', '_').replace(' ', '_')}.nerv"
        with patch.object(network, "COMPILE_STEPS", network.COMPILE_STEPS if way == "shipped" else inf):
            return _encoded(bench, path, SIZES[name], limit)

    return title, case


@dataclass
class _Watch:
    """Notes the course of an encode."""

    apart: float
    """Seconds from one point to the next."""
    started: float = field(default_factory=monotonic)
    curve: list[list[float]] = field(default_factory=list)
    """Seconds since the start, steps, and PSNR in dB as the fit sees it."""

    def __call__(self, event: Event) -> None:
        now = monotonic() - self.started
        if isinstance(event, StepDone) and (
            event.step == event.steps or not self.curve or now >= self.curve[-1][0] + self.apart
        ):
            self.curve.append([now, event.step, event.psnr_db])


def _encoded(bench: Bench, path: Path, size: int, limit: float) -> Figures:
    """An encode in which every frame is fitted."""
    options = replace(QUICK_OPTIONS, device=bench.device)
    if not bench.quick:
        options = replace(OPTIONS, size=size, time_limit=limit, device=bench.device)
    bench.forget_peak()
    watch = _Watch(limit / POINTS)
    report = nervcodec.encode(SAMPLE, str(path), options, overwrite=True, fresh=True, observe=watch)
    peak_mb, psnr_rgb = bench.peak_mb(), _psnr_rgb(bench, path, options.view)
    return {
        "psnr_rgb": psnr_rgb,
        "psnr_yuv": report.psnr_db,
        "ms_ssim": report.ms_ssim,
        "file_bytes": report.file_bytes,
        "seconds": report.seconds,
        "fit_seconds": report.fit_seconds,
        "steps": report.steps,
        "step_ms": 1000 * report.fit_seconds / report.steps,
        "goal_seconds": _reached(watch.curve, psnr_rgb),
        "peak_mb": peak_mb,
        "curve": watch.curve,
    }


def _reached(curve: list[list[float]], psnr_rgb: float) -> float | None:
    """Seconds until the goal, of an encode whose file has some PSNR in RGB; None if it does not reach it.

    A fit knows the PSNR of planes, which is taken to lie as far above that of RGB as it does after the last step.
    """
    above = curve[-1][2] - psnr_rgb
    return next((seconds for seconds, _, psnr_yuv in curve if psnr_yuv - above >= GOAL_DB), None)


def _psnr_rgb(bench: Bench, path: Path, view: View) -> float:
    """PSNR in RGB of a decoded file against the sample clip, as a mean over frames."""
    video, clip = load_clip(SAMPLE, replace(view, domain="yuv420"))
    decoded = chain.from_iterable(decode_frames(read_stream(path.read_bytes()), device=bench.device))
    pairs = ((rgb_of(one, video) for one in pair) for pair in zip(decoded, clip, strict=True))
    return fmean(float(psnr(*(one[None] for one in pair))) for pair in pairs)
