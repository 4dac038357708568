"""Invertible networks of SDMN's skips: affine or additive couplings of dense blocks.

The supplement of QS-NeRV gives the dense block; the coupling is that of invertible rescaling (Xiao et al., ECCV 2020),
whose wording the authors follow. Widths, the number of couplings and the way channels are split are ours.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.precision import true_float32

CLAMP = 1.0
"""Largest magnitude of the exponent of e by which a coupling scales (invertible rescaling)."""
SLOPE = 0.2
START_SCALE = 0.1


class DenseBlock(nn.Module):
    """Five 3x3 convolutions, each of which sees the input and all outputs before it (QS-NeRV, supplement 1.2)."""

    def __init__(self, c_in: int, c_out: int, growth: int) -> None:
        super().__init__()
        widths = [growth] * 4 + [c_out]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(c_in + i * growth, width, 3, padding=1) for i, width in enumerate(widths)
        )
        for parameter in self.parameters():
            if not parameter.is_meta:  # a draw for a meta tensor would load torch's compiler, which takes seconds
                (nn.init.xavier_normal_ if parameter.ndim > 1 else nn.init.zeros_)(parameter)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.mul_(START_SCALE)
            for parameter in self.convolutions[-1].parameters():
                parameter.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Run the block, from `[B, c_in, h, w]` to `[B, c_out, h, w]`."""
        *hidden, last = self.convolutions
        for convolution in hidden:
            x = torch.cat([x, F.leaky_relu(convolution(x), SLOPE)], dim=1)
        y: Tensor = last(x)
        return y


class Coupling(nn.Module):
    """A coupling y1 = x1 + F(x2), y2 = x2 exp(s(y1)) + G(y1), with `sent` channels in x1 and the others in x2."""

    def __init__(self, sent: int, rest: int, growth: int, affine: bool) -> None:
        super().__init__()
        self.sent, self.rest = sent, rest
        self.f = DenseBlock(rest, sent, growth)
        self.g = DenseBlock(sent, rest, growth)
        self.h = DenseBlock(sent, rest, growth) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """Run the coupling on `[B, C, h, w]`, whose shape stays the same."""
        x1, x2 = torch.split(x, [self.sent, self.rest], dim=1)
        y1 = x1 + self.f(x2)
        return torch.cat([y1, x2 * self._scale(y1).exp() + self.g(y1)], dim=1)

    def inverse(self, y: Tensor) -> Tensor:
        """The x that `forward` turns into y."""
        y1, y2 = torch.split(y, [self.sent, self.rest], dim=1)
        x2 = (y2 - self.g(y1)) * (-self._scale(y1)).exp()
        return torch.cat([y1 - self.f(x2), x2], dim=1)

    def _scale(self, y1: Tensor) -> Tensor:
        return CLAMP * (2 * torch.sigmoid(self.h(y1)) - 1) if self.h else torch.zeros_like(y1[:, :1])


class InvertibleNetwork(nn.ModuleList):
    """Couplings one after the other, always in float32; the first channels of the output are those that are sent."""

    def __init__(self, config: SDMNConfig, sent: int) -> None:
        rest = config.skip_channels - sent
        super().__init__(Coupling(sent, rest, config.growth, bool(config.affine)) for _ in range(config.couplings))

    def forward(self, features: Tensor) -> Tensor:
        """Turn features `[B, C, h, w]` into the channels that are sent and those that are not."""
        with true_float32(features.device):
            x = features.float()
            for coupling in self:
                x = coupling(x)
        return x

    def inverse(self, coded: Tensor) -> Tensor:
        """The features that `forward` turns into `coded`."""
        with true_float32(coded.device):
            y = coded.float()
            for coupling in reversed(self):
                assert isinstance(coupling, Coupling)
                y = coupling.inverse(y)
        return y
