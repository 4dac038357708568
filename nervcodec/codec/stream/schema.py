"""Names and shapes of the tensors of a layer in file order: embeddings, then the decoder's parameters by module.

The decoder itself, built without memory on the `meta` device, is the only description of its parameters.
"""

from dataclasses import dataclass
from itertools import groupby

import torch

from nervcodec.models.config import PyramidConfig
from nervcodec.models.networks import build_decoder


@dataclass(frozen=True)
class TensorSpec:
    """Name and shape of one tensor."""

    name: str
    shape: tuple[int, ...]
    temporal: bool
    """Whether the first two axes are time and channels (embeddings); else the first axis is the output channels."""


def layer_schema(config: PyramidConfig, frames: int) -> list[list[TensorSpec]]:
    """The tensors of each group in `config.groups`, for a segment of `frames` frames."""
    embeddings = [[TensorSpec(name, config.embedding_shape(name, frames), True)] for name in config.embeddings]
    with torch.device("meta"):
        parameters = [TensorSpec(n, tuple(p.shape), False) for n, p in build_decoder(config).named_parameters()]
    modules = [list(specs) for _, specs in groupby(parameters, key=lambda spec: spec.name.partition(".")[0])]
    return embeddings + modules
