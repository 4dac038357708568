"""Symbols per second on one core, and bytes against the cross-entropy.

`OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.entropy_coding`, so that products of matrices stay on it.
"""

from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import click
import numpy as np

from benchmarks.record import write_record
from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder
from nervcodec.entropy.forms import (
    CONTEXTS,
    MIXED,
    MIXING_BITS,
    PER_CHANNEL,
    PLAIN,
    PREDICTED,
    PRIOR_BITS,
    Symbols,
    cheapest_form,
    decode_residual,
    encode_residual,
    residual,
)

RUNS = 5
COARSER = 4
"""Steps of the drift in one of the symbols, which then reach as far as those of an embedding do."""
SHAPE = 132, 2, 40, 80
FLAGS = {
    "plain": PLAIN[0],
    "by channel": PER_CHANNEL,
    "predicted": PREDICTED,
    "contexts": CONTEXTS | PREDICTED,
    "mixed": MIXED,
}


def drifting() -> Symbols:
    """Symbols of which most are equal to those in the row before, more so in some places; they reach from -18 to 24."""
    rng = np.random.default_rng(0)
    spread = 0.1 + 2 * np.exp(-np.add.outer(np.linspace(-3, 3, SHAPE[2]) ** 2, np.linspace(-3, 3, SHAPE[3]) ** 2))
    drift = np.cumsum(np.round(rng.laplace(0, 1, SHAPE) * spread), axis=0)
    return np.round(drift / COARSER).astype(np.int32)


def measure(symbols: Symbols, flags: int) -> dict[str, Any]:
    """Code and decode symbols in a form, and return speeds, as medians of a few runs, and bytes."""
    form, coded = cheapest_form(symbols, True, [flags]), residual(symbols, flags)
    encoding, decoding = [], []
    for _ in range(RUNS):
        encoder, started = SymbolEncoder(), process_time()
        encode_residual(encoder, coded, True, form)
        data = encoder.getvalue()
        encoding.append(process_time() - started)
        started = process_time()
        decode_residual(SymbolDecoder(data), coded.shape, True, flags, form.priors, form.mixing)
        decoding.append(process_time() - started)
    side = MIXING_BITS if form.mixing else PRIOR_BITS * len(form.priors)
    ideal = (form.bits - side) / 8
    return {
        "encoded_symbols_a_second": round(symbols.size / median(encoding)),
        "decoded_symbols_a_second": round(symbols.size / median(decoding)),
        "bytes_over_cross_entropy": len(data) / ideal - 1,
        "bits_a_symbol": 8 * len(data) / symbols.size,
    }


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path))
def main(output: Path | None) -> None:
    """Measure all forms on the same symbols."""
    symbols = drifting()
    results = {name: measure(symbols, flags) for name, flags in FLAGS.items()}
    for name, result in results.items():
        print(name, result)
    if output:
        write_record(output, results)


if __name__ == "__main__":
    main()
