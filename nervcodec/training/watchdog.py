"""Notices a fit that has collapsed.

NeRV-type fits sometimes do: their PSNR drops and never comes back, or they stay at a flat picture from the start (the
authors of DNeRV advise another seed). The thresholds are ours.
"""

from math import isfinite, log10
from typing import Any

import torch
from torch import Tensor

from nervcodec.samples import to_unit
from nervcodec.training.losses import squared_errors

FALL_DB = 5.0
"""A drop of this much below the best pass counts as a fall ..."""
FALL_PASSES = 3
"""... when it lasts this many passes."""
RISE_DB = 1.0
"""A fit has left the level of a constant picture when it is this much better."""
RISE_STEPS = 300
RISE_SHARE = 0.3
"""It must have done so after this many steps and this share of them, whichever is later."""
EASY_DB = 40.0
"""A clip that a constant picture describes this well is flat: there is nothing to leave."""


def psnr_from_mse(mse: float) -> float:
    """PSNR in dB of a mean squared error in [0, 1] units, at most 100."""
    return -10 * log10(max(mse, 1e-10)) if isfinite(mse) else float("-inf")


def constant_picture_psnr(clip: Tensor) -> float:
    """PSNR in dB of the one colour that fits a clip, samples `[T, C, H, W]`, best, by `squared_errors`."""
    colour = torch.stack([to_unit(frame).mean(dim=(1, 2)) for frame in clip]).mean(dim=0)[None, :, None, None]
    errors = [float(squared_errors(colour.expand(1, *frame.shape), to_unit(frame)[None])) for frame in clip]
    return psnr_from_mse(sum(errors) / len(errors))


class Watchdog:
    """Is told the PSNR of every pass over the clip; answers with a reason to start again, or None."""

    def __init__(self, constant_db: float, steps: int) -> None:
        self.constant_db = constant_db
        self.judged_from = max(RISE_STEPS, RISE_SHARE * steps)
        self.best_db = float("-inf")
        self.low_passes = 0
        self.resting = False

    def rest(self) -> None:
        """From now on only numbers that are none are a reason: pruning explains a fall, or no seed is left to try."""
        self.resting = True

    def state(self) -> dict[str, Any]:
        """What it has seen."""
        return {"best_db": self.best_db, "low_passes": self.low_passes, "resting": self.resting}

    def restore(self, state: dict[str, Any]) -> None:
        """The inverse of `state`."""
        self.best_db, self.low_passes, self.resting = (state[name] for name in ("best_db", "low_passes", "resting"))

    def __call__(self, step: int, psnr_db: float) -> str | None:
        """Judge the pass that ended at `step`."""
        if not isfinite(psnr_db):
            return "the loss is not a number"
        if self.resting:
            return None
        self.best_db = max(self.best_db, psnr_db)
        self.low_passes = self.low_passes + 1 if psnr_db < self.best_db - FALL_DB else 0
        if self.low_passes >= FALL_PASSES:
            return f"PSNR fell from {self.best_db:.1f} to {psnr_db:.1f} dB and stayed down"
        flat = self.best_db < self.constant_db + RISE_DB
        if flat and step >= self.judged_from and self.constant_db < EASY_DB:
            return f"{psnr_db:.1f} dB is no better than a constant picture ({self.constant_db:.1f} dB)"
        return None
