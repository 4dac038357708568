"""A step of a fit at two sizes of the picture: float32, as shipped, compiled, and replayed as a CUDA graph.

Steps are those of most of a fit: tensors are quantized and one step of eight charges the rate. Graphs are of a step
that does not. The clip is noise: the time of a step does not depend on its values.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
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
"""Steps before those that are timed, the first of which prepare what the others use."""
STEPS, QUICK_STEPS = 48, 8
WARM_STEPS = 3
"""Steps on the stream on which a graph is captured, before it is (PyTorch's documentation)."""
UNCHARGED = 9
"""Number of a step that charges no rate."""


def cases(bench: Bench) -> Iterator[Case]:
    """Steps in float32, and as a fit that is too short for the compiler has them."""
    yield from _each(bench, "float32")
    yield from _each(bench, "shipped")


def compiled_cases(bench: Bench) -> Iterator[Case]:
    """Steps as a fit has them that is long enough for the compiler."""
    yield from _each(bench, "compiled")


def graph_cases(bench: Bench) -> Iterator[Case]:
    """Steps that are replayed as a CUDA graph."""
    yield from _each(bench, "graph")


def tell(figures: Figures) -> str:
    """Figures in words."""
    times = f"{figures['median_ms']:.2f} ms (mean {figures['mean_ms']:.2f}), {figures['peak_mb']} MB"
    return f"{times}, the first {FIRST_STEPS} in {figures['first_seconds']:.1f} s"


def _each(bench: Bench, way: str) -> Iterator[Case]:
    for size in QUICK_SIZES if bench.quick else SIZES:
        for model in MODELS:
            yield f"{model} {size[0]}x{size[1]} {way}", partial(_steps, bench, model, size, way)


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


def _steps(bench: Bench, model: str, size: tuple[int, int], way: str) -> Figures:
    """Times of steps, of all that comes before them, and of one fit of the rate model."""
    if way == "graph" and bench.device != "cuda":
        raise Skipped("CUDA graphs need CUDA")
    bench.forget_peak()
    made, times = _attempt(bench, model, size, way), torch.arange(FRAMES, device=bench.place)

    def step(number: int) -> None:
        made.step(number, times[number % FRAMES][None])

    first_seconds = seconds_of(bench, lambda: list(map(step, range(1, FIRST_STEPS + 1))))
    count = QUICK_STEPS if bench.quick else STEPS
    work = _captured(partial(step, UNCHARGED)) if way == "graph" else step
    taken = laps(bench, work, range(FIRST_STEPS + 1, FIRST_STEPS + 1 + count))
    assert made.rate
    fit_rate, symbols = made.rate.model.fit, made.rate.symbols
    return {
        "median_ms": median(taken),
        "mean_ms": mean(taken),
        "peak_mb": bench.peak_mb(),
        "first_seconds": first_seconds,
        "rate_model_ms": 1000 * seconds_of(bench, lambda: fit_rate(symbols())),
        "weights": made.network.config.parameters,
        "arithmetic": str(made.precision),
    }


def _captured(step: Callable[[], None]) -> Callable[[int], None]:
    """Replays of one step, captured whole: forward, backward and optimizers.

    (https://docs.pytorch.org/docs/stable/notes/cuda.html#whole-network-capture)
    """
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_STEPS):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return lambda _: graph.replay()
