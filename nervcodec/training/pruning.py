"""Global magnitude pruning (HNeRV supplement; Han et al., 2015): the smallest weights become zero and stay zero."""

from collections.abc import Iterable

import torch
from torch import Tensor


def magnitude_masks(weights: Iterable[Tensor], share: float) -> list[tuple[Tensor, Tensor]]:
    """Each weight with a mask of the same shape that is 0 for the smallest `share` of all weights together."""
    weights = list(weights)
    magnitudes = torch.cat([w.detach().abs().flatten() for w in weights])
    count = int(share * len(magnitudes))
    if count == 0:
        return []
    threshold = magnitudes.kthvalue(count).values
    return [(w, (w.detach().abs() > threshold).to(w.dtype)) for w in weights]


@torch.no_grad()
def apply_masks(masks: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Set the pruned weights to zero again after an optimizer has moved them."""
    for weight, mask in masks:
        weight.mul_(mask)
