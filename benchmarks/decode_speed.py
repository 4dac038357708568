"""Speed of decoding: frames per second into y4m, work per pixel, share of the machine's peak, memory.

python -m benchmarks.decode_speed -o FILE

The networks are random: neither speed nor memory depends on the values of the weights. The peak is that of a matrix
product in float32, measured in the same run.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import torch
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.record import write_record
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.planning import plan_config
from nervcodec.codec.stream.assembly import plan_header, stream_bytes
from nervcodec.models.networks import build_decoder
from nervcodec.picture import Domain, VideoFormat
from nervcodec.quantization import quantize_to_bits

MODELS: tuple[str, ...] = ("hnerv", "dnerv", "sdmn", "ffnerv")
DOMAINS: tuple[Domain, ...] = ("yuv420", "rgb")
SIZES = {(640, 320): 165_000, (1280, 640): 350_000, (1920, 1080): 350_000}
"""Numbers of weights of the networks, by the size of the picture."""
FRAMES, RUNS = 24, 3
MEASURE = """
import sys
from time import perf_counter
from benchmarks.memory import high_water
from nervcodec.codec.decoding.decode import decode
started = perf_counter()
decode(sys.argv[1], sys.argv[2], overwrite=True)
print(perf_counter() - started, high_water())
"""


def random_file(model: str, domain: Domain, size: tuple[int, int], weights: int, frames: int = FRAMES) -> bytes:
    """Make a `.nerv` file of an untrained network for a number of frames."""
    video = VideoFormat(width=size[0], height=size[1], frame_rate=Fraction(25), chroma="420", domain=domain)
    config = plan_config(EncodeOptions(model=model, size=weights), video, frames)
    torch.manual_seed(0)
    tensors = {name: p.detach() for name, p in build_decoder(config).named_parameters()}
    tensors |= {name: torch.randn(config.embedding_shape(name, frames)) for name in config.embeddings}
    quantized = {name: quantize_to_bits(tensor, 8, by_channel=False) for name, tensor in tensors.items()}
    return stream_bytes(plan_header(video, frames, config), config, quantized)


def peak_gflops() -> float:
    """Gflop/s of a matrix product in float32, with the threads that torch takes."""
    a = torch.randn(2048, 2048)
    times = []
    for _ in range(5):
        started = perf_counter()
        a @ a
        times.append(perf_counter() - started)
    return 2 * 2048**3 / min(times) / 1e9


def measured(data: bytes, size: tuple[int, int], peak: float) -> dict[str, Any]:
    """Time, work and memory of decoding a file, each run in a process of its own."""
    with FlopCounterMode(display=False) as counter:
        frames = len(next(decode_frames(read_stream(data))))
    macs = counter.get_total_flops() / 2 / frames
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder) / "a.nerv", Path(folder) / "a.y4m"
        path.write_bytes(data)
        for _ in range(RUNS):
            command = [sys.executable, "-c", MEASURE, str(path), str(target)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            runs.append(tuple(map(float, done.stdout.split())))
    speed = FRAMES / statistics.median(seconds for seconds, _ in runs)
    return {
        "frames_per_second": round(speed, 2),
        "kmac_per_pixel": round(macs / (size[0] * size[1]) / 1000, 2),
        "share_of_peak": round(2 * macs * speed / 1e9 / peak, 3),
        "peak_mb": round(max(memory for _, memory in runs) / 1e6),
        "bytes": len(data),
    }


@click.command()
@click.option("--model", "models", multiple=True, type=click.Choice(MODELS), default=MODELS)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
def main(models: tuple[str, ...], output: Path) -> None:
    """Measure the decoding speed of all models, domains and sizes."""
    peak, results = peak_gflops(), list[dict[str, Any]]()
    table = Table("model", "domain", "size", "frames/s", "kMAC a pixel", "of the peak", "MB")
    for size, weights in SIZES.items():
        for model in models:
            for domain in DOMAINS if model != "ffnerv" else ("rgb",):
                found = measured(random_file(model, domain, size, weights), size, peak)
                results.append({"model": model, "domain": domain, "size": list(size), "weights": weights, **found})
                print(json.dumps(results[-1]), flush=True)
                figures = found["frames_per_second"], found["kmac_per_pixel"], found["share_of_peak"], found["peak_mb"]
                table.add_row(model, domain, "{}x{}".format(*size), *map(str, figures))
                write_record(output, {"peak_gflops": round(peak, 1), "files": results})
    Console().print(table)


if __name__ == "__main__":
    main()
