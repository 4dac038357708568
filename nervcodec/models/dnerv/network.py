"""DNeRV: modeling inherent dynamics via difference neural representation (Zhao et al., CVPR 2023).

This is not the D-NeRV of the same conference (He et al.), which conditions one network on many videos.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.blocks import at_times, upsampling_stages
from nervcodec.models.dnerv.config import FUSED_STAGES, DNeRVConfig
from nervcodec.models.dnerv.rows import ENCODER_STRIDES
from nervcodec.models.dnerv.sizing import split_ratio
from nervcodec.models.encoder import FrameEncoder


class Gate(nn.Module):
    """The collaborative content unit: a GRU's update without its reset gate; content is state, difference is input."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()

        def convolution() -> nn.Conv2d:
            return nn.Conv2d(channels, channels, kernel, padding=kernel // 2)

        self.candidate_content = convolution()
        self.candidate_difference = convolution()
        self.update_content = convolution()
        self.update_difference = convolution()

    def joined(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Weight and bias of one convolution of both inputs for the candidate, then of one for the update."""
        for a, b in (
            (self.candidate_content, self.candidate_difference),
            (self.update_content, self.update_difference),
        ):
            assert a.bias is not None
            assert b.bias is not None
            yield torch.cat([a.weight, b.weight], dim=1), a.bias + b.bias

    def forward(self, content: Tensor, difference: Tensor) -> Tensor:
        both = torch.cat([content, difference], dim=1)
        candidate, update = (F.conv2d(both, w, b, padding=w.shape[2] // 2) for w, b in self.joined())
        return torch.lerp(content, torch.tanh(candidate), torch.sigmoid(update))


class DNeRV(nn.Module):
    """The pyramid of HNeRV, with the difference stream gated in after stage 3; frames leave through a sigmoid."""

    def __init__(self, config: DNeRVConfig) -> None:
        super().__init__()
        widths = config.difference_widths
        kernels = [config.difference_kernel] * len(config.difference_strides)
        self.stem = nn.Conv2d(config.content[0], config.widths[0], 1)
        self.stages = upsampling_stages(config.widths, config.strides, config.kernels)
        self.head = nn.Conv2d(config.widths[-1], config.channels, 3, padding=1)
        self.difference_stem = nn.Conv2d(config.difference[0], widths[0], 1)
        self.difference_stages = upsampling_stages(widths, config.difference_strides, kernels)
        self.gate = Gate(widths[-1], config.gate_kernel)

    def forward(self, embeddings: dict[str, Tensor], times: Tensor) -> Tensor:
        """Frames `[B, C, H, W]` in [0, 1] at `times` `[B]` from embeddings `[T, c, h, w]`."""
        content = self.stages[:FUSED_STAGES](self.stem(at_times(embeddings["content"], times)))
        difference = self.difference_stages(self.difference_stem(at_times(embeddings["difference"], times)))
        x = self.stages[FUSED_STAGES:](self.gate(content, difference))
        return torch.sigmoid(self.head(x))


class DNeRVEncoder(nn.Module):
    """An encoder of a frame into the content embedding, and of its two first differences into the difference embedding.

    With `flow`, the difference embedding is made of the frame's optical flow to its neighbours (DNeRV, supplement,
    section 9.4).
    """

    def __init__(self, config: DNeRVConfig, decoder: nn.Module, *, flow: bool = False) -> None:
        super().__init__()
        picture, grid = config.padded_size, config.difference[1:]
        strides = ENCODER_STRIDES.get((*picture, *grid)) or split_ratio(picture[0] // grid[0])
        self.content = FrameEncoder(config.channels, config.content[0], config.strides)
        seen = 4 if flow else 2 * config.channels  # two fields of x, y; two differences
        self.difference = FrameEncoder(seen, config.difference[0], strides)

    def forward(
        self, previous: Tensor, frames: Tensor, following: Tensor, flow: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Embeddings `[B, c, h, w]` of `frames` `[B, C, H, W]` in [0, 1], whose neighbours are of the same shape.

        flow: `[B, 4, H, W]`, x and y to the previous and to the following frame, for an encoder that sees it.
        """
        if flow is None:
            backward, forward = frames - previous, following - frames
            motion = torch.stack((backward, forward), dim=2).flatten(1, 2)  # R_b R_f G_b G_f B_b B_f
        else:
            motion = flow
        return {"content": self.content(frames), "difference": self.difference(motion)}
