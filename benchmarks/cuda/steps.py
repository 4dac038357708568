"""A step of a fit at two sizes of the picture: float32, as shipped, compiled, and replayed as a CUDA graph.

Steps are those of most of a fit: tensors are quantized and one step of eight charges the rate. Graphs are of a step
that does not. The clip is noise: the time of a step does not depend on its values.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from statistics import mean, median

import torch

from benchmarks.cuda.case import Bench, Case, Figures, Skipped, laps, seconds_of
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.planning import plan_config, plan_recipe
from nervcodec.picture import CHANNELS, VideoFormat
from nervcodec.training.attempt import Attempt
from nervcodec.training.network import COMPILE_STEPS

MODELS = ("dnerv", "hnerv", "sdmn")
SIZES, QUICK_SIZES = ((1280, 640), (1920, 1080)), ((96, 48),)
WEIGHTS, QUICK_WEIGHTS = 350_000, 9_000
FRAMES = 16
FIRST_STEPS = 8
"""Steps before those that are timed; a graph is captured after them."""
STEPS, QUICK_STEPS = 48, 8
UNCHARGED = 9
"""Number of a step that charges no rate."""


def cases(bench: Bench) -> Iterator[Case]:
    """Steps in float32, and as a fit that is too short for the compiler has them."""
    yield from _each(bench, "float32", lambda made: _steps(bench, made))
    yield from _each(bench, "shipped", lambda made: _steps(bench, made))


def compiled_cases(bench: Bench) -> Iterator[Case]:
    """Steps as a fit has them that is long enough for the compiler."""
    yield from _each(bench, "compiled", lambda made: _steps(bench, made))


def graph_cases(bench: Bench) -> Iterator[Case]:
    """Steps that are replayed as a CUDA graph."""
    yield from _each(bench, "graph", lambda made: _replayed(bench, made))


def tell(figures: Figures) -> str:
    """Figures in words."""
    return f"{figures['median_ms']:.2f} ms, {figures['peak_mb']} MB"


def _each(bench: Bench, way: str, measure: Callable[[Attempt], Figures]) -> Iterator[Case]:
    for size in QUICK_SIZES if bench.quick else SIZES:
        for model in MODELS:

            def case(model: str = model, size: tuple[int, int] = size) -> Figures:
                bench.forget_peak()
                return measure(_attempt(bench, model, size, way))

            yield f"{model} {size[0]}x{size[1]} {way}", case


def _attempt(bench: Bench, model: str, size: tuple[int, int], way: str) -> Attempt:
    """An attempt whose first step begins to quantize."""
    video = VideoFormat(width=size[0], height=size[1], frame_rate=Fraction(25), chroma="420", domain="yuv420")
    options = EncodeOptions(model=model, size=QUICK_WEIGHTS if bench.quick else WEIGHTS)
    recipe = replace(
        plan_recipe(options, video, FRAMES),
        steps=COMPILE_STEPS if way == "compiled" else COMPILE_STEPS - 1,
        quantize_at=0.0,
        reduced_precision=way != "float32",
    )
    torch.manual_seed(0)
    clip = torch.randint(0, 256, (FRAMES, CHANNELS[video.domain], *video.map_size), dtype=torch.uint8).to(bench.place)
    clip = clip.contiguous(memory_format=torch.channels_last)
    return Attempt(clip, plan_config(options, video, FRAMES), recipe, recipe.seed)


def _steps(bench: Bench, made: Attempt) -> Figures:
    """Steps of an attempt, one after the other."""
    times = torch.arange(FRAMES, device=bench.place)

    def step(number: int) -> None:
        made.step(number, times[number % FRAMES][None])

    def first_steps() -> None:
        for number in range(1, FIRST_STEPS + 1):
            step(number)

    first = seconds_of(bench, first_steps)
    figures = _figures(bench, made, step)
    assert made.rate
    rate = made.rate
    rate_ms = 1000 * seconds_of(bench, lambda: rate.model.fit(rate.symbols()))
    return {**figures, "first_steps_seconds": first, "rate_model_ms": rate_ms}


def _replayed(bench: Bench, made: Attempt) -> Figures:
    """Replays of one step of an attempt, captured whole: forward, backward and optimizers."""
    if bench.device != "cuda":
        raise Skipped("CUDA graphs need CUDA")
    times = torch.zeros(1, dtype=torch.long, device=bench.place)
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for number in range(1, FIRST_STEPS + 1):
            made.step(number, times)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        made.step(UNCHARGED, times)
    return _figures(bench, made, lambda _: graph.replay())


def _figures(bench: Bench, made: Attempt, work: Callable[[int], object]) -> Figures:
    count = QUICK_STEPS if bench.quick else STEPS
    times = laps(bench, work, range(FIRST_STEPS + 1, FIRST_STEPS + 1 + count))
    return {
        "median_ms": median(times),
        "mean_ms": mean(times),
        "peak_mb": bench.peak_mb(),
        "weights": made.network.config.parameters,
        "arithmetic": str(made.precision),
    }
