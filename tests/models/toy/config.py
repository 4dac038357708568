"""Config and rule of the size of the toy model."""

from dataclasses import dataclass

from nervcodec.models.config import PyramidConfig
from nervcodec.models.sizing import NetworkRequest, choose_strides, content_shape


@dataclass(frozen=True, kw_only=True)
class ToyConfig(PyramidConfig):
    """A pyramid whose stages are of one channel each."""

    gain: int
    """What the head is multiplied by."""


def choose_toy(request: NetworkRequest) -> ToyConfig:
    """The toy for a picture, whatever number of weights is asked for."""
    strides = choose_strides(request.height, request.width)
    content = (1, *content_shape(request.height, request.width, strides)[1:])
    widths = (1,) * (len(strides) + 1)
    return ToyConfig(content=content, strides=strides, widths=widths, kernels=(1,) * len(strides), gain=3)
