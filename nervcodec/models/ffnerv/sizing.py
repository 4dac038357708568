"""Choice of an FFNeRV for a picture and a number of weights."""

from nervcodec.models.ffnerv.config import FFNeRVConfig
from nervcodec.models.hnerv.sizing import hnerv_widths
from nervcodec.models.sizing import (
    CONTENT_CHANNELS,
    NetworkRequest,
    choose_strides,
    content_shape,
    fit_width,
    kernel_sizes,
)

SPANS = (2,)  # FFNeRV's code has a grid with a row for each frame and one with a row for each second frame
REACH = 2  # the window of FFNeRV's code: two frames before and two after
STAGES_AFTER_FLOW = 2  # as in FFNeRV's code


def choose_ffnerv(request: NetworkRequest) -> FFNeRVConfig:
    """The config of the FFNeRV nearest to a request, always one for RGB.

    Raises RequestError for a number of weights that none has.
    """
    return fit_width(lambda stem: ffnerv_config(request.height, request.width, stem), request.weights)


def ffnerv_config(height: int, width: int, stem: int) -> FFNeRVConfig:
    """The config of FFNeRV for a picture of `height` x `width` pixels with `stem` channels after the stem."""
    strides = choose_strides(height, width)
    return FFNeRVConfig(
        content=(CONTENT_CHANNELS // (1 + len(SPANS)), *content_shape(height, width, strides)[1:]),
        strides=strides,
        widths=hnerv_widths(stem, len(strides)),
        kernels=kernel_sizes(len(strides)),
        spans=SPANS,
        reach=REACH,
        flow_stage=len(strides) - STAGES_AFTER_FLOW,
    )
