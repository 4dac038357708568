"""SDMN: the base layer of QS-NeRV, quality-scalable decoding with neural representation for videos (ACM MM 2024).

The paper's text and code are not public; this module follows its supplement. Where the skips join the decoder, how they
are scaled to it, and how large the invertible networks are, is ours.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.models.blocks import at_times, upsampling_stages
from nervcodec.models.encoder import FrameEncoder
from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.models.sdmn.invertible import InvertibleNetwork

ENCODER_WIDTH = 64
JOIN_SCALE = 0.1
"""Factor of the first weights from a skip into the decoder; at zero nothing would reach the channels that are not
sent."""


class Skip(nn.Module):
    """A skip: inverse network and 1x1 convolution, which turn what is sent for one scale into a map of the decoder."""

    def __init__(self, config: SDMNConfig, sent: int, width: int) -> None:
        super().__init__()
        self.rest = config.skip_channels - sent
        self.invertible = InvertibleNetwork(config, sent)
        self.join = nn.Conv2d(config.skip_channels, width, 1)
        with torch.no_grad():
            self.join.weight *= JOIN_SCALE

    def forward(self, sent: Tensor, latent: Tensor | None, size: torch.Size) -> Tensor:
        """The map `[B, width, *size]` from `sent` `[B, C, h, w]` and `latent`, the other channels, zeros if None."""
        if latent is None:
            latent = sent.new_zeros(len(sent), self.rest, *sent.shape[2:])
        return resample(self.join(self.invertible.inverse(torch.cat([sent, latent], dim=1))), size)


class SDMN(nn.Module):
    """The pyramid of HNeRV with a skip added after each of two stages; frames leave through (tanh + 1) / 2."""

    def __init__(self, config: SDMNConfig) -> None:
        super().__init__()
        self.taps = dict(zip(config.taps, config.skips, strict=True))
        self.stem = nn.Conv2d(config.content[0], config.widths[0], 1)
        self.stages = upsampling_stages(config.widths, config.strides, config.kernels)
        self.head = nn.Conv2d(config.widths[-1], config.channels, 3, padding=1)
        self.coarse_skip = Skip(config, config.coarse[0], config.widths[config.taps[0]])
        self.fine_skip = Skip(config, config.fine[0], config.widths[config.taps[1]])

    def forward(self, embeddings: dict[str, Tensor], times: Tensor) -> Tensor:
        """Frames `[B, C, H, W]` in [0, 1] at `times` `[B]` from embeddings, and latents if any, `[T, c, h, w]`."""
        now = {name: at_times(embedding, times) for name, embedding in embeddings.items()}
        x = self._joined(0, F.gelu(self.stem(now["content"])), now)
        for number, stage in enumerate(self.stages, 1):
            x = self._joined(number, stage(x), now)
        return torch.sigmoid(2 * self.head(x))

    def _joined(self, number: int, x: Tensor, now: dict[str, Tensor]) -> Tensor:
        """The output of a stage, with the skip that joins there added, if any."""
        name = self.taps.get(number)
        if name is None:
            return x
        skip = self.coarse_skip if name == "coarse" else self.fine_skip
        joined: Tensor = x + skip(now[name], now.get(f"{name}_latent"), x.shape[2:])
        return joined


class SDMNEncoder(nn.Module):
    """An encoder of frames: HNeRV's encoder, whose two smallest maps go through the invertible networks.

    The invertible networks are the decoder's own, run forwards; their parameters do not count as the encoder's.
    """

    def __init__(self, config: SDMNConfig, decoder: SDMN, *, flow: bool = False) -> None:
        super().__init__()
        self.content = FrameEncoder(config.channels, config.content[0], config.strides, ENCODER_WIDTH)
        self.narrow = nn.ModuleList(nn.Conv2d(ENCODER_WIDTH, config.skip_channels, 1) for _ in config.skips)
        self.skips = config.skips
        self._invertible = decoder.coarse_skip.invertible, decoder.fine_skip.invertible

    def forward(self, previous: Tensor, frames: Tensor, following: Tensor) -> dict[str, Tensor]:
        """Embeddings `[B, c, h, w]` of `frames` `[B, C, H, W]` in [0, 1], and the latents that will not be sent."""
        *maps, content = self.content.maps(frames)
        made = {"content": content}
        smallest = reversed(maps[:-1])  # the map of the last stage becomes the content embedding
        for (name, (sent, *grid)), narrow, network, x in zip(
            self.skips.items(), self.narrow, self._invertible, smallest, strict=False
        ):
            coded = network(resample(narrow(x), torch.Size(grid)))
            made[name], made[f"{name}_latent"] = coded[:, :sent], coded[:, sent:]
        return made


def resample(x: Tensor, size: torch.Size) -> Tensor:
    """A map `[B, C, h, w]` at another size: bilinear, without aligned corners or antialiasing, in its precision."""
    for axis in (2, 3):
        if x.shape[axis] != size[axis - 2]:
            x = _resample_side(x, axis, size[axis - 2])
    return x


def _resample_side(x: Tensor, axis: int, new: int) -> Tensor:
    old = x.shape[axis]
    unit = 2 * new  # of the integers that centres are counted in, so that they are exact without float64
    centres = ((2 * torch.arange(new, device=x.device) + 1) * old - new).clamp(0, unit * (old - 1))
    lower = centres // unit
    fraction = ((centres % unit).float() / unit).to(x.dtype).view(-1, *[1] * (3 - axis))
    below, above = (x.index_select(axis, index) for index in (lower, (lower + 1).clamp(max=old - 1)))
    return torch.lerp(below, above, fraction)
