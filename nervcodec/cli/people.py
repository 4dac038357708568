"""Events of long work, in words for people."""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from nervcodec.bench.record import headline
from nervcodec.events import (
    ArithmeticDiffers,
    AssistStarted,
    BatchHalved,
    Event,
    FitRestarted,
    FitResumed,
    FitStarted,
    FramesDone,
    LayerDropped,
    PointDone,
    PointsRunning,
    Remark,
    Resumed,
    SegmentStarted,
    StepDone,
    WorkRunning,
)
from nervcodec.metrics.value import PSNR

LINE_SECONDS = 10.0
"""Least seconds between two lines of progress where there is no terminal."""
STAGES = {"survey": "looking", "read": "reading", "measure": "measuring", "decode": "decoding"}

Show = Callable[[str, float, int | None, str, float | None], None]
"""A function that takes the name of a stage, the amount done, the total, a remark, and the seconds left if known."""


def readable_bytes(size: int) -> str:
    """A number of bytes in decimal units, for people."""
    for unit, scale in (("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}" if size < 1000 * scale else f"{size / scale:.0f} {unit}"
    return f"{size} B"


def readable_time(seconds: float) -> str:
    """A number of seconds in seconds, minutes or hours, for people."""
    minutes, hours = round(seconds / 60), round(seconds / 3600, 1)
    return f"{seconds:.0f} s" if seconds < 100 else f"{minutes} min" if minutes < 100 else f"{hours:g} h"


def counted(count: int, thing: str) -> str:
    """A number of things, in words: `1 frame`, `2 frames`."""
    return f"{count:,} {thing}" + ("" if count == 1 else "s")


def point_line(record: Mapping[str, Any]) -> str:
    """A line for people on a point of a benchmark."""
    name = f"{record['video']} {record['codec']} {record['label']}"
    if record["status"] == "failed":
        return f"{name}: failed: {record['error']['message']}"
    quality = f"{PSNR[record['domain']]} {headline(record):.2f} dB at {record['bpp']:.4f} bpp"
    return f"{name}: {quality}, {record['bytes']:,} bytes, {readable_time(record['seconds'])}"


def segments_remark(event: WorkRunning) -> str:
    """A remark that names the segments that are fitted now."""
    numbers = ", ".join(map(str, event.running))
    kind = "segments" if len(event.running) > 1 else "segment"
    return f"{kind} {numbers} of {event.segments}" if numbers else "waiting for workers"


class People:
    """An observer that puts events in words: `show` updates progress, `say` prints a line that stays."""

    def __init__(self, show: Show, say: Callable[[str], None]) -> None:
        self.show, self.say = show, say
        self.begun, self.skipped = 0.0, 0
        """Time at which the fit began, and the number of steps that it had done before."""

    def __call__(self, event: Event) -> None:
        """Show or print an event."""
        match event:
            case StepDone():
                self._show_step(event)
            case FramesDone():
                self.show(STAGES[event.stage], event.frames, event.total, "frames", None)
            case WorkRunning():
                percent = round(100 * event.done_frames / event.total_frames, 2)
                self.show("encoding", percent, 100, segments_remark(event), None)
            case PointsRunning():
                done, remark = round(event.share * event.total, 1), f"points: {', '.join(event.running)}"
                self.show("measuring", done, event.total, remark, event.seconds_left)
            case PointDone():
                self.say(point_line(event.record))
            case Remark():
                self.say(event.message)
            case _:
                self._note(event)
                self._say(event)

    def _note(self, event: Event) -> None:
        """Note the facts of an event by which later events are shown."""
        match event:
            case FitResumed():
                self.begun, self.skipped = monotonic(), event.step
            case FitStarted() | FitRestarted() | AssistStarted():
                self.begun, self.skipped = monotonic(), 0

    def _show_step(self, event: StepDone) -> None:
        rate = (event.step - self.skipped) / max(monotonic() - self.begun, 1e-9)
        size = "" if event.estimated_bytes is None else f", {readable_bytes(event.estimated_bytes)}"
        remark = f"{rate:.1f} steps/s, {event.psnr_db:.2f} dB{size}"
        self.show("fitting", event.step, event.steps, remark, None)

    def _say(self, event: Event) -> None:
        match event:
            case Resumed():
                share = 100 * event.frames_done / event.frames
                self.say(f"resumed: {event.segments_done} of {event.segments} segments, {share:.0f} %, are done")
            case ArithmeticDiffers():
                self.say(
                    f"this encode began in {event.planned} and goes on in {event.here}: "
                    "the bytes of the file will not be those of one machine"
                )
            case SegmentStarted() if event.segments > 1:
                last = event.first + event.frames - 1
                self.say(f"segment {event.segment} of {event.segments}: frames {event.first} to {last}")
            case FitStarted():
                layer = f"layer {event.layer} of {event.layers}: " if event.layers > 1 else ""
                weights = f"{event.model}, {event.parameters:,} weights"
                self.say(f"{layer}{weights}, {counted(event.frames, 'frame')}, {event.steps} steps")
            case AssistStarted():
                self.say(f"embeddings of the {event.frames} frames left out, {event.steps} steps")
            case FitResumed():
                share = 100 * event.step / event.steps
                self.say(f"resumed after step {event.step} of {event.steps}, {share:.0f} %")
            case FitRestarted():
                self.say(f"the fit collapsed ({event.reason}): attempt {event.attempt} with seed {event.seed}")
            case BatchHalved():
                self.say(f"the GPU's memory is too small: {event.batch} in a batch from now on, and twice the steps")
            case LayerDropped():
                self.say(
                    f"layer {event.layer} is not written: {event.gain_db:+.2f} dB do not pay for its "
                    f"{event.layer_bytes:,} bytes (--min-gain)"
                )


def lines(say: Callable[[str], None]) -> Show:
    """Shows progress by saying a line at intervals."""
    last = monotonic()

    def show(stage: str, done: float, total: int | None, remark: str, left: float | None) -> None:
        nonlocal last
        if monotonic() - last >= LINE_SECONDS:
            last = monotonic()
            share = f" {100 * done / total:.0f} %" if total else ""
            known = "" if left is None else f", {readable_time(left)} left"
            say(f"{stage} {done}/{total or '?'}{share} {remark}{known}")

    return show
