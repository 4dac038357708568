"""What describes a decoder: frozen configs and their parameter counts.

Nothing here imports torch, so a file can be described without loading a network.
"""

from dataclasses import dataclass
from math import prod

from nervcodec.errors import RequestError
from nervcodec.picture import MAX_PIXELS

MAX_STAGES = 8
MAX_STRIDE = 8
MAX_KERNEL = 9
MAX_WIDTH = 2048
MAX_GRID = 2048
MAX_PARAMETERS = 1 << 28
MAX_MAP = 1 << 31  # numbers in the largest feature map of one frame

MAX_COUPLINGS = 16
MAX_SEED = (1 << 32) - 1
MAX_DEVIATION = 255

FUSED_STAGES = 3  # DNeRV code: the gate sits after the third of five stages


def convolution_parameters(c_in: int, c_out: int, kernel: int) -> int:
    """Weights and biases of one square convolution."""
    return c_out * (c_in * kernel * kernel + 1)


def dense_parameters(c_in: int, c_out: int, growth: int) -> int:
    """Weights and biases of a dense block of five 3x3 convolutions."""
    hidden = sum(convolution_parameters(c_in + i * growth, growth, 3) for i in range(4))
    return hidden + convolution_parameters(c_in + 4 * growth, c_out, 3)


