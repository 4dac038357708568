"""Modules of a decoder that are faster on a CPU when nothing is learned: the same sums in fewer passes over memory."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.blocks import Upsample
from nervcodec.models.dnerv.network import Gate

BAND_NUMBERS = 4 << 20
"""Number of values that a convolution makes at a time (ours, docs/performance.md)."""


@torch.no_grad()
def prepare(network: nn.Module) -> None:
    """Replace modules of a network by faster ones, for float32 without gradients; maps differ by rounding.

    The new modules have no parameters, and what one returns is overwritten when it is called again.
    """
    for name, part in network.named_children():
        match part:
            case Upsample():
                setattr(network, name, PreparedUpsample(part))
            case Gate():
                setattr(network, name, PreparedGate(part))
            case _:
                prepare(part)


class PreparedUpsample(nn.Module):
    """`Upsample` with GELU in place and PixelShuffle into a kept map; a large map is made some rows at a time."""

    def __init__(self, stage: Upsample) -> None:
        super().__init__()
        self.stride, self._map = stage.stride, torch.empty(0)
        self.weight, self.bias = map(stage.by_place, stage.parameters())

    def forward(self, x: Tensor) -> Tensor:
        """Run the stage, from `[B, C, h, w]` to `[B, C', s*h, s*w]`."""
        batch, _, height, width = x.shape
        stride, channels, padding = self.stride, len(self.weight), self.weight.shape[2] // 2
        shape = batch, height, stride, width, channels // stride
        if self._map.shape != shape:
            self._map = x.new_empty(shape)
        padded = F.pad(x, [padding] * 4)  # oneDNN is slower at borders
        rows = max(BAND_NUMBERS // max(batch * width * channels, 1), 1)
        for top in range(0, height, rows):
            seen = padded[:, :, top : top + rows + 2 * padding]
            made = torch.ops.aten.gelu_(F.conv2d(seen, self.weight, self.bias))
            self._map[:, top : top + rows] = torch.unflatten(made.permute(0, 2, 3, 1), 3, (stride, -1)).transpose(2, 3)
        by_pixel = batch, stride * height, stride * width, channels // stride**2
        return self._map.view(by_pixel).permute(0, 3, 1, 2)


class PreparedGate(nn.Module):
    """`Gate` with one convolution of both inputs for the candidate and one for the update, and its tanh as a sigmoid,
    which takes a third of the time: tanh(x) = 2 sigmoid(2 x) - 1."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.joined = list(gate.joined())

    def forward(self, content: Tensor, difference: Tensor) -> Tensor:
        """Run the gate; content, difference and result are `[B, C, h, w]` each."""
        both = torch.cat([content, difference], dim=1)
        candidate, update = (F.conv2d(both, weight, bias, padding=weight.shape[2] // 2) for weight, bias in self.joined)
        return torch.lerp(content, candidate.mul_(2).sigmoid_().mul_(2).sub_(1), update.sigmoid_())
