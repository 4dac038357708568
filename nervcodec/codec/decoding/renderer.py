"""Networks of the segments of a stream, unpacked and ready to render; no module that it imports can train."""

from collections.abc import Iterable, Iterator, Sequence
from math import prod

import torch
from torch import Tensor, nn

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.layer import layer_errors
from nervcodec.codec.stream.payload import decoder_state, embedding_values
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.errors import CorruptStream
from nervcodec.memory import check_memory, keep_freed_memory
from nervcodec.models.config import PyramidConfig
from nervcodec.models.networks import DecoderState, build_decoder
from nervcodec.models.prepared import prepare
from nervcodec.picture import VideoFormat
from nervcodec.precision import has_bfloat16, reduced, true_float32
from nervcodec.samples import from_unit, to_unit

BATCH_SAMPLES = 2 << 20
"""Most samples of frames that are rendered together, so that memory does not depend on the number of frames.

A batch has at least as many frames as a window: each frame needs its neighbours, which are then made less than twice.
"""
FLOAT_BYTES = 4
"""Bytes of a number in a feature map; a convolution holds its input, its output and a copy in another layout."""


class Renderers:
    """Makes the renderers of the segments of a stream; if asked in order of time, it unpacks each chunk only once.

    fast: whether networks run in `nervcodec.precision.reduced` instead of float32.

    Raises BitstreamError for networks that make no picture of the video.
    """

    def __init__(self, stream: Stream, device: torch.device, *, fast: bool = False) -> None:
        self.header, self.unpacker = stream.header, Unpacker(stream)
        self.device, self.fast = device, fast
        check_sizes(self.unpacker.configs, self.header.video.map_size)

    def renderer(self, segment: int) -> "Renderer":
        """The renderer of a segment.

        Raises BitstreamError for a damaged segment, ResourceError for one that memory cannot hold.
        """
        networks = segment_networks(self.unpacker, segment, self.header.segments[segment])
        return Renderer(networks, self.header.video, self.device, fast=self.fast)


class Renderer:
    """The networks of a segment from the base up, without layers that add nothing to it.

    One call at a time: networks that are prepared for a CPU write into maps of their own.
    """

    def __init__(
        self,
        networks: Sequence[tuple[PyramidConfig, DecoderState]],
        video: VideoFormat,
        device: torch.device,
        *,
        fast: bool,
    ) -> None:
        keep_freed_memory()
        self.video, self.device, self.fast = video, device, fast
        self.networks = [_build(config, state, device, fast=fast) for config, state in networks]
        base = networks[0][0]
        self.batch = max(1 + 2 * base.window, BATCH_SAMPLES // (base.channels * prod(base.padded_size)))
        """Number of frames that are rendered together; sums in a convolution may depend on it."""

    @torch.inference_mode()
    def __call__(self, times: Tensor) -> Tensor:
        """Frames `[B, C, H, W]`, samples of the depth and domain of the video, on the device.

        times: `[B]`, in frames, counted from the first of the segment.

        Raises CorruptStream for numbers that are not finite.
        """
        times = times.to(self.device)
        with (reduced if self.fast else true_float32)(self.device):
            decoder, embeddings = self.networks[0]
            made = _samples(decoder(embeddings, times), self.video)
            for decoder, embeddings in self.networks[1:]:
                made = _samples(decoder(embeddings, times, to_unit(made)), self.video)
        return made

    @property
    def size(self) -> int:
        """Bytes of weights, embeddings, and maps that are kept from one call to the next."""
        tensors = {
            id(tensor): tensor
            for decoder, embeddings in self.networks
            for part in decoder.modules()
            for tensor in (*embeddings.values(), *part.parameters(recurse=False), *_tensors(vars(part).values()))
        }
        return sum(tensor.nbytes for tensor in tensors.values())


def _tensors(values: Iterable[object]) -> Iterator[Tensor]:
    """The tensors among some values, and in lists and tuples of them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


def check_sizes(networks: Sequence[Sequence[PyramidConfig]], size: tuple[int, int]) -> None:
    """Check that every network of each layer makes pictures of at least a size, height and width in samples.

    Raises CorruptStream, which names the layer.
    """
    for below, configs in enumerate(networks):
        for config in configs:
            if any(side > padded for side, padded in zip(size, config.padded_size, strict=True)):
                with layer_errors(below):
                    raise CorruptStream(f"a network for {config.padded_size} cannot make a picture of {size}")


def segment_networks(unpacker: Unpacker, segment: int, frames: int) -> list[tuple[PyramidConfig, DecoderState]]:
    """The networks of a segment of `frames` frames from the base up, without layers that add nothing to the segment.

    Raises BitstreamError for a damaged chunk, ResourceError where the memory is too small to render frames.
    """
    layers = range(len(unpacker.configs))
    configs = {layer: config for layer in layers if (config := unpacker.config(layer, segment))}
    numbers = max(config.largest_render for config in configs.values())
    numbers += sum(config.parameters + embedding_values(config, frames) for config in configs.values())
    check_memory(3 * FLOAT_BYTES * numbers, "decoding")
    return [(c, decoder_state(c, unpacker.tensors(layer, segment), frames)) for layer, c in configs.items()]


def _samples(rendered: Tensor, video: VideoFormat) -> Tensor:
    """Samples of rendered frames in [0, 1], cropped to the picture, as the next layer takes them.

    Raises CorruptStream for numbers that are not finite.
    """
    if not (rendered.sum().isfinite() or rendered.isfinite().all()):
        raise CorruptStream("a network makes numbers that are not finite")
    height, width = video.map_size
    return from_unit(rendered[:, :, :height, :width].float(), video.depth)


def _build(
    config: PyramidConfig, state: DecoderState, device: torch.device, *, fast: bool
) -> tuple[nn.Module, dict[str, Tensor]]:
    with torch.device("meta"):
        decoder = build_decoder(config)
    decoder.load_state_dict(state.weights, assign=True)
    decoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if device.type == "cpu" and not (fast and has_bfloat16(device)):
        prepare(decoder)
    return decoder.eval(), {name: e.to(device) for name, e in state.embeddings.items()}
