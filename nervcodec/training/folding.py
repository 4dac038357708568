"""Re-parameterised convolutions: linear branches in a fit, one convolution in the file.

QS-NeRV (supplement, section 3.1) names re-parameterised decoding blocks without their branches; these are ours, after
those of edge-oriented super-resolution (ECBSR, ACM MM 2021) and diverse branch blocks (CVPR 2021). All branches of a
convolution are folded into its weight at every step, so a step costs one convolution, and whatever is quantized,
charged or pruned is the weight that the file will have.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.blocks import Upsample

BRANCH_SCALE = 0.3
"""Deviation at which weights of extra branches start, as a share of the usual deviation."""


class Branches(nn.Module):
    """Extra branches beside the weight `[c_out * s^2, c_in, k, k]` of a convolution before PixelShuffle(s)."""

    def __init__(self, convolution: nn.Conv2d, stride: int) -> None:
        super().__init__()
        channels, c_in, kernel, _ = convolution.weight.shape
        self.stride = stride
        smaller = [(1, kernel), (kernel, 1), (1, 1)] if kernel > 1 else []
        self.parallel = nn.ParameterList(_start(channels, c_in, *sides) for sides in smaller)
        self.inner = _start(c_in, c_in)  # a 1x1 convolution without bias, so that folding is exact at borders
        self.outer = _start(channels, c_in, kernel, kernel)
        self.identity = nn.Parameter(torch.zeros(channels // stride**2))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight of a single convolution that equals the sum of the one with `weight` and all branches."""
        folded = weight + torch.einsum("omij,mc->ocij", self.outer, self.inner)
        for branch in (*self.parallel, self._copies(weight.shape[1])[:, :, None, None]):
            above, left = ((a - b) // 2 for a, b in zip(weight.shape[2:], branch.shape[2:], strict=True))
            folded = folded + F.pad(branch, (left, left, above, above))
        return folded

    def _copies(self, c_in: int) -> Tensor:
        """Weight `[c_out * s^2, c_in]` from input channel i to every sub-pixel of output channel i, if both exist."""
        gains = self.identity[:c_in].repeat_interleave(self.stride**2)
        rows = torch.arange(len(gains), device=gains.device)
        copies = gains.new_zeros(len(self.identity) * self.stride**2, c_in)
        return copies.index_put((rows, rows // self.stride**2), gains)


class Folding(nn.ModuleDict):
    """Branches of every upsampling stage of a decoder, by the names of the weights they fold into."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        for name, module in decoder.named_modules():
            if isinstance(module, Upsample):
                convolution = module[0]
                assert isinstance(convolution, nn.Conv2d)
                self[f"{name}.0.weight".replace(".", "/")] = Branches(convolution, module.stride)

    def forward(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The weights of a decoder, by name, with branches folded into the weights of stages."""
        folded = {key.replace("/", "."): branches(weights[key.replace("/", ".")]) for key, branches in self.items()}
        return {**weights, **folded}


def _start(*shape: int) -> nn.Parameter:
    weight = torch.empty(shape)
    nn.init.kaiming_uniform_(weight, a=5**0.5)  # as nn.Conv2d does
    return nn.Parameter(BRANCH_SCALE * weight)
