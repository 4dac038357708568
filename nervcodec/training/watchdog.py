"""Watchdog that notices a fit that has collapsed.

NeRV-type fits sometimes collapse: their PSNR drops and never comes back, or they stay at a flat picture from the start
(the authors of DNeRV advise another seed). The thresholds are ours.
"""

from math import isfinite, log10
from typing import Any

import torch
from torch import Tensor

from nervcodec.samples import to_unit
from nervcodec.training.losses import squared_errors

FALL_DB = 5.0
"""Drop in dB below the best pass that counts as a fall if it lasts."""
FALL_PASSES = 3
"""Number of passes that a drop must last to count as a fall."""
RISE_DB = 1.0
"""Gain in dB with which a fit has left the level of a constant picture."""
RISE_STEPS = 300
RISE_SHARE = 0.3
"""Share of the steps after which a fit must have left the level of a constant picture, or RISE_STEPS if later."""
EASY_DB = 40.0
"""PSNR in dB from which on a constant picture describes a clip so well that a fit need not be better."""


def psnr_from_mse(mse: float) -> float:
    """PSNR in dB of a mean squared error in [0, 1] units, at most 100."""
    return -10 * log10(max(mse, 1e-10)) if isfinite(mse) else float("-inf")


def constant_picture_psnr(clip: Tensor) -> float:
    """PSNR in dB of a picture of the one colour that fits a clip, samples `[T, C, H, W]`, best by `squared_errors`."""
    colour = torch.stack([to_unit(frame).mean(dim=(1, 2)) for frame in clip]).mean(dim=0)[None, :, None, None]
    errors = [float(squared_errors(colour.expand(1, *frame.shape), to_unit(frame)[None])) for frame in clip]
    return psnr_from_mse(sum(errors) / len(errors))


class Watchdog:
    """Judges a fit by the PSNR of every pass over the clip; gives a reason to start again, or None."""

    def __init__(self, constant_db: float, steps: int) -> None:
        self.constant_db = constant_db
        self.judged_from = max(RISE_STEPS, RISE_SHARE * steps)
        self.best_db = float("-inf")
        self.low_passes = 0
        self.resting = False

    def rest(self) -> None:
        """Accept any finite PSNR from now on, because pruning explains a fall, or no seed is left to try."""
        self.resting = True

    def state(self) -> dict[str, Any]:
        """State that changes from pass to pass, for JSON."""
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
