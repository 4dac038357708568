"""The rows of QS-NeRV's Table 3 as named configs."""

from dataclasses import dataclass, replace

from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.models.sdmn.sizing import skip_shapes
from nervcodec.models.sizing import NetworkRequest, kernel_sizes


@dataclass(frozen=True)
class SDMNRow:
    """One row of QS-NeRV's Table 3; the size of its invertible networks is ours, to reach the weights of its label."""

    height: int
    width: int
    content: tuple[int, int, int]
    widths: tuple[int, ...]
    """Channels after the stem (C_init of Table 3), then after each stage (Channels), which follow no single rule."""
    strides: tuple[int, ...]
    couplings: int
    growth: int

    def config(self) -> SDMNConfig:
        """The config of this row."""
        coarse, fine = skip_shapes(self.content, self.strides)
        return SDMNConfig(
            content=self.content,
            strides=self.strides,
            widths=self.widths,
            kernels=kernel_sizes(len(self.strides)),
            coarse=coarse,
            fine=fine,
            taps=(1, 2),
            skip_channels=self.content[0],
            couplings=self.couplings,
            growth=self.growth,
            affine=1,
        )

    def config_for(self, request: NetworkRequest) -> SDMNConfig:
        """The config of this row, with the couplings and latents that are requested."""
        return replace(self.config(), affine=int(request.affine), latent=request.latent)


ROWS: dict[str, SDMNRow] = {
    "sdmn480-3m": SDMNRow(480, 960, (16, 2, 4), (98, 82, 68, 57, 48, 40), (5, 4, 3, 2, 2), 3, 20),
    "sdmn960-3m": SDMNRow(960, 1920, (16, 2, 4), (84, 70, 58, 48, 40, 33), (5, 4, 4, 3, 2), 3, 20),
    "sdmn640-0.75m": SDMNRow(640, 1280, (12, 2, 4), (43, 36, 30, 24, 20, 17), (5, 4, 4, 2, 2), 2, 12),
}
