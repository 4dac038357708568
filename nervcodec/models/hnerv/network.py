"""HNeRV: a hybrid neural representation for videos (Chen et al., CVPR 2023)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.blocks import at_times, upsampling_stages
from nervcodec.models.encoder import FrameEncoder
from nervcodec.models.hnerv.config import HNeRVConfig


class HNeRV(nn.Module):
    """The decoder of HNeRV: stem, upsampling stages, head; frames leave through (tanh + 1) / 2."""

    def __init__(self, config: HNeRVConfig) -> None:
        super().__init__()
        self.stem = nn.Conv2d(config.content[0], config.widths[0], 1)
        self.stages = upsampling_stages(config.widths, config.strides, config.kernels)
        self.head = nn.Conv2d(config.widths[-1], config.channels, 3, padding=1)

    def forward(self, embeddings: dict[str, Tensor], times: Tensor) -> Tensor:
        """Frames `[B, C, H, W]` in [0, 1] at `times` `[B]` from embeddings `[T, c, h, w]`."""
        x = F.gelu(self.stem(at_times(embeddings["content"], times)))
        x = self.stages(x)
        return torch.sigmoid(2 * self.head(x))


class HNeRVEncoder(nn.Module):
    """An encoder of frames into the content embedding, the same as DNeRV's content encoder.

    HNeRV's own code puts the norm before the convolution and 16 channels into the last stage; its paper does not.
    """

    def __init__(self, config: HNeRVConfig, decoder: nn.Module, *, flow: bool = False) -> None:
        super().__init__()
        self.content = FrameEncoder(config.channels, config.content[0], config.strides)

    def forward(self, previous: Tensor, frames: Tensor, following: Tensor) -> dict[str, Tensor]:
        """Embeddings `[B, c, h, w]` of `frames` `[B, C, H, W]` in [0, 1]; the neighbours are not used."""
        return {"content": self.content(frames)}
