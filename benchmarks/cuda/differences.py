"""Samples that differ between frames of the device and of the CPU: golden files, and fits made on either."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

import nervcodec
from benchmarks.cuda.case import CPU, GOLDEN, SAMPLE, Bench, Case, Figures
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.choices import DeviceName
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.video.view import View

OPTIONS = nervcodec.EncodeOptions(
    view=View(stop=24, crop=(1280, 640), resize=(640, 320)), audio="none", gop=1, quality=90, steps=600
)
QUICK_VIEW, QUICK_STEPS = View(stop=6, crop=(1280, 640), resize=(96, 48)), 24


def cases(bench: Bench) -> Iterator[Case]:
    """The golden files of each format version, a fit made on the CPU and one made on the device."""
    for version in sorted({path.parent for path in GOLDEN.glob("*/*.nerv")}, key=lambda path: int(path.name[1:])):
        yield f"golden {version.name}", lambda version=version: _golden(bench, version)  # type: ignore[misc]
    places: tuple[DeviceName, ...] = ("cpu", bench.device)
    for place in dict.fromkeys(places):
        yield f"fit on {place}", lambda place=place: _fitted(bench, place)  # type: ignore[misc]


def tell(figures: Figures) -> str:
    """Figures in words."""
    return f"{figures['differ']} of {figures['samples']} samples differ, by {figures['largest']} at most"


def compared(frames: Tensor, reference: Tensor) -> Figures:
    """How samples of some frames differ from those of others in the same shape."""
    difference = (frames.int() - reference.int()).abs()
    return {
        "samples": difference.numel(),
        "differ": int((difference > 0).sum()),
        "largest": int(difference.max()),
    }


def together(found: dict[str, Figures]) -> Figures:
    """Sums of the figures of `compared` for several files, with those of each."""
    each = list(found.values())
    sums = {name: sum(one[name] for one in each) for name in each[0]}
    return {**sums, "largest": max(one["largest"] for one in each), "files": found}


def _golden(bench: Bench, version: Path) -> Figures:
    return together({path.stem: _by_both(bench, path) for path in sorted(version.glob("*.nerv"))})


def _fitted(bench: Bench, place: DeviceName) -> Figures:
    options = replace(OPTIONS, device=place)
    if bench.quick:
        options = replace(options, view=QUICK_VIEW, steps=QUICK_STEPS, size=9_000)
    path = bench.folder / f"fit_on_{place}.nerv"
    report = nervcodec.encode(SAMPLE, str(path), options, overwrite=True, fresh=True)
    return {**_by_both(bench, path), "psnr_db": report.psnr_db, "seconds": report.seconds}


def _by_both(bench: Bench, path: Path) -> Figures:
    stream = read_stream(path.read_bytes())
    here, reference = (torch.cat(list(decode_frames(stream, device=d))) for d in (bench.device, CPU))
    return compared(here, reference)
