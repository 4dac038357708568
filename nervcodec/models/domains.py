"""Configs for other domains, made of those for RGB."""

from dataclasses import replace
from typing import TypeVar

from nervcodec.models.config import PyramidConfig
from nervcodec.picture import CHANNELS, Domain

Config = TypeVar("Config", bound=PyramidConfig)
LAST_KERNEL = 3
"""Kernel size of the last stage of a network for planes."""


def for_domain(domain: Domain, config: Config) -> Config:
    """The config for a domain, made of the one for RGB.

    For planes of YUV 4:2:0, packed at half size (`nervcodec.planes`), the network ends one stage earlier, where the
    picture has half its size, with six channels, and the kernel of its last stage, which takes most of the time, is 3
    (ours, docs/experiments.md). The last stride of the config for RGB must be 2.
    """
    if domain == "rgb":
        return config
    assert config.strides[-1] == 2
    return replace(
        config,
        strides=config.strides[:-1],
        widths=config.widths[:-1],
        kernels=(*config.kernels[:-2], LAST_KERNEL),
        channels=CHANNELS[domain],
    )
