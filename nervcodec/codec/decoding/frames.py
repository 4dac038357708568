"""Decoding of a stream to frames; neither this module nor any module that it imports can train."""

import logging
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.layer import layer_errors
from nervcodec.codec.choices import DeviceName
from nervcodec.codec.device import choose_device
from nervcodec.codec.stream.payload import decoder_state, embedding_values
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.errors import CorruptStream
from nervcodec.memory import check_memory
from nervcodec.models.config import PyramidConfig
from nervcodec.models.networks import DecoderState, build_decoder
from nervcodec.models.prepared import prepare
from nervcodec.picture import VideoFormat
from nervcodec.precision import has_bfloat16, reduced, true_float32
from nervcodec.samples import from_unit, to_unit

LOG = logging.getLogger(__name__)
BATCH_SAMPLES = 2 << 20
"""Most samples of frames that are rendered together, so that memory does not depend on the number of frames.

A batch has at least as many frames as a window: each frame needs its neighbours, which are then made less than twice.
"""
LARGE_BLOCK = 31 << 20
"""Bytes of a block that is freed before rendering, so that the C library then keeps memory that is freed.

On Linux it keeps twice the largest block below 32 MiB that was ever freed. Memory that it returns to the system takes
longer to get again than a convolution takes to fill it (mallopt(3), docs/performance.md).
"""
FLOAT_BYTES = 4
"""Bytes of a number in a feature map; a convolution holds its input, its output and a copy in another layout."""


def decode_frames(
    stream: Stream, wanted: Collection[int] | None = None, *, device: DeviceName = "auto", fast: bool = False
) -> Iterator[Tensor]:
    """The frames of a stream in batches `[B, C, H, W]`, samples of the depth and domain of its video, on the CPU.

    With `wanted`, only the frames with these numbers are made, in order and from their segments only; they are bit for
    bit those of a decode of all frames. Arithmetic is true float32 (docs/bitstream.md says how far two machines may
    differ) or, if `fast`, `nervcodec.precision.reduced`, which may differ from float32 by any amount.

    Raises BitstreamError before the first batch of a damaged segment, and for numbers that are not finite.
    """
    segments, first = [], 0
    for frames in stream.header.segments:
        segments.append(_Listed.of(torch.arange(frames), first, wanted))
        first += frames
    return _decode(stream, segments, choose_device(device), fast=fast)


def decode_times(
    stream: Stream,
    times: Sequence[float],
    wanted: Collection[int] | None = None,
    *,
    device: DeviceName = "auto",
    fast: bool = False,
) -> Iterator[Tensor]:
    """Frames that a network makes at increasing `times`, in frames of the file, in batches as of `decode_frames`.

    Embeddings are interpolated linearly, within a segment only. With `wanted`, only the frames at those of `times` with
    these indices are made; they are bit for bit those of a decode at all `times`.

    Raises BitstreamError as `decode_frames` does.
    """
    segments, begin, first = [], 0, 0
    for frames in stream.header.segments:
        inside = [time - begin for time in times[bisect_left(times, begin) : bisect_left(times, begin + frames)]]
        segments.append(_Listed.of(torch.tensor(inside, dtype=torch.float64), first, wanted))
        begin, first = begin + frames, first + len(inside)
    return _decode(stream, segments, choose_device(device), fast=fast)


@dataclass(frozen=True)
class _Listed:
    """Times in a segment, counted from its first frame, and which of them are wanted.

    Sums in a convolution may depend on the batch, so batches are made of all times, wanted or not.
    """

    times: Tensor
    wanted: Tensor
    """Bool, whether each of the times is wanted."""

    @classmethod
    def of(cls, times: Tensor, first: int, wanted: Collection[int] | None) -> "_Listed":
        """Times numbered from `first`, with those in `wanted` marked as wanted; None marks all."""
        if wanted is None:
            return cls(times, torch.ones(len(times), dtype=torch.bool))
        return cls(times, torch.tensor([first + n in wanted for n in range(len(times))], dtype=torch.bool))


def _decode(stream: Stream, segments: Sequence[_Listed], device: torch.device, *, fast: bool) -> Iterator[Tensor]:
    unpacker, header = Unpacker(stream), stream.header
    check_sizes(unpacker.configs, header.video.map_size)
    for segment, (frames, listed) in enumerate(zip(header.segments, segments, strict=True)):
        if listed.wanted.any():
            LOG.debug("segment %d: frames %d, of which %d are wanted", segment, frames, int(listed.wanted.sum()))
            networks = segment_networks(unpacker, segment, frames)
            yield from _render_segment(networks, listed, header.video, device, fast=fast)


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


@torch.inference_mode()
def _render_segment(
    networks: list[tuple[PyramidConfig, DecoderState]],
    listed: _Listed,
    video: VideoFormat,
    device: torch.device,
    *,
    fast: bool,
) -> Iterator[Tensor]:
    torch.empty(LARGE_BLOCK, dtype=torch.uint8)
    base, *enhancements = [_build(config, state, device, fast=fast) for config, state in networks]
    precision = reduced if fast else true_float32
    config = networks[0][0]
    batch = max(1 + 2 * config.window, BATCH_SAMPLES // (config.channels * prod(config.padded_size)))
    for chosen, wanted in zip(
        torch.split(listed.times.to(device), batch), torch.split(listed.wanted, batch), strict=True
    ):
        if not wanted.any():
            continue
        with precision(device):
            decoder, embeddings = base
            made = _samples(decoder(embeddings, chosen), video)
            for decoder, embeddings in enhancements:
                made = _samples(decoder(embeddings, chosen, to_unit(made)), video)
        yield made.cpu() if wanted.all() else made.cpu()[wanted]


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
) -> tuple[torch.nn.Module, dict[str, Tensor]]:
    with torch.device("meta"):
        decoder = build_decoder(config)
    decoder.load_state_dict(state.weights, assign=True)
    decoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if device.type == "cpu" and not (fast and has_bfloat16(device)):
        prepare(decoder)
    return decoder.eval(), {name: e.to(device) for name, e in state.embeddings.items()}