@dataclass(frozen=True, kw_only=True)
class HNeRVConfig:
    """A pyramid of convolution + PixelShuffle stages above a small embedding (HNeRV, CVPR 2023)."""

    content: tuple[int, int, int]
    """Embedding of one frame: channels, height, width."""
    strides: tuple[int, ...]
    """Upsampling factor of each stage; their product is the grid the picture is padded to."""
    widths: tuple[int, ...]
    """Channels after the stem, then after each stage."""
    kernels: tuple[int, ...]
    """Kernel of the convolution in each stage."""

    def __post_init__(self) -> None:
        stages = len(self.strides)
        _require(1 <= stages <= MAX_STAGES, f"{stages} stages")
        _require(len(self.kernels) == stages, f"{len(self.kernels)} kernels for {stages} stages")
        _require(len(self.widths) == stages + 1, f"{len(self.widths)} widths for {stages} stages")
        _require(all(1 <= s <= MAX_STRIDE for s in self.strides), f"strides {self.strides}")
        _require(all(1 <= w <= MAX_WIDTH for w in self.widths), f"widths {self.widths}")
        for kernel in self.kernels:
            _require_kernel(kernel)
        _require_grid(self.content)
        height, width = self.padded_size
        _require(height * width <= MAX_PIXELS, f"a picture of {width}x{height}")
        _require(self.parameters <= MAX_PARAMETERS, f"{self.parameters} weights")
        _require(self.largest_map <= MAX_MAP, f"{self.largest_map} numbers in a feature map")

    @property
    def padded_size(self) -> tuple[int, int]:
        """Height and width of what the network renders, before cropping, in pixels."""
        grid = prod(self.strides)
        return self.content[1] * grid, self.content[2] * grid

    @property
    def largest_map(self) -> int:
        """Numbers in the largest feature map of one frame."""
        cells = self.content[1] * self.content[2]
        sizes = [self.widths[0] * cells]
        for width, stride in zip(self.widths[1:], self.strides, strict=True):
            cells *= stride**2
            sizes.append(width * cells)
        return max(sizes)

    @property
    def embeddings(self) -> dict[str, tuple[int, int, int]]:
        """Shape `[C, h, w]` of each embedding of one frame, in the order of the wire."""
        return {"content": self.content}

    @property
    def unsent(self) -> dict[str, tuple[int, int, int]]:
        """Shape `[C, h, w]` of what the decoder also sees of a frame, but the stream does not hold."""
        return {}

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the tensor groups of a layer, in the order of the wire: embeddings, then modules."""
        return (*self.embeddings, "stem", "stages", "head")

    @property
    def parameters(self) -> int:
        """Weights and biases that the stream carries; embeddings are not among them."""
        stem = convolution_parameters(self.content[0], self.widths[0], 1)
        stages = sum(
            convolution_parameters(c_in, c_out * stride**2, kernel)
            for c_in, c_out, stride, kernel in zip(
                self.widths, self.widths[1:], self.strides, self.kernels, strict=False
            )
        )
        return stem + stages + convolution_parameters(self.widths[-1], 3, 3)


@dataclass(frozen=True, kw_only=True)
class DNeRVConfig(HNeRVConfig):
    """The pyramid of HNeRV with a gated stream of frame differences (DNeRV, CVPR 2023)."""

    difference: tuple[int, int, int]
    """Difference embedding of one frame: channels, height, width."""
    difference_strides: tuple[int, ...]
    """Upsampling factors from the difference embedding to the map after stage 3."""
    difference_kernel: int
    """Kernel of the convolutions that upsample the difference embedding."""
    gate_kernel: int
    """Kernel of the four convolutions of the gate (K_c of Table 8)."""

    def __post_init__(self) -> None:
        _require(len(self.strides) > FUSED_STAGES, f"{len(self.strides)} stages for a gate after stage {FUSED_STAGES}")
        _require(1 <= len(self.difference_strides) <= FUSED_STAGES, f"{len(self.difference_strides)} difference stages")
        _require(all(1 <= s <= MAX_STRIDE for s in self.difference_strides), f"strides {self.difference_strides}")
        _require_grid(self.difference)
        _require_kernel(self.difference_kernel)
        _require_kernel(self.gate_kernel)
        super().__post_init__()
        scale = prod(self.difference_strides)
        upsampled = tuple(scale * side for side in self.difference[1:])
        fused = tuple(prod(self.strides[:FUSED_STAGES]) * side for side in self.content[1:])
        _require(upsampled == fused, f"a difference embedding that grows to {upsampled} where {fused} is needed")

    @property
    def embeddings(self) -> dict[str, tuple[int, int, int]]:
        return {"content": self.content, "difference": self.difference}

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "difference_stem", "difference_stages", "gate")

    @property
    def difference_widths(self) -> tuple[int, ...]:
        """Channels along the difference path: n blocks start at c_(3-n) and end at c_3 (our general rule)."""
        return self.widths[FUSED_STAGES - len(self.difference_strides) : FUSED_STAGES + 1]

    @property
    def parameters(self) -> int:
        widths = self.difference_widths
        stem = convolution_parameters(self.difference[0], widths[0], 1)
        stages = sum(
            convolution_parameters(c_in, c_out * stride**2, self.difference_kernel)
            for c_in, c_out, stride in zip(widths, widths[1:], self.difference_strides, strict=False)
        )
        gate = 4 * convolution_parameters(widths[-1], widths[-1], self.gate_kernel)
        return super().parameters + stem + stages + gate


@dataclass(frozen=True, kw_only=True)
class SDMNConfig(HNeRVConfig):
    """The pyramid of HNeRV with two invertible skips (SDMN, the base layer of QS-NeRV, ACM MM 2024).

    The supplement fixes the shapes of the skips (Table 1), not where they join, nor how large their networks are.
    """

    coarse: tuple[int, int, int]
    """What is sent of one frame for the skip at the smallest scale (f_2 of Table 1): channels, height, width."""
    fine: tuple[int, int, int]
    """The same at the next scale (f_1)."""
    taps: tuple[int, ...]
    """Stages whose outputs the coarse and the fine skip are added to; 0 is the stem."""
    skip_channels: int
    """Channels of the invertible networks: those that are sent, and the rest, which follow from the latent rule."""
    couplings: int
    """Coupling blocks of each invertible network."""
    growth: int
    """Channels that a convolution adds in a dense block."""
    affine: int
    """1 for affine couplings, 0 for additive ones."""
    latent: tuple[int, ...] = ()
    """What the decoder takes for the channels that are not sent: zeros, or draws of (seed, deviation in 255ths)."""

    def __post_init__(self) -> None:
        for feature in self.skips.values():
            _require_grid(feature)
            _require(feature[0] < self.skip_channels, f"{feature[0]} of {self.skip_channels} channels sent")
        _require(self.skip_channels <= MAX_WIDTH, f"{self.skip_channels} channels in a skip")
        _require(len(self.taps) == 2 and 0 <= self.taps[0] < self.taps[1] <= len(self.strides), f"taps {self.taps}")
        _require(1 <= self.couplings <= MAX_COUPLINGS, f"{self.couplings} couplings")
        _require(1 <= self.growth <= MAX_WIDTH, f"a growth of {self.growth}")
        _require(self.affine in (0, 1), f"a coupling of kind {self.affine}")
        drawn = len(self.latent) == 2 and self.latent[0] <= MAX_SEED and self.latent[1] <= MAX_DEVIATION
        _require(not self.latent or drawn, f"the latent rule {self.latent}")
        super().__post_init__()

    @property
    def skips(self) -> dict[str, tuple[int, int, int]]:
        """What is sent for each skip, `[C, h, w]`, in the order of their taps."""
        return {"coarse": self.coarse, "fine": self.fine}

    @property
    def embeddings(self) -> dict[str, tuple[int, int, int]]:
        return {"content": self.content, **self.skips}

    @property
    def unsent(self) -> dict[str, tuple[int, int, int]]:
        return {f"{name}_latent": (self.skip_channels - sent, h, w) for name, (sent, h, w) in self.skips.items()}

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


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise RequestError(f"no such network: {what}")


def _require_kernel(kernel: int) -> None:
    _require(1 <= kernel <= MAX_KERNEL and kernel % 2 == 1, f"a kernel of {kernel}")


def _require_grid(grid: tuple[int, ...]) -> None:
    _require(len(grid) == 3 and all(1 <= side <= MAX_GRID for side in grid), f"an embedding of {grid}")
