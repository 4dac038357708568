"""Enhancement networks (EEN), which correct the frames of the layers below them.

QS-NeRV (ACM MM 2024) trains one for each layer above its base; its networks are not public, so this one is ours.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.blocks import at_times, upsampling_stages
from nervcodec.models.enhancement.config import EnhancementConfig


class Enhancement(nn.Module):
    """A pyramid above an embedding of its own, which frames below join after a stage, and whose output corrects them.

    An unfitted network returns the frames below unchanged.
    """

    def __init__(self, config: EnhancementConfig) -> None:
        super().__init__()
        self.joined, self.scale = config.join, config.join_scale
        self.padded_size = config.padded_size
        self.stem = nn.Conv2d(config.content[0], config.widths[0], 1)
        self.stages = upsampling_stages(config.widths, config.strides, config.kernels)
        self.head = nn.Conv2d(config.widths[-1], config.channels, 3, padding=1)
        self.join = nn.Conv2d(config.channels * self.scale**2, config.widths[config.join], 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(self, embeddings: dict[str, Tensor], times: Tensor, below: Tensor) -> Tensor:
        """Frames at `times` `[B]` from embeddings `[T, c, h, w]` and the frames below, `[B, C, H, W]` in [0, 1]."""
        height, width = self.padded_size
        below = F.pad(below, (0, width - below.shape[3], 0, height - below.shape[2]), mode="replicate")
        seen = F.gelu(self.join(F.pixel_unshuffle(below, self.scale)))
        x = F.gelu(self.stem(at_times(embeddings["content"], times)))
        x = self.stages[: self.joined](x) + seen
        correction: Tensor = self.head(self.stages[self.joined :](x))
        return below + correction
