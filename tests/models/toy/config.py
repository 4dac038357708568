"""Config of the toy model, and the rule that chooses it."""

from dataclasses import dataclass

from nervcodec.models.config import PyramidConfig
from nervcodec.models.sizing import NetworkRequest, choose_strides, content_shape


@dataclass(frozen=True, kw_only=True)
class ToyConfig(PyramidConfig):
    """A pyramid whose stages have one channel each."""

    gain: int
    """Factor by which the output of the head is multiplied."""


def choose_toy(request: NetworkRequest) -> ToyConfig:
    """The config of the toy for a picture, whatever number of weights is requested."""
    strides = choose_strides(request.height, request.width)
    content = (1, *content_shape(request.height, request.width, strides)[1:])
    widths = (1,) * (len(strides) + 1)
    return ToyConfig(content=content, strides=strides, widths=widths, kernels=(1,) * len(strides), gain=3)
