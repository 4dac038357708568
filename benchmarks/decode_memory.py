"""Peak memory of `nervc decode` at 1920x1080 against the number of frames.

The networks are random: memory and speed do not depend on the values of the weights.
"""

import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from benchmarks.record import write_record
from nervcodec.codec.stream.assembly import plan_header, stream_bytes
from nervcodec.models.dnerv.sizing import choose_difference_grid, dnerv_config
from nervcodec.models.networks import build_decoder
from nervcodec.models.sizing import choose_strides, fit_width
from nervcodec.picture import VideoFormat
from nervcodec.quantization import quantize_to_bits

HEIGHT, WIDTH, WEIGHTS = 1080, 1920, 400_000
MEASURE = """
import resource, sys
from nervcodec.cli.main import run
code = run(["decode", sys.argv[1], "-o", sys.argv[2]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


def random_file(path: Path, frames: int) -> None:
    """Write a `.nerv` file of an untrained DNeRV."""
    strides = choose_strides(HEIGHT, WIDTH)
    grid = choose_difference_grid(HEIGHT, WIDTH, strides, frames, WEIGHTS)
    config = fit_width(lambda stem: dnerv_config(HEIGHT, WIDTH, stem, grid), WEIGHTS)
    torch.manual_seed(0)
    tensors = {name: p.detach() for name, p in build_decoder(config).named_parameters()}
    tensors |= {name: torch.randn(frames, *shape) for name, shape in config.embeddings.items()}
    quantized = {name: quantize_to_bits(tensor, 8, by_channel=False) for name, tensor in tensors.items()}
    video = VideoFormat(width=WIDTH, height=HEIGHT, frame_rate=Fraction(25), chroma="420")
    path.write_bytes(stream_bytes(plan_header(video, frames, config), config, quantized))


def main() -> None:
    """Measure peak memory and time of decoding files of several lengths."""
    results: dict[str, Any] = {}
    for frames in (8, 64, 256):
        with tempfile.TemporaryDirectory() as folder:
            path, target = Path(folder) / "a.nerv", Path(folder) / "a.y4m"
            random_file(path, frames)
            started = perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", MEASURE, str(path), str(target)], capture_output=True, check=True, text=True
            )
            seconds = perf_counter() - started
        peak = int(done.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)
        results[f"{frames} frames"] = {"peak_mb": round(peak / 1e6), "seconds": round(seconds, 1)}
        print(frames, results[f"{frames} frames"], flush=True)
    results["bare interpreter with torch"] = {"peak_mb": round(_peak_of("import torch") / 1e6)}
    write_record(Path(__file__).parent / "results" / "decode_memory.json", results)


def _peak_of(code: str) -> int:
    code += "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return int(done.stdout) * 1024


if __name__ == "__main__":
    main()
