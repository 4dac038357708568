"""Groups of frames: those of golden files and of the sample clip as the device and the CPU make them, and an encode."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor

import nervcodec
from benchmarks.cuda import differences
from benchmarks.cuda.case import CPU, GOLDEN, SAMPLE, Bench, Case, Figures
from benchmarks.cuda.differences import compared, together
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.choices import DeviceName
from nervcodec.codec.decoding.between import frames_at
from nervcodec.video.view import View

VIEW, QUICK_VIEW = View(crop=(1280, 640)), View(first=60, stop=74, crop=(1280, 640), resize=(96, 48))
STEPS, QUICK_STEPS = 1000, 24
FILE = "groups.nerv"


def cases(bench: Bench) -> Iterator[Case]:
    """The golden files with groups, an encode of the sample clip, and a decode of what it made."""
    yield "golden", lambda: _golden(bench)
    yield "encode", lambda: _encoded(bench)
    yield "decode", lambda: _by_both(bench, bench.folder / FILE)


def tell(figures: Figures) -> str:
    """Figures in words."""
    if "held" in figures:
        held = f"{figures['held']} of {figures['frames']} frames held, {figures['psnr_db']:.2f} dB"
        return f"{held}, {figures['seconds']:.1f} s, of which fits {figures['fit_seconds']:.1f}"
    speeds = (figures["frames"] / figures[name] for name in ("seconds", "cpu_seconds"))
    return "{}, {:.1f} frames/s, CPU {:.1f}".format(differences.tell(figures), *speeds)


def _golden(bench: Bench) -> Figures:
    return together({path.parent.name: _by_both(bench, path) for path in sorted(GOLDEN.glob("*/groups.nerv"))})


def _encoded(bench: Bench) -> Figures:
    """An encode with the groups that it chooses, and their length where that is all it could choose."""
    bench.forget_peak()
    options = nervcodec.EncodeOptions(
        view=QUICK_VIEW if bench.quick else VIEW,
        audio="none",
        segment="none",
        steps=QUICK_STEPS if bench.quick else STEPS,
        gop=3 if bench.quick else None,
        device=bench.device,
    )
    path = bench.folder / FILE
    report = nervcodec.encode(SAMPLE, str(path), options, overwrite=True, fresh=True)
    return {
        "psnr_db": report.psnr_db,
        "seconds": report.seconds,
        "fit_seconds": report.fit_seconds,
        "decode_seconds": report.decode_seconds,
        "file_bytes": report.file_bytes,
        "steps": report.steps,
        "frames": report.frames,
        "held": read_stream(path.read_bytes()).header.frames,
        "peak_mb": bench.peak_mb(),
    }


def _by_both(bench: Bench, path: Path) -> Figures:
    """All frames that a file shows, by the device, the second time, and by the CPU."""
    data = path.read_bytes()
    _, (here, seconds), (reference, cpu_seconds) = (
        _shown(data, device) for device in (bench.device, bench.device, CPU)
    )
    return {**compared(here, reference), "frames": len(here), "seconds": seconds, "cpu_seconds": cpu_seconds}


def _shown(data: bytes, device: DeviceName) -> tuple[Tensor, float]:
    """Frames that a stream shows, `[T, C, H, W]`, and the seconds that they take."""
    stream = read_stream(data)
    header = stream.header
    schedule = header.playback.schedule(header.times, header.video.frame_rate, header.clock)
    started = perf_counter()
    frames = torch.stack(list(frames_at(stream, schedule.moments, device=device)))
    return frames, perf_counter() - started
