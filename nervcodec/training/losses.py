"""Distortions that a fit can minimise, of pictures `[B, C, H, W]` in [0, 1], RGB or planes, and the weight of a bit."""

from collections.abc import Callable
from functools import cache

import torch
from pytorch_msssim import ms_ssim, ssim
from torch import Tensor
from torch.nn import functional as F

from nervcodec.planes import LUMA, luma_of
from nervcodec.training.recipe import Loss

L1_SHARE = 0.7  # DNeRV code: the mixture 0.7 L1 + 0.3 (1 - SSIM)

PLANE_WEIGHTS = (0.5,) * LUMA + (2.0, 2.0)
"""Weights of the channels of packed planes, with which a mean over channels is the mean of the three planes (ours).

Errors of the three planes weigh about as much in RGB. Equal weights of planes are best where PSNRs are weighted 6:1:1
and that of luma is 8 dB lower.
"""
PLANE_SCALE = 4
"""Factor by which a squared error of all planes grows in RGB; by BT.709 in studio range, it is 4.03."""

MASKED_PULL = 0.14
"""Factor of errors of missing pixels, against the filled pixels; the factor of their squares is 0.02 (ours,
docs/experiments.md)."""


def squared_errors(prediction: Tensor, target: Tensor) -> Tensor:
    """The mean squared error `[B]` of each picture; for planes, the mean of the errors of the three planes."""
    return weighted(F.mse_loss(prediction, target, reduction="none")).mean(dim=(1, 2, 3))


def weighted(x: Tensor, power: float = 1.0) -> Tensor:
    """Channels of planes `[B, 6, h, w]` times a power of their weights; RGB is returned as it is."""
    return x * _plane_weights(x.device, x.dtype) ** power if x.shape[1] == len(PLANE_WEIGHTS) else x


@cache
def _plane_weights(device: torch.device, dtype: torch.dtype) -> Tensor:
    """The weights of planes, `[6, 1, 1]`, kept on a device, for a GPU would wait for a copy of them in every step."""
    return torch.tensor(PLANE_WEIGHTS, device=device, dtype=dtype)[:, None, None]


def bit_weight(rate: float, clip: Tensor) -> float:
    """Weight of a bit against the squared error of one picture of a clip `[T, C, H, W]`.

    rate: weight of a bit per pixel in RGB.
    """
    cells = clip[:, 0].numel()
    return rate / cells if clip.shape[1] == 3 else rate / (PLANE_SCALE * LUMA * cells)


def with_masks(prediction: Tensor, target: Tensor, masks: Tensor | None) -> Tensor:
    """A prediction with reduced errors where masks `[B, 1 or C, H, W]`, bool, mark the target as missing."""
    return prediction if masks is None else torch.where(masks, torch.lerp(target, prediction, MASKED_PULL), prediction)


def seen_shares(frames: Tensor, masks: Tensor | None) -> Tensor:
    """The share `[T]` of each frame that no mask covers, weighted as in `squared_errors`."""
    if masks is None:
        return torch.ones(len(frames), device=frames.device)
    covered = masks.sum(dim=(2, 3), dtype=torch.float32, keepdim=True) / masks[0, 0].numel()
    return 1 - weighted(covered).mean(dim=(1, 2, 3))


def l1_ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """The loss 0.7 L1 + 0.3 (1 - SSIM)."""
    structure: Tensor = ssim(_shapes(prediction), _shapes(target), data_range=1.0)
    return L1_SHARE * F.l1_loss(prediction, target) + (1 - L1_SHARE) * (1 - structure)


def l1_ms_ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """The loss 0.7 L1 + 0.3 (1 - MS-SSIM); both sides of the picture must exceed 160 pixels."""
    structure: Tensor = ms_ssim(_shapes(prediction), _shapes(target), data_range=1.0)
    return L1_SHARE * F.l1_loss(prediction, target) + (1 - L1_SHARE) * (1 - structure)


def _shapes(pictures: Tensor) -> Tensor:
    """Pictures in RGB as they are; the luma of planes."""
    return pictures if pictures.shape[1] == 3 else luma_of(pictures)


LOSSES: dict[Loss, Callable[[Tensor, Tensor], Tensor]] = {
    "l2": lambda prediction, target: squared_errors(prediction, target).mean(),
    "l1": F.l1_loss,
    "l1-ssim": l1_ssim,
    "l1-ms-ssim": l1_ms_ssim,
}
