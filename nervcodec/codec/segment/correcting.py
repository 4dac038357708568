"""Chooses corrections of the frames between those of a file by rate and distortion."""

from collections.abc import Sequence
from math import log2

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nervcodec.codec.decoding.groups import Place
from nervcodec.codec.segment.footage import Footage
from nervcodec.codec.stream.corrections import pack_corrections
from nervcodec.corrections import Corrections
from nervcodec.cosine import DIAGONAL_OF, DIAGONALS, coefficients, planes_of
from nervcodec.levels import level_count
from nervcodec.picture import Domain
from nervcodec.planes import unpack_planes
from nervcodec.quantization import LARGEST_SYMBOL, STEP_OFFSET, STEP_TABLE, STEPS
from nervcodec.samples import peak_of, to_unit
from nervcodec.timeline import Timeline

BIT_COST = 0.13
"""Weight of a bit against squared errors of luma, in squared steps: the step follows from the weight (ours)."""
LUMA_SHARE = {"rgb": 1.0, "yuv420": 0.75}
"""Weight of a bit against the squared errors of a correction, in each domain, where that of a bit per pixel against the
squared errors of a picture, as in `bit_weight`, is 1."""
EXTENT_BITS = torch.tensor([0.0, *(6.0 + 0.4 * diagonals for diagonals in range(DIAGONALS))])
"""Bits of each extent, about as they are coded (ours)."""
BITS = torch.tensor([[2.2, 2.1, 3.8], [1.2, 2.3, 4.6], [0.8, 2.5, 5.7], [0.6, 2.7, 6.8], [0.4, 3.1, 8.0]])
"""Bits of a coefficient of 0, 1 and 2 steps, about as they are coded, on the first diagonals; those beyond are as the
last (ours)."""
FURTHER_STEP = 1.6
"""Bits of each further step of a coefficient (ours)."""
EXTENTS = np.array(DIAGONAL_OF) + 1
"""The least extent that each coefficient lies within."""
INSIDE = torch.from_numpy(EXTENTS)[:, None] <= torch.arange(DIAGONALS + 1)
"""Whether each coefficient lies within each extent, `[64, 16]`."""


def squared_step(rate: float, domain: Domain) -> float:
    """Square of the step of frames of level 0 for a weight of a bit per pixel against a squared error of 1."""
    return LUMA_SHARE[domain] * rate / BIT_COST


def step_of(rate: float, domain: Domain) -> int:
    """Index of the step whose square is nearest to `squared_step`."""
    return min(max(round(4 * log2(squared_step(rate, domain))) + STEP_OFFSET, 0), STEPS - 1)


class Chooser:
    """Chooses the corrections of frames when their predictions are known.

    timeline: the frames of the file in the footage of its last segment.
    begin: position of the first frame of the footage in the video.
    step: index of the step of frames of level 0; each further level has the next smaller one.
    """

    def __init__(self, footage: Footage, timeline: Timeline, begin: int, step: int) -> None:
        self.footage, self.timeline, self.begin = footage, timeline, begin
        self.steps = tuple(max(step - number, 0) for number in range(level_count(timeline.positions)))
        self.chosen: dict[int, tuple[NDArray[np.int32], NDArray[np.int32]]] = {}
        """Extents `[h, w]`, and symbols `[N, 64]` of blocks that have one, of frames by their place in the footage."""

    def __call__(self, places: Sequence[Place], prediction: Tensor) -> Tensor:
        """Corrections of luma `[B, 1, H, W]` of the frames at some places."""
        return torch.cat(
            [self._choose(place, own) for place, own in zip(places, torch.split(prediction.cpu(), 1), strict=True)]
        )

    def _choose(self, place: Place, prediction: Tensor) -> Tensor:
        number, step = place.position - self.begin, STEP_TABLE[self.steps[place.level]]
        lack = luma_lack(self.footage.at([number]), prediction)
        symbols = quantized(coefficients(lack) / step)
        own = symbols[0].int().numpy()
        extents = ((own != 0) * EXTENTS).max(axis=2).astype(np.int32)
        self.chosen[number] = extents, own[extents > 0]
        return planes_of(symbols * step, *lack.shape[2:])

    def packed(self) -> bytes:
        """The corrections of all frames between as a group of a chunk."""
        extents, symbols = zip(*(self.chosen[number] for number in self.timeline.missing), strict=True)
        return pack_corrections(Corrections(self.steps, np.stack(extents), np.concatenate(symbols)))


def luma_lack(original: Footage, prediction: Tensor) -> Tensor:
    """What predictions, samples `[B, C, h, w]` as floats, lack of the luma of originals, `[B, 1, H, W]`; of RGB, of the
    mean of its channels. The whole range is 1. Where pixels of the original are missing, it is 0.
    """
    video = original.video
    lack = to_unit(original.clip) - prediction / peak_of(video.depth)
    if original.masks is not None:
        lack = lack * ~original.masks
    return (
        lack.mean(dim=1, keepdim=True) if video.domain == "rgb" else unpack_planes(lack, video.height, video.width)[0]
    )


def quantized(scaled: Tensor) -> Tensor:
    """Coefficients `[..., 64]` in steps as the integers that cost the least in errors and bits: rounded, one less,
    zero, or left out with all that follow in a block.
    """
    magnitudes = scaled.abs()
    nearest, left_out = magnitudes.round().clamp(max=LARGEST_SYMBOL), magnitudes.square()
    best, cost = nearest, _cost(magnitudes, nearest)
    for tried in ((nearest - 1).clamp(min=0), torch.zeros_like(nearest)):
        own = _cost(magnitudes, tried)
        best, cost = torch.where(own < cost, tried, best), torch.minimum(own, cost)
    of_extents = (cost - left_out) @ INSIDE.float() + BIT_COST * EXTENT_BITS
    return torch.copysign(best * INSIDE.T[of_extents.argmin(dim=-1)], scaled)


def _cost(magnitudes: Tensor, integers: Tensor) -> Tensor:
    """Squared error of coefficients coded as integers, plus the weight of their bits."""
    none, one, two = BITS[torch.tensor(EXTENTS).clamp(max=len(BITS)) - 1].unbind(dim=1)
    more = two + FURTHER_STEP * (integers - 2)
    bits = torch.where(integers == 0, none, torch.where(integers == 1, one, more))
    return (magnitudes - integers).square() + BIT_COST * bits
