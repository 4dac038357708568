"""Frames a second of decoding: into a file, and rendered alone, which stay on the device."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

import nervcodec
from benchmarks.cuda.case import Bench, Case, Figures, seconds_of
from benchmarks.decode_speed import SIZES, random_file
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.renderer import Renderers

MODELS = ("dnerv", "sdmn")
QUICK_SIZES = {(96, 48): 9_000}
FRAMES, QUICK_FRAMES = 96, 8


def cases(bench: Bench) -> Iterator[Case]:
    """Files of planes, in float32 and `fast`."""
    frames = QUICK_FRAMES if bench.quick else FRAMES
    for size, weights in (QUICK_SIZES if bench.quick else SIZES).items():
        for model in MODELS:
            data = random_file(model, "yuv420", size, weights, frames)
            for fast in (False, True):

                def case(data: bytes = data, fast: bool = fast) -> Figures:
                    return _speeds(bench, data, frames, fast=fast)

                yield f"{model} {size[0]}x{size[1]} {'fast' if fast else 'float32'}", case


def tell(figures: Figures) -> str:
    """Figures in words."""
    return f"{figures['into_y4m_fps']:.1f} frames/s into y4m, {figures['rendered_fps']:.1f} rendered"


def _speeds(bench: Bench, data: bytes, frames: int, *, fast: bool) -> Figures:
    """Speeds in frames a second, each of a second run."""
    bench.forget_peak()
    render = Renderers(read_stream(data), bench.place, fast=fast).renderer(0)
    batches = torch.split(torch.arange(frames), render.batch)
    options = nervcodec.DecodeOptions(device=bench.device, fast=fast)
    with TemporaryDirectory() as folder:
        path, target = Path(folder) / "a.nerv", f"{folder}/a.y4m"
        path.write_bytes(data)

        def decode() -> None:
            nervcodec.decode(str(path), target, options, overwrite=True)

        def rendered() -> None:
            for times in batches:
                render(times)

        _, decoding = (seconds_of(bench, decode) for _ in range(2))
        _, rendering = (seconds_of(bench, rendered) for _ in range(2))
    return {
        "into_y4m_fps": frames / decoding,
        "rendered_fps": frames / rendering,
        "batch": render.batch,
        "peak_mb": bench.peak_mb(),
    }
