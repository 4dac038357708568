"""Network of the toy model."""

from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.blocks import at_times, upsampling_stages
from tests.models.toy.config import ToyConfig


class Toy(nn.Module):
    """The decoder of the toy: stem, stages and head as in HNeRV, and a sigmoid of the head's output times `gain`."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.gain, self.grid = config.gain, prod(config.strides)
        self.stem = nn.Conv2d(config.content[0], config.widths[0], 1)
        self.stages = upsampling_stages(config.widths, config.strides, config.kernels)
        self.head = nn.Conv2d(config.widths[-1], config.channels, 3, padding=1)

    def forward(self, embeddings: dict[str, Tensor], times: Tensor) -> Tensor:
        """Frames `[B, C, H, W]` in [0, 1] at `times` `[B]`."""
        x = self.stages(F.gelu(self.stem(at_times(embeddings["content"], times))))
        return torch.sigmoid(self.gain * self.head(x))
