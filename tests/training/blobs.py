"""A clip that is quick to fit, and networks for it."""

import torch
from torch import Tensor

from nervcodec.models.dnerv.sizing import dnerv_config
from nervcodec.models.hnerv.sizing import hnerv_config
from nervcodec.models.sdmn.sizing import sdmn_config
from nervcodec.training.attempt import Attempt

SDMN = sdmn_config(30, 60, 10)
CONFIGS = [hnerv_config(30, 60, 12), dnerv_config(30, 60, 12, (8, 16))]
STUCK_RATE = 1e-9
"""A learning rate at which a fit never leaves its start."""


def moving_blob() -> Tensor:
    """Four frames `[4, 3, 30, 60]` of a bright disc on a gradient."""
    y, x = torch.meshgrid(torch.arange(30), torch.arange(60), indexing="ij")
    frames = []
    for t in range(4):
        disc = ((x - 10 - 12 * t) ** 2 + (y - 15) ** 2 < 60).float()
        frames.append(torch.stack([x / 60, y / 30, disc]))
    return (255 * torch.stack(frames)).byte()


def train(attempt: Attempt) -> None:
    """All steps of an attempt's recipe."""
    for step, times in attempt.steps_to_come():
        attempt.step(step, times)
        if attempt.rate:
            attempt.rate.follow(step)
    attempt.measure()
