"""Distortions a fit can minimise; all take `[B, 3, H, W]` in [0, 1] and return a scalar."""

from collections.abc import Callable

import torch
from pytorch_msssim import ms_ssim, ssim
from torch import Tensor
from torch.nn import functional as F

from nervcodec.training.recipe import Loss

L1_SHARE = 0.7  # DNeRV code: the mixture 0.7 L1 + 0.3 (1 - SSIM)

MASKED_PULL = 0.14
"""Errors of missing pixels, against what was made up in their place, count so much, and their squares 0.02 (ours,
docs/experiments.md)."""


def with_masks(prediction: Tensor, target: Tensor, masks: Tensor | None) -> Tensor:
    """A prediction whose errors are small where masks `[B, 1, H, W]`, bool, say that the target is not known."""
    return prediction if masks is None else torch.where(masks, torch.lerp(target, prediction, MASKED_PULL), prediction)


def seen_shares(frames: Tensor, masks: Tensor | None) -> Tensor:
    """The share of the pixels of each frame `[T]` that no mask covers."""
    if masks is None:
        return torch.ones(len(frames), device=frames.device)
    return 1 - masks.sum(dim=(1, 2, 3), dtype=torch.float32) / masks[0].numel()


def l1_ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """0.7 L1 + 0.3 (1 - SSIM)."""
    structure: Tensor = ssim(prediction, target, data_range=1.0)
    return L1_SHARE * F.l1_loss(prediction, target) + (1 - L1_SHARE) * (1 - structure)


def l1_ms_ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """0.7 L1 + 0.3 (1 - MS-SSIM); both sides of the picture must exceed 160 pixels."""
    structure: Tensor = ms_ssim(prediction, target, data_range=1.0)
    return L1_SHARE * F.l1_loss(prediction, target) + (1 - L1_SHARE) * (1 - structure)


LOSSES: dict[Loss, Callable[[Tensor, Tensor], Tensor]] = {
    "l2": F.mse_loss,
    "l1": F.l1_loss,
    "l1-ssim": l1_ssim,
    "l1-ms-ssim": l1_ms_ssim,
}
