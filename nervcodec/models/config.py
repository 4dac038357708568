"""Descriptions of decoders: frozen configs and their parameter counts.

Nothing here imports torch, so a file can be described without loading a network.
"""

from dataclasses import dataclass
from math import prod

from nervcodec.models.limits import (
    MAX_MAP,
    MAX_PARAMETERS,
    MAX_STAGES,
    MAX_STRIDE,
    MAX_WIDTH,
    require,
    require_grid,
    require_kernel,
)
from nervcodec.picture import CHANNELS, MAX_PIXELS


def convolution_parameters(c_in: int, c_out: int, kernel: int) -> int:
    """Number of weights and biases of one square convolution."""
    return c_out * (c_in * kernel * kernel + 1)


@dataclass(frozen=True, kw_only=True)
class PyramidConfig:
    """A pyramid of convolution + PixelShuffle stages above a small embedding, which all networks here have in common.

    By itself it describes the network of HNeRV (CVPR 2023); other models add fields.
    """

    content: tuple[int, int, int]
    """Shape of the content embedding of one frame: channels, height, width."""
    strides: tuple[int, ...]
    """Upsampling factor of each stage; their product is the grid the picture is padded to."""
    widths: tuple[int, ...]
    """Channels after the stem, then after each stage."""
    kernels: tuple[int, ...]
    """Kernel size of the convolution in each stage."""
    channels: int = 3
    """Channels of the pictures (`nervcodec.picture.CHANNELS`), which a file has in its header."""

    def __post_init__(self) -> None:
        stages = len(self.strides)
        require(1 <= stages <= MAX_STAGES, f"{stages} stages")
        require(len(self.kernels) == stages, f"{len(self.kernels)} kernels for {stages} stages")
        require(len(self.widths) == stages + 1, f"{len(self.widths)} widths for {stages} stages")
        require(all(1 <= s <= MAX_STRIDE for s in self.strides), f"strides {self.strides}")
        require(all(1 <= w <= MAX_WIDTH for w in self.widths), f"widths {self.widths}")
        require(self.channels in CHANNELS.values(), f"pictures of {self.channels} channels")
        for kernel in self.kernels:
            require_kernel(kernel)
        require_grid(self.content)
        height, width = self.padded_size
        require(height * width <= MAX_PIXELS, f"a picture of {width}x{height}")
        require(self.parameters <= MAX_PARAMETERS, f"{self.parameters} weights")
        require(self.largest_map <= MAX_MAP, f"{self.largest_map} numbers in a feature map")

    @property
    def padded_size(self) -> tuple[int, int]:
        """Height and width of the pictures that the network renders, before cropping."""
        grid = prod(self.strides)
        return self.content[1] * grid, self.content[2] * grid

    @property
    def largest_map(self) -> int:
        """Number of values in the largest feature map of one frame."""
        cells = self.content[1] * self.content[2]
        sizes = [self.widths[0] * cells]
        for width, stride in zip(self.widths[1:], self.strides, strict=True):
            cells *= stride**2
            sizes.append(width * cells)
        return max(sizes)

    @property
    def largest_render(self) -> int:
        """Number of values in the largest maps of all frames that a decoder must make together, at least one frame."""
        return self.largest_map

    @property
    def embeddings(self) -> dict[str, tuple[int, int, int]]:
        """Shape `[C, h, w]` of each embedding of one frame, in the order of the wire."""
        return {"content": self.content}

    @property
    def unsent(self) -> dict[str, tuple[int, int, int]]:
        """Shape `[C, h, w]` of each embedding of one frame that the decoder sees, but the stream does not hold."""
        return {}

    @property
    def drawn(self) -> dict[str, tuple[int, int, int]]:
        """Shape `[C, h, w]` of each embedding of one frame that the decoder draws, and then holds in memory."""
        return {}

    @property
    def span_of(self) -> dict[str, int]:
        """Number of frames from a row of each embedding to the next row (`nervcodec.models.grids`)."""
        return dict.fromkeys(self.embeddings, 1)

    @property
    def window(self) -> int:
        """Number of neighbours on each side of a frame whose embeddings the decoder sees too."""
        return 0

    def embedding_shape(self, name: str, frames: int) -> tuple[int, int, int, int]:
        """Shape in the stream of an embedding of a segment of `frames` frames."""
        span = self.span_of[name]
        return (frames - 1 + span - 1) // span + 1, *self.embeddings[name]

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the tensor groups of a layer, in the order of the wire: embeddings, then modules."""
        return (*self.embeddings, "stem", "stages", "head")

    @property
    def parameters(self) -> int:
        """Number of weights and biases that the stream carries, not counting embeddings."""
        stem = convolution_parameters(self.content[0], self.widths[0], 1)
        stages = sum(
            convolution_parameters(c_in, c_out * stride**2, kernel)
            for c_in, c_out, stride, kernel in zip(
                self.widths, self.widths[1:], self.strides, self.kernels, strict=False
            )
        )
        return stem + stages + convolution_parameters(self.widths[-1], self.channels, 3)
