"""FFNeRV: flow-guided frame-wise neural representations for videos (Lee et al., ACM MM 2023).

A frame is made twice: by itself from the temporal grids (the independent frame), and from the independent frames of its
neighbours, each moved along a flow. Weights for every pixel choose between the two.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.blocks import at_times, upsampling_stages
from nervcodec.models.ffnerv.config import FLOW_CHANNELS, FFNeRVConfig
from nervcodec.warp import warp


class FFNeRV(nn.Module):
    """The pyramid of HNeRV with a second head for flows; independent frames leave through (tanh + 1) / 2."""

    def __init__(self, config: FFNeRVConfig) -> None:
        super().__init__()
        self.flow_stage, self.flow_scale, self.channels = config.flow_stage, config.flow_scale, config.channels
        self.reach = config.reach
        self.stem = nn.Conv2d(config.latent_channels, config.widths[0], 1)
        self.stages = upsampling_stages(config.widths, config.strides, config.kernels)
        self.head = nn.Conv2d(config.widths[-1], config.head_channels, 3, padding=1)
        self.head_flow = nn.Conv2d(config.widths[config.flow_stage], 2 * config.reach * FLOW_CHANNELS, 1)

    def forward(self, embeddings: dict[str, Tensor], times: Tensor) -> Tensor:
        """Frames `[B, C, H, W]` in [0, 1] at `times` `[B]` from embeddings `[T, c, h, w]`, one row for each frame.

        The first and the last frame also stand for the neighbours beyond them. As in the authors' code, no gradient
        reaches the neighbours; otherwise a fit would pay for a pyramid of each.
        """
        last = len(embeddings["content"]) - 1
        below = torch.arange(-self.reach, 0, device=times.device)
        around = (times[:, None] + torch.cat([below, -below.flip(0)])).clamp(0, last)  # [B, 2 * reach]
        # Windows of a fit have no row in common; to find rows in common would have each step wait for a GPU.
        rest = around.flatten() if self.training else torch.unique(around[~torch.isin(around, times)])
        own, choices, motions = self.independent(embeddings, times)
        with torch.no_grad():
            pictures = torch.cat([own, self.independent(embeddings, rest)[0]])
            places = (around[:, :, None] == torch.cat([times, rest])).int().argmax(dim=2)
        return aggregate(own, pictures[places], choices, motions, self.flow_scale)

    def independent(self, embeddings: dict[str, Tensor], times: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The output of the pyramid for each time by itself, in float32.

        Returns frames `[B, C, H, W]`, the weights `[B, 2, H, W]` of these frames and of borrowed pixels, and for each
        neighbour a flow and a weight `[B, 2 * reach, 3, h, w]`. Weights are given before their softmax.
        """
        x = F.gelu(self.stem(torch.cat([at_times(e, times) for e in embeddings.values()], dim=1)))
        x = self.stages[: self.flow_stage](x)
        motions = self.head_flow(x).float().unflatten(1, (2 * self.reach, FLOW_CHANNELS))
        made = self.head(self.stages[self.flow_stage :](x)).float()
        return torch.sigmoid(2 * made[:, : self.channels]), made[:, self.channels :], motions


def aggregate(own: Tensor, others: Tensor, choices: Tensor, motions: Tensor, scale: int) -> Tensor:
    """Frames `[B, C, H, W]` from `own` and the neighbours `others` `[B, N, C, H, W]` (FFNeRV, section 3.2).

    choices: `[B, 2, H, W]`, motions: `[B, N, 3, H / scale, W / scale]`, as `FFNeRV.independent` makes them; flows
    are in cells of their own map.
    """
    batch, count = others.shape[:2]
    finer = F.interpolate(motions.flatten(1, 2), scale_factor=scale, mode="bilinear", align_corners=False)
    finer = finer.view(batch, count, FLOW_CHANNELS, *finer.shape[2:])
    moved = warp(others.flatten(0, 1), scale * finer[:, :, :2].flatten(0, 1)).view_as(others)
    borrowed = (moved * finer[:, :, 2:].softmax(dim=1)).sum(dim=1)
    return torch.lerp(own, borrowed, choices.softmax(dim=1)[:, 1:])
