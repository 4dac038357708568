"""Values that SDMN's decoder takes for channels that are not sent: zeros, or normal numbers made of integers alone.

Draws come from SplitMix64 (Steele et al., OOPSLA 2014) in counter mode: sums of twelve 16-bit words, which have mean 0,
variance 1 and at most 6 in magnitude after scaling, and are exact in float32.
"""

from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nervcodec.models.limits import MAX_DEVIATION
from nervcodec.models.sdmn.config import SDMNConfig

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
WORDS_PER_DRAW = 3
MEAN_SUM, SUM_DEVIATION = 393_210, 65_536
"""Mean and standard deviation of the sum of twelve words: 12 * 65535 / 2, and 65536 * sqrt(12 / 12)."""
FRAME_SHIFT = 24
"""Power of 2 below which the draws of one map of one frame are numbered."""


def latents(config: SDMNConfig, frames: int) -> dict[str, Tensor]:
    """Values `[T, C, h, w]` of the channels that are not sent, by name; empty where the rule says zeros."""
    if not config.latent:
        return {}
    seed, deviation = config.latent
    made = {}
    for scale, (name, shape) in enumerate(reversed(config.unsent.items()), 1):
        drawn = np.stack([draws(seed, t, scale, prod(shape)) for t in range(frames)])
        made[name] = torch.from_numpy(drawn * np.float32(deviation / MAX_DEVIATION)).view(frames, *shape)
    return made


def draws(seed: int, frame: int, scale: int, count: int) -> NDArray[np.float32]:
    """The first `count` numbers drawn for one frame; scale 1 is the fine skip, 2 the coarse one."""
    first = np.uint64((2 * frame + scale - 1) << FRAME_SHIFT)
    counter = np.uint64(4) * (first + np.arange(count, dtype=np.uint64))
    words = [_mix(np.uint64(seed) + GOLDEN * (counter + np.uint64(k + 1))) for k in range(WORDS_PER_DRAW)]
    total = np.stack(words, axis=1).view(np.uint16).sum(axis=1, dtype=np.int64)
    numbers: NDArray[np.float32] = ((total - MEAN_SUM) / SUM_DEVIATION).astype(np.float32)
    return numbers


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
