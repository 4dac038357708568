"""Gain of each element of the recipe `rate`: `python -m benchmarks.ablation CLIP --crop 1280x640 --resize 320x160`.

Every variant is fitted at two qualities with some seeds each; its bits at equal PSNR against the whole recipe follow
from the line through the points of the whole recipe.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import numpy as np
import torch
from torch import Tensor

from benchmarks.record import write_record
from nervcodec.bitstream.container import read_stream
from nervcodec.cli.types import FrameRange, Size
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.footage import Footage, load_clip
from nervcodec.codec.segment.measuring import measure
from nervcodec.codec.segment.planning import plan_config, plan_recipe
from nervcodec.codec.stream.assembly import plan_header, stream_bytes
from nervcodec.entropy.forms import CONTEXTS, FORMS, PLAIN
from nervcodec.models.dnerv.config import DNeRVConfig
from nervcodec.picture import VideoFormat
from nervcodec.training.fit import fit
from nervcodec.training.network import Network
from nervcodec.video.view import View

QUALITIES = (48.0, 58.0)
SEEDS = (0, 1)


def sigma_steps(network: Network, rate: float, generator: torch.Generator) -> dict[str, float]:
    """Steps of a quarter of the root mean square of each tensor, however much the tensor matters."""
    return {name: float(t.detach().square().mean().sqrt()) / 4 for name, t in network.tensors().items()}


def no_noise(size: torch.Size, *, generator: torch.Generator, device: torch.device) -> Tensor:
    """Replaces uniform noise from 0 to 1 by its mean."""
    return torch.full(size, 0.5, device=device)


@dataclass(frozen=True)
class Variant:
    """The recipe `rate` with something changed."""

    options: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    forms: tuple[int, ...] = FORMS
    patched: Callable[[], AbstractContextManager[Any]] = nullcontext


AFTER_THE_FIT = {"recipe": "paper", "quality": None}

VARIANTS = {
    "whole": Variant(),
    "no contexts": Variant(forms=tuple(f for f in FORMS if not f & CONTEXTS)),
    "one prior for a tensor, no prediction": Variant(forms=PLAIN),
    "steps not learned": Variant(recipe={"step_rate": 1e-12}),
    "neither learned nor water-filled": Variant(
        recipe={"step_rate": 1e-12},
        patched=lambda: patch("nervcodec.training.tradeoff.water_filled_steps", sigma_steps),
    ),
    "no dead zone": Variant(patched=lambda: patch("nervcodec.training.quantizing.DEAD_ZONE", 0.0)),
    "rate without noise": Variant(patched=lambda: patch("torch.rand", no_noise)),
    "quantized from two thirds on": Variant(recipe={"quantize_at": 0.67}),
    "coarse difference grid": Variant(options={"difference_grid": (2, 4)}),
    "fine difference grid": Variant(options={"difference_grid": (20, 40)}),
    "10 % pruned": Variant(options={"prune": 0.1}),
    "30 % pruned": Variant(options={"prune": 0.3}),
    "no rate, 8 bits": Variant(options={**AFTER_THE_FIT, "prune": 0.0}),
    "no rate, 8 bits, 10 % pruned": Variant(options={**AFTER_THE_FIT, "prune": 0.1}),
    "no rate, 8 bits, 30 % pruned": Variant(options={**AFTER_THE_FIT, "prune": 0.3}),
    "no rate, 6 bits": Variant(options={**AFTER_THE_FIT, "prune": 0.0, "bits": 6}),
}
"""Variants by name; those without a rate keep the size, the difference grid and the forms of the whole recipe."""


def run(clip: Tensor, video: VideoFormat, options: EncodeOptions, variant: Variant) -> dict[str, Any]:
    """Fit a variant once, and measure its file."""
    whole = plan_config(options, video, len(clip))
    assert isinstance(whole, DNeRVConfig)
    options = replace(options, size=whole.parameters, difference_grid=whole.difference[1:])
    options = replace(options, **variant.options)
    config = plan_config(options, video, len(clip))
    recipe = replace(plan_recipe(options, video, len(clip)), **variant.recipe)
    with variant.patched(), patch("nervcodec.entropy.forms.cheapest_form.__defaults__", (variant.forms, None)):
        fitted = fit(clip, config, recipe)
    data = stream_bytes(plan_header(video, len(clip), config), config, fitted.tensors, variant.forms)
    return {
        "psnr_db": measure(read_stream(data), Footage(video, clip, None), "cpu").psnr_db,
        "file_bytes": len(data),
        "parameters": config.parameters,
    }


def bits_ratio(whole: list[dict[str, Any]], other: list[dict[str, Any]]) -> float:
    """Bits of `other` over those of `whole` at equal PSNR, along the line through the points of `whole`."""
    slope, offset = np.polyfit([p["psnr_db"] for p in whole], [np.log(p["file_bytes"]) for p in whole], 1)
    return float(np.exp(np.mean([np.log(p["file_bytes"]) - slope * p["psnr_db"] - offset for p in other])))


@click.command()
@click.argument("clip")
@click.option("--frames", type=FrameRange(), default="0:48")
@click.option("--crop", type=Size())
@click.option("--resize", type=Size())
@click.option("--epochs", type=float, default=20)
@click.option("-o", "--output", type=click.Path(path_type=Path))
def main(clip: str, frames: tuple[int, int | None], epochs: float, output: Path | None, **chosen: Any) -> None:
    """Fit and measure all variants on a clip."""
    view = View(first=frames[0], stop=frames[1], **chosen)
    video, pictures = load_clip(clip, view)
    results: dict[str, Any] = {}
    for name, variant in VARIANTS.items():
        points = [
            run(pictures, video, EncodeOptions(view=view, epochs=epochs, quality=quality, seed=seed), variant)
            for quality, seed in product(QUALITIES, SEEDS)
        ]
        whole = results["whole"]["points"] if results else points
        results[name] = {"points": points, "bits_at_equal_psnr": bits_ratio(whole, points)}
        print(name, results[name], flush=True)
        if output:
            write_record(output, results)


if __name__ == "__main__":
    main()
