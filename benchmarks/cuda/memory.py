"""A fit that the GPU's memory does not hold: halves its batch, says so once, and ends well.

On a CPU, a step of too many frames raises the error in place of the GPU.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from fractions import Fraction
from unittest.mock import patch

import torch
from torch import Tensor

from benchmarks.cuda.case import Bench, Case, Figures
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.planning import plan_config, plan_recipe
from nervcodec.events import BatchHalved, Event
from nervcodec.picture import CHANNELS, VideoFormat
from nervcodec.training.attempt import Attempt
from nervcodec.training.fit import fit

SIZE, QUICK_SIZE = (1280, 640), (96, 48)
FRAMES, BATCH, STEPS = 16, 8, 24


def cases(bench: Bench) -> Iterator[Case]:
    """One fit with memory for half of its batch."""
    yield "memory for half of a batch", lambda: _short(bench)


def tell(figures: Figures) -> str:
    """Figures in words."""
    return f"batch {BATCH}, halved to {figures['halved_to']}, then {figures['psnr_db']:.1f} dB"


def _short(bench: Bench) -> Figures:
    size = QUICK_SIZE if bench.quick else SIZE
    video = VideoFormat(width=size[0], height=size[1], frame_rate=Fraction(25), chroma="420", domain="yuv420")
    options = EncodeOptions(batch=BATCH, steps=STEPS, size=9_000 if bench.quick else 350_000)
    config, recipe = plan_config(options, video, FRAMES), plan_recipe(options, video, FRAMES)
    clip = torch.randint(0, 256, (FRAMES, CHANNELS[video.domain], *video.map_size), dtype=torch.uint8).to(bench.place)
    events: list[Event] = []
    taken = {}
    if bench.device == "cuda":
        for batch in (BATCH // 2, BATCH):
            bench.forget_peak()
            fit(clip, config, replace(recipe, batch=batch))
            taken[batch] = torch.cuda.max_memory_reserved(), torch.cuda.max_memory_allocated()
    with _too_small(bench, taken):
        fitted = fit(clip, config, recipe, events.append)
    return {
        "batch": BATCH,
        "halved_to": [event.batch for event in events if isinstance(event, BatchHalved)],
        "psnr_db": fitted.psnr_db,
        "reserved_and_allocated_bytes": taken,
    }


def _too_small(bench: Bench, taken: dict[int, tuple[int, int]]) -> AbstractContextManager[object]:
    """A device whose memory holds half of a batch.

    taken: bytes that fits of half a batch and of a whole one reserve and allocate at most.
    """
    if bench.device == "cpu":
        return patch.object(Attempt, "step", _small_step)
    reserved, allocated = taken[BATCH // 2][0], taken[BATCH][1]
    return _limited((reserved + allocated) // 2)


@contextmanager
def _limited(memory: int) -> Iterator[None]:
    """Let torch have some bytes of the GPU's memory only."""
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(memory / torch.cuda.get_device_properties(0).total_memory)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


_step = Attempt.step


def _small_step(self: Attempt, step: int, times: Tensor) -> bool:
    if len(times) > BATCH // 2:
        raise torch.OutOfMemoryError("a step of too many frames")
    return _step(self, step, times)
