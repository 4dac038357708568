"""A step of a fit at two sizes of the picture: plain, replayed as a CUDA graph, compiled, and both.

Steps are those of most of a fit: tensors are quantized, and one step of eight charges the rate. The clip is noise: the
time of a step does not depend on its values.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from statistics import mean, median
from typing import Any

import torch

from benchmarks.cuda.case import Bench, Case, Figures, Skipped, laps, seconds_of
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.planning import plan_config, plan_recipe
from nervcodec.picture import CHANNELS, VideoFormat
from nervcodec.training.attempt import Attempt

WAYS: dict[str, dict[str, Any]] = {
    "float32": {"captured": False, "compiled": False, "reduced_precision": False},
    "bfloat16": {"captured": False, "compiled": False},
    "graph": {"captured": True, "compiled": False},
    "compiled": {"captured": False, "compiled": True},
    "compiled graph": {"captured": True, "compiled": True},
}
"""Settings of the recipe by the name of a way to take steps. Short fits on CUDA have `graph`, long ones `compiled
graph`."""
MODELS = ("dnerv", "hnerv", "sdmn")
SIZES, QUICK_SIZES = ((1280, 640), (1920, 1080)), ((96, 48),)
WEIGHTS, QUICK_WEIGHTS = 350_000, 9_000
FRAMES = 16
FIRST_STEPS, QUICK_FIRST_STEPS = 80, 8
"""Steps before those that are timed. After more than 64, steps of both kinds are graphs
(`nervcodec.training.capturing.WARM_STEPS`, one step of eight)."""
STEPS, QUICK_STEPS = 48, 8


def cases(bench: Bench) -> Iterator[Case]:
    """Steps that the processor orders operation by operation."""
    yield from _each(bench, "float32")
    yield from _each(bench, "bfloat16")


def graph_cases(bench: Bench) -> Iterator[Case]:
    """Steps that are CUDA graphs."""
    yield from _each(bench, "graph")


def compiled_cases(bench: Bench) -> Iterator[Case]:
    """Steps whose decoder is compiled."""
    yield from _each(bench, "compiled graph")
    yield from _each(bench, "compiled")


def tell(figures: Figures) -> str:
    """Figures in words."""
    times = f"{figures['median_ms']:.2f} ms (mean {figures['mean_ms']:.2f}), {figures['peak_mb']} MB"
    return f"{times}, first steps {figures['first_seconds']:.1f} s"


def _each(bench: Bench, way: str) -> Iterator[Case]:
    for size in QUICK_SIZES if bench.quick else SIZES:
        for model in MODELS:
            yield f"{model} {size[0]}x{size[1]} {way}", partial(_steps, bench, model, size, way)


def _attempt(bench: Bench, model: str, size: tuple[int, int], way: str) -> Attempt:
    """An attempt whose first step begins to quantize."""
    video = VideoFormat(width=size[0], height=size[1], frame_rate=Fraction(25), chroma="420", domain="yuv420")
    options = EncodeOptions(model=model, size=QUICK_WEIGHTS if bench.quick else WEIGHTS)
    recipe = replace(plan_recipe(options, video, FRAMES), quantize_at=0.0, **WAYS[way])
    torch.manual_seed(0)
    clip = torch.randint(0, 256, (FRAMES, CHANNELS[video.domain], *video.map_size), dtype=torch.uint8).to(bench.place)
    clip = clip.contiguous(memory_format=torch.channels_last)
    return Attempt(clip, plan_config(options, video, FRAMES), recipe, recipe.seed)


def _steps(bench: Bench, model: str, size: tuple[int, int], way: str) -> Figures:
    """Times of steps, of all that comes before them, and of one fit of the rate model, which the processor does."""
    if bench.device == "cpu" and (WAYS[way]["captured"] or WAYS[way]["compiled"]):
        raise Skipped("CUDA graphs, and steps compiled in less than minutes, need CUDA")
    bench.forget_peak()
    made, times = _attempt(bench, model, size, way), torch.arange(FRAMES, device=bench.place)

    def step(number: int) -> None:
        made.step(number, times[number % FRAMES][None])

    first, count = (QUICK_FIRST_STEPS, QUICK_STEPS) if bench.quick else (FIRST_STEPS, STEPS)
    first_seconds = seconds_of(bench, lambda: list(map(step, range(1, first + 1))))
    taken = laps(bench, step, range(first + 1, first + 1 + count))
    assert made.rate
    choose, symbols = made.rate.model.choose, made.rate.symbols
    return {
        "median_ms": median(taken),
        "mean_ms": mean(taken),
        "peak_mb": bench.peak_mb(),
        "first_seconds": first_seconds,
        "rate_model_ms": 1000 * seconds_of(bench, lambda: choose(symbols())),
        "weights": made.network.config.parameters,
        "arithmetic": str(made.precision),
    }
