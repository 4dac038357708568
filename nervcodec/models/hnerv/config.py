"""Config of HNeRV (CVPR 2023)."""

from dataclasses import dataclass

from nervcodec.models.config import PyramidConfig


@dataclass(frozen=True, kw_only=True)
class HNeRVConfig(PyramidConfig):
    """The config of HNeRV, which is the pyramid alone."""
