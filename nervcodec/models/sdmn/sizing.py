"""Choice of an SDMN for a picture and a number of weights."""

from dataclasses import replace

from nervcodec.models.dnerv.config import FUSED_STAGES
from nervcodec.models.dnerv.sizing import FINE_CHANNELS, fine_grid
from nervcodec.models.domains import for_domain
from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.models.sizing import (
    REDUCTION,
    NetworkRequest,
    choose_strides,
    content_shape,
    fit_width,
    kernel_sizes,
)

SKIP_CHANNELS = 16
SKIP_SHARE = 5  # about Table 3's stems divided by our growth for them: 98 and 20, 84 and 20, 43 and 12


def choose_sdmn(request: NetworkRequest) -> SDMNConfig:
    """The config of the SDMN nearest to a request; its maps have the supplement's sizes with `by_paper` or an encoder.

    Raises RequestError for a number of weights that none has.
    """
    height, width = request.height, request.width
    grid = None if request.by_paper or request.encoder else fine_grid(height, width)

    def build(stem: int) -> SDMNConfig:
        config = replace(sdmn_config(height, width, stem, grid), affine=int(request.affine), latent=request.latent)
        return for_domain(request.domain, config)

    return fit_width(build, request.weights)


def sdmn_config(height: int, width: int, stem: int, grid: tuple[int, int] | None = None) -> SDMNConfig:
    """The config of SDMN for pictures of `height` x `width` with `stem` channels after the stem (ours beyond Table 3).

    grid: (h, w) cells of the fine skip, which is then like DNeRV's difference embedding and joins where that does
    (ours); without a grid, the skips have the shapes of the supplement.
    """
    strides = choose_strides(height, width)
    content = content_shape(height, width, strides)
    coarse, fine = skip_shapes(content, strides)
    return SDMNConfig(
        content=content,
        strides=strides,
        widths=sdmn_widths(stem, len(strides)),
        kernels=kernel_sizes(len(strides)),
        coarse=coarse,
        fine=(FINE_CHANNELS, *grid) if grid else fine,
        taps=(1, FUSED_STAGES if grid else 2),
        skip_channels=SKIP_CHANNELS,
        couplings=1,
        growth=max(stem // SKIP_SHARE, 1),
        affine=1,
    )


def sdmn_widths(stem: int, stages: int) -> tuple[int, ...]:
    """Channels after the stem and each stage: divided by 1.2 per stage, rounded (two of three rows of QS-NeRV's Table
    3), at least 1 (ours)."""
    widths = [stem]
    for _ in range(stages):
        widths.append(max(round(widths[-1] / REDUCTION), 1))
    return tuple(widths)


def skip_shapes(
    content: tuple[int, int, int], strides: tuple[int, ...]
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Shapes of what SDMN sends of an encoder's maps before its last stage and before its last two stages."""
    _, height, width = content
    near, far = strides[-1], strides[-1] * strides[-2]
    return (1, height * near, width * near), (1, height * far, width * far)
