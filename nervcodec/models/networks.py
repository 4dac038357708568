"""From a config to its networks."""

from dataclasses import dataclass

from torch import Tensor, nn

from nervcodec.models.config import DNeRVConfig, HNeRVConfig
from nervcodec.models.dnerv import DNeRV, DNeRVEncoder
from nervcodec.models.hnerv import HNeRV, HNeRVEncoder


@dataclass(frozen=True)
class DecoderState:
    """All that turns a decoder into a clip: float32, on the CPU."""

    weights: dict[str, Tensor]
    """The decoder's parameters by name."""
    embeddings: dict[str, Tensor]
    """`[T, C, h, w]` each."""


def build_decoder(config: HNeRVConfig) -> nn.Module:
    """The network a config describes; `forward(embeddings, times) -> frames`."""
    return DNeRV(config) if isinstance(config, DNeRVConfig) else HNeRV(config)


def build_encoder(config: HNeRVConfig) -> nn.Module:
    """What makes the embeddings of a config's decoder out of frames; used in fitting only."""
    return DNeRVEncoder(config) if isinstance(config, DNeRVConfig) else HNeRVEncoder(config)
