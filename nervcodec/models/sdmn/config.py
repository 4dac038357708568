"""Config of SDMN, the base layer of QS-NeRV (ACM MM 2024)."""

from dataclasses import dataclass

from nervcodec.models.config import PyramidConfig, convolution_parameters
from nervcodec.models.limits import MAX_COUPLINGS, MAX_DEVIATION, MAX_SEED, MAX_WIDTH, require, require_grid


def dense_parameters(c_in: int, c_out: int, growth: int) -> int:
    """Number of weights and biases of a dense block of five 3x3 convolutions."""
    hidden = sum(convolution_parameters(c_in + i * growth, growth, 3) for i in range(4))
    return hidden + convolution_parameters(c_in + 4 * growth, c_out, 3)


@dataclass(frozen=True, kw_only=True)
class SDMNConfig(PyramidConfig):
    """The pyramid of HNeRV with two invertible skips (SDMN, the base layer of QS-NeRV, ACM MM 2024).

    The supplement fixes the shapes of the skips (Table 1), but not where they join and how large their networks are.
    """

    coarse: tuple[int, int, int]
    """Shape of one frame's features that are sent for the smallest scale (f_2 of Table 1): channels, height, width."""
    fine: tuple[int, int, int]
    """Shape of one frame's features that are sent for the next scale (f_1 of Table 1): channels, height, width."""
    taps: tuple[int, ...]
    """Stages whose outputs the coarse and the fine skip are added to; 0 is the stem."""
    skip_channels: int
    """Channels of the invertible networks: those that are sent, and the rest, which follow from the latent rule."""
    couplings: int
    """Number of coupling blocks of each invertible network."""
    growth: int
    """Channels that a convolution adds in a dense block."""
    affine: int
    """1 for affine couplings, 0 for additive ones."""
    latent: tuple[int, ...] = ()
    """Rule for the channels that are not sent: empty for zeros, or (seed, deviation in 255ths) for draws."""

    def __post_init__(self) -> None:
        for feature in self.skips.values():
            require_grid(feature)
            require(feature[0] < self.skip_channels, f"{feature[0]} of {self.skip_channels} channels sent")
        require(self.skip_channels <= MAX_WIDTH, f"{self.skip_channels} channels in a skip")
        require(len(self.taps) == 2 and 0 <= self.taps[0] < self.taps[1] <= len(self.strides), f"taps {self.taps}")
        require(1 <= self.couplings <= MAX_COUPLINGS, f"{self.couplings} couplings")
        require(1 <= self.growth <= MAX_WIDTH, f"a growth of {self.growth}")
        require(self.affine in (0, 1), f"a coupling of kind {self.affine}")
        drawn = len(self.latent) == 2 and self.latent[0] <= MAX_SEED and self.latent[1] <= MAX_DEVIATION
        require(not self.latent or drawn, f"the latent rule {self.latent}")
        super().__post_init__()

    @property
    def skips(self) -> dict[str, tuple[int, int, int]]:
        """Shape `[C, h, w]` of what is sent for each skip, in the order of their taps."""
        return {"coarse": self.coarse, "fine": self.fine}

    @property
    def largest_map(self) -> int:
        dense = self.skip_channels + 4 * self.growth  # the input of the last convolution of a dense block
        return max(super().largest_map, *(dense * height * width for _, height, width in self.skips.values()))

    @property
    def embeddings(self) -> dict[str, tuple[int, int, int]]:
        return {"content": self.content, **self.skips}

    @property
    def unsent(self) -> dict[str, tuple[int, int, int]]:
        return {f"{name}_latent": (self.skip_channels - sent, h, w) for name, (sent, h, w) in self.skips.items()}

    @property
    def drawn(self) -> dict[str, tuple[int, int, int]]:
        return self.unsent if self.latent else {}

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, *(f"{name}_skip" for name in self.skips))

    @property
    def parameters(self) -> int:
        skips = sum(
            self.couplings * self._coupling_parameters(sent)
            + convolution_parameters(self.skip_channels, self.widths[tap], 1)
            for (sent, _, _), tap in zip(self.skips.values(), self.taps, strict=True)
        )
        return super().parameters + skips

    def _coupling_parameters(self, sent: int) -> int:
        rest = self.skip_channels - sent
        return dense_parameters(rest, sent, self.growth) + (1 + self.affine) * dense_parameters(sent, rest, self.growth)
