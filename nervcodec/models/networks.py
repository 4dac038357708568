"""From a config to its networks."""

from torch import nn

from nervcodec.models.config import DNeRVConfig, HNeRVConfig
from nervcodec.models.dnerv import DNeRV, DNeRVEncoder
from nervcodec.models.hnerv import HNeRV, HNeRVEncoder


def build_decoder(config: HNeRVConfig) -> nn.Module:
    """The network a config describes; `forward(embeddings, times) -> frames`."""
    return DNeRV(config) if isinstance(config, DNeRVConfig) else HNeRV(config)


def build_encoder(config: HNeRVConfig) -> nn.Module:
    """What makes the embeddings of a config's decoder out of frames; used in fitting only."""
    return DNeRVEncoder(config) if isinstance(config, DNeRVConfig) else HNeRVEncoder(config)
