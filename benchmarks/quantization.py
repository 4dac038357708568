"""One fit, quantized in many ways: bits of weights and embeddings, one step for a tensor or one for each channel.

    python -m benchmarks.quantization CLIP -o results.json

Steps for channels are compared with steps for tensors at equal bytes: "a few eighths of a bit finer" brings the file
with a step for each tensor to the size of the file with a step for each channel.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from torch import Tensor

from benchmarks.record import write_record
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.footage import Footage, load_clip
from nervcodec.codec.segment.measuring import measure
from nervcodec.codec.segment.planning import plan_config, plan_recipe
from nervcodec.codec.stream.assembly import plan_header, stream_bytes
from nervcodec.quantization import QuantizedTensor, dequantize, quantize, step_for_range
from nervcodec.training.fit import fit
from nervcodec.video.view import View

VIEW = View(stop=48, crop=(1280, 640), resize=(640, 320))
Quantizer = Callable[[Tensor, int], QuantizedTensor]


def by_tensor(bits: int, *, finer: int = 0, embedding_bits: int = 8, bias_bits: int = 8) -> Quantizer:
    """Quantize with one step for a tensor, `finer` eighths of a bit finer than `bits` bits need."""

    def quantizer(tensor: Tensor, _: int) -> QuantizedTensor:
        chosen = embedding_bits if len(tensor) == VIEW.stop else bias_bits if tensor.ndim == 1 else bits
        shift = finer if chosen == bits and tensor.ndim > 1 and len(tensor) != VIEW.stop else 0
        return quantize(tensor, (step_for_range(tensor, chosen) - shift,))

    return quantizer


def by_channel(bits: int) -> Quantizer:
    """Quantize with a step for each output channel of a weight."""

    def quantizer(tensor: Tensor, default: int) -> QuantizedTensor:
        if tensor.ndim < 2 or len(tensor) == VIEW.stop:
            return by_tensor(8)(tensor, default)
        return quantize(tensor, tuple(step_for_range(channel, bits) for channel in tensor))

    return quantizer


VARIANTS: dict[str, Quantizer] = {
    **{f"{bits} bits": by_tensor(bits) for bits in (10, 8, 7, 6, 5, 4)},
    **{f"biases at {bits} bits": by_tensor(8, bias_bits=bits) for bits in (10, 12)},
    **{f"embeddings at {bits} bits": by_tensor(8, embedding_bits=bits) for bits in (10, 6, 5, 4)},
    **{f"{bits} bits by channel": by_channel(bits) for bits in (8, 6, 5, 4)},
    **{f"{bits} bits, {finer}/8 finer": by_tensor(bits, finer=finer) for bits in (8, 6, 5, 4) for finer in (5, 6, 7)},
}


@click.command()
@click.argument("clip")
@click.option("--epochs", type=float, default=20)
@click.option("-o", "--output", type=click.Path(path_type=Path))
def main(clip: str, epochs: float, output: Path | None) -> None:
    """Fit a clip once, quantize the fit in every way, decode, and measure."""
    options = EncodeOptions(view=VIEW, size=165_000, epochs=epochs, recipe="paper", bits=12, prune=0.0)
    video, frames = load_clip(clip, VIEW)
    config = plan_config(options, video, len(frames))
    header = plan_header(video, len(frames), config)
    fitted = fit(frames, config, plan_recipe(options, video, len(frames)))
    tensors = {name: dequantize(tensor) for name, tensor in fitted.tensors.items()}
    results: dict[str, Any] = {}
    for name, quantizer in VARIANTS.items():
        data = stream_bytes(header, config, {name: quantizer(tensor, 8) for name, tensor in tensors.items()})
        results[name] = {
            "psnr_db": round(measure(read_stream(data), Footage(video, frames, None), "cpu").psnr_db, 3),
            "file_bytes": len(data),
        }
        print(f"{name:28} {results[name]['psnr_db']:.3f} dB {len(data):8,} bytes", flush=True)
    if output:
        write_record(output, results)


if __name__ == "__main__":
    main()
