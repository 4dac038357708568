"""What describes a decoder: frozen configs, their parameter counts and their form on the wire.

Nothing here imports torch, so a file can be described without loading a network.
"""

from dataclasses import dataclass, fields
from math import prod

from nervcodec.errors import RequestError, UnsupportedStream
from nervcodec.picture import MAX_PIXELS

MAX_STAGES = 8
MAX_STRIDE = 8
MAX_KERNEL = 9
MAX_WIDTH = 2048
MAX_GRID = 2048
MAX_PARAMETERS = 1 << 28
MAX_MAP = 1 << 31  # numbers in the largest feature map of one frame

FUSED_STAGES = 3  # DNeRV code: the gate sits after the third of five stages


def convolution_parameters(c_in: int, c_out: int, kernel: int) -> int:
    """Weights and biases of one square convolution."""
    return c_out * (c_in * kernel * kernel + 1)


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


MODELS: dict[int, tuple[str, type[HNeRVConfig]]] = {1: ("hnerv", HNeRVConfig), 2: ("dnerv", DNeRVConfig)}
"""Wire id, name and config of each model. Ids never change; append only."""


def pack_config(config: HNeRVConfig) -> tuple[int, tuple[int, ...]]:
    """The wire id of a config and its fields in order, each tuple preceded by its length."""
    model_id = next(i for i, (_, kind) in MODELS.items() if kind is type(config))
    values: list[int] = []
    for field in fields(config):
        value = getattr(config, field.name)
        values.extend((len(value), *value) if isinstance(value, tuple) else (value,))
    return model_id, tuple(values)


def unpack_config(model_id: int, values: tuple[int, ...]) -> HNeRVConfig:
    """The config behind `pack_config`'s numbers.

    Raises UnsupportedStream for an unknown model or fields out of range.
    """
    if model_id not in MODELS:
        raise UnsupportedStream(f"model {model_id} is not known to this decoder")
    kind = MODELS[model_id][1]
    rest = list(values)
    arguments: dict[str, object] = {}
    try:
        for field in fields(kind):
            if field.type is int:
                arguments[field.name] = rest.pop(0)
            else:
                length = rest.pop(0)
                arguments[field.name] = tuple(rest[:length])
                del rest[:length]
        config = kind(**arguments)  # type: ignore[arg-type]
    except (IndexError, ValueError, RequestError) as error:
        raise UnsupportedStream(f"the model description is out of range: {error}") from error
    if rest:
        raise UnsupportedStream(f"the model description is {len(rest)} numbers too long")
    return config


def model_name(config: HNeRVConfig) -> str:
    """The name under which the command line knows this kind of config."""
    return next(name for name, kind in MODELS.values() if kind is type(config))


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise RequestError(f"no such network: {what}")


def _require_kernel(kernel: int) -> None:
    _require(1 <= kernel <= MAX_KERNEL and kernel % 2 == 1, f"a kernel of {kernel}")


def _require_grid(grid: tuple[int, ...]) -> None:
    _require(len(grid) == 3 and all(1 <= side <= MAX_GRID for side in grid), f"an embedding of {grid}")
