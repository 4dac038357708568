"""Choice of an enhancement network for a picture and a number of weights."""

from nervcodec.models.domains import for_domain
from nervcodec.models.enhancement.config import EnhancementConfig
from nervcodec.models.sdmn.sizing import sdmn_widths
from nervcodec.models.sizing import NetworkRequest, choose_strides, content_shape, fit_width

JOINED_STAGES = 2
"""Number of stages of an enhancement network after the point where the frames below join it (ours)."""


def choose_enhancement(request: NetworkRequest) -> EnhancementConfig:
    """The config of the enhancement network nearest to a request, or of the smallest one if that is larger."""

    def build(stem: int) -> EnhancementConfig:
        return for_domain(request.domain, enhancement_config(request.height, request.width, stem))

    return fit_width(build, max(request.weights, build(1).parameters))


def enhancement_config(height: int, width: int, stem: int) -> EnhancementConfig:
    """The config of an enhancement network for `height` x `width` pixels with `stem` channels after the stem (ours)."""
    strides = choose_strides(height, width)
    return EnhancementConfig(
        content=content_shape(height, width, strides),
        strides=strides,
        widths=sdmn_widths(stem, len(strides)),
        kernels=(1, 3, 3, 5, 5),
        join=len(strides) - JOINED_STAGES,
    )
