"""Choice of an HNeRV for a picture and a number of weights."""

from nervcodec.models.domains import for_domain
from nervcodec.models.hnerv.config import HNeRVConfig
from nervcodec.models.sizing import (
    REDUCTION,
    NetworkRequest,
    choose_strides,
    content_shape,
    fit_width,
    kernel_sizes,
)

LOWEST_WIDTH = 12


def choose_hnerv(request: NetworkRequest) -> HNeRVConfig:
    """The config of the HNeRV nearest to a request.

    Raises RequestError for a number of weights that none has.
    """
    return fit_width(
        lambda stem: for_domain(request.domain, hnerv_config(request.height, request.width, stem)), request.weights
    )


def hnerv_config(height: int, width: int, stem: int) -> HNeRVConfig:
    """The config of HNeRV for a picture of `height` x `width` pixels with `stem` channels after the stem."""
    strides = choose_strides(height, width)
    return HNeRVConfig(
        content=content_shape(height, width, strides),
        strides=strides,
        widths=hnerv_widths(stem, len(strides)),
        kernels=kernel_sizes(len(strides)),
    )


def hnerv_widths(stem: int, stages: int) -> tuple[int, ...]:
    """Channels after the stem and each stage: divided by 1.2 per stage, rounded, never below 12 (HNeRV) or a narrower
    stem (ours)."""
    widths = [stem]
    for _ in range(stages):
        widths.append(max(round(widths[-1] / REDUCTION), min(LOWEST_WIDTH, stem)))
    return tuple(widths)
