"""From a config to its networks."""

from dataclasses import dataclass

from torch import Tensor, nn

from nervcodec.models.config import DNeRVConfig, HNeRVConfig
from nervcodec.models.dnerv import DNeRV, DNeRVEncoder
from nervcodec.models.enhancement import Enhancement
from nervcodec.models.ffnerv import FFNeRV
from nervcodec.models.flow_config import FFNeRVConfig
from nervcodec.models.hnerv import HNeRV, HNeRVEncoder
from nervcodec.models.latents import latents
from nervcodec.models.scalable_config import EnhancementConfig, SDMNConfig
from nervcodec.models.sdmn import SDMN, SDMNEncoder


@dataclass(frozen=True)
class DecoderState:
    """All that turns a decoder into a clip: float32, on the CPU."""

    weights: dict[str, Tensor]
    """The decoder's parameters by name."""
    embeddings: dict[str, Tensor]
    """`[T, C, h, w]` each, those that follow from the config alone among them."""


def build_decoder(config: HNeRVConfig) -> nn.Module:
    """The network a config describes; `forward(embeddings, times) -> frames`."""
    match config:
        case DNeRVConfig():
            return DNeRV(config)
        case SDMNConfig():
            return SDMN(config)
        case EnhancementConfig():
            return Enhancement(config)
        case FFNeRVConfig():
            return FFNeRV(config)
        case _:
            return HNeRV(config)


def build_encoder(config: HNeRVConfig, decoder: nn.Module, *, flow: bool = False) -> nn.Module:
    """What makes the embeddings of a config's decoder out of frames; used in fitting only.

    With `flow`, DNeRV's sees optical flow in place of differences.
    """
    match config:
        case DNeRVConfig():
            return DNeRVEncoder(config, flow=flow)
        case SDMNConfig():
            assert isinstance(decoder, SDMN)
            return SDMNEncoder(config, decoder)
        case _:
            return HNeRVEncoder(config)


def given_embeddings(config: HNeRVConfig, frames: int) -> dict[str, Tensor]:
    """What a decoder sees beside the embeddings of the stream, `[T, C, h, w]`: it follows from the config alone."""
    return latents(config, frames) if isinstance(config, SDMNConfig) else {}
