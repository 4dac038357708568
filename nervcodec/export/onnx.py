"""Export of the networks of a `.nerv` file to ONNX, with the embeddings that they take in a file beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nervcodec.bitstream.container import open_stream
from nervcodec.bitstream.format import Header
from nervcodec.codec.decoding.renderer import check_sizes, segment_networks
from nervcodec.codec.stream.file import stream_file
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.errors import RequestError, ResourceError
from nervcodec.export.graph import Graph
from nervcodec.export.networks import DECODERS, Pyramid
from nervcodec.extras import needing
from nervcodec.files import check_target, replacing
from nervcodec.models.config import PyramidConfig
from nervcodec.models.networks import DecoderState
from nervcodec.picture import CHANNELS, VideoFormat
from nervcodec.samples import peak_of
from nervcodec.version import __version__

OPSET = 20
"""Version of ONNX's operators: the first that has GELU and GridSample with the names of modes used here (2023)."""
FRAMES = "frames"
"""Name of the output, and of its first dimension."""
MAX_BYTES = (1 << 31) - (1 << 20)
"""Most bytes of weights in a file: protocol buffers end at 2^31 bytes, of which 2^20 are left for operators."""
FLOAT_BYTES = 4
"""Bytes of a weight."""
Networks = Sequence[tuple[PyramidConfig, DecoderState]]


@dataclass(frozen=True, kw_only=True)
class OnnxReport:
    """Report on files that `export_onnx` wrote."""

    models: tuple[Path, ...]
    """The `.onnx` files, one for each segment; embeddings are in files of the same names with the ending `.npz`."""
    layers: int
    """Number of layers of the file whose networks are in them."""
    frames: int
    """Number of frames that the networks make: all frames of the file."""
    frames_between: int
    """Number of frames of the video that a decoder shows besides, made of these and corrected, not by a network."""
    filtered: bool
    """Whether a decoder filters the frames along the motion from one to the next, which no network does."""


def export_onnx(path: str, target: str, *, layers: int | None = None, overwrite: bool = False) -> OnnxReport:
    """Write the networks of the `.nerv` file at `path` to `target`, whose name ends in `.onnx`.

    Each segment has networks of its own: where there are several, `NAME.onnx` stands for NAME_001.onnx, NAME_002.onnx
    and so on. docs/export.md says what is in them. With `layers`, only the first layers are exported.

    Raises RequestError without the library `onnx`, for a name with another ending and for more layers than there are;
    OutputError for a target that cannot be written; VideoError for an unreadable file, BitstreamError for a damaged
    one, ResourceError for networks that are too large for ONNX or for the memory.
    """
    onnx = _onnx()
    if Path(target).suffix.lower() != ".onnx":
        raise RequestError(f"{target} does not end in .onnx")
    with stream_file(path) as data:
        stream = open_stream(data, layers)
        header, unpacker = stream.header, Unpacker(stream)
        check_sizes(unpacker.configs, header.video.map_size)
        models = _names(Path(target), len(header.segments))
        for name in models:
            check_target(name, overwrite=overwrite)
            check_target(name.with_suffix(".npz"), overwrite=overwrite)
        filters = next(iter(header.filters[len(stream.layers) - 1 :]), (0,) * len(models))
        for segment, (name, frames) in enumerate(zip(models, header.segments, strict=True)):
            networks = segment_networks(unpacker, segment, frames)
            about = {"segment": segment + 1, "layers": len(stream.layers), "filter": filters[segment]}
            _write(onnx, name, networks, header.video, about | _described(header, segment, networks))
    return OnnxReport(
        models=models,
        layers=len(stream.layers),
        frames=header.frames,
        frames_between=header.shown - header.frames,
        filtered=any(filters),
    )


def _onnx() -> ModuleType:
    with needing("onnx"):
        import onnx
    return onnx


def _names(target: Path, segments: int) -> tuple[Path, ...]:
    """The file of each segment; with one segment, it is the target itself."""
    if segments == 1:
        return (target,)
    return tuple(target.with_stem(f"{target.stem}_{number:03}") for number in range(1, segments + 1))


def _described(header: Header, segment: int, networks: Networks) -> dict[str, Any]:
    """Properties of a segment and of its pictures, by the names that they have in the metadata of a model."""
    video = header.video
    return {
        "width": video.width,
        "height": video.height,
        "frame_rate": video.frame_rate,
        "sample_aspect": video.sample_aspect,
        "domain": video.domain,
        "depth": video.depth,
        "primaries": video.colour.primaries,
        "transfer": video.colour.transfer,
        "matrix": video.colour.matrix,
        "range": video.colour.sample_range,
        "positions": " ".join(map(str, header.positions(segment))),
        "video_frames": header.times.length,
        "window": networks[0][0].window,
    }


def _write(onnx: ModuleType, target: Path, networks: Networks, video: VideoFormat, about: Mapping[str, Any]) -> None:
    """Write the model of a segment, and before it the embeddings that are its inputs."""
    if sum(FLOAT_BYTES * config.parameters for config, _ in networks) > MAX_BYTES:
        raise ResourceError("the networks are larger than 2 GB, which an ONNX file cannot be")
    window = networks[0][0].window
    inputs = {
        _prefix(layer, "_") + name: np.pad(rows.numpy(), [(window, window), (0, 0), (0, 0), (0, 0)], mode="edge")
        for layer, (_, state) in enumerate(networks)
        for name, rows in state.embeddings.items()
    }
    model = _model(onnx, _graph(networks, video), inputs, video, window)
    onnx.helper.set_model_props(model, {name: str(value) for name, value in about.items()})
    with replacing(target.with_suffix(".npz")) as path:
        np.savez_compressed(path, **inputs)  # type: ignore[arg-type]
    with replacing(target) as path:
        path.write_bytes(model.SerializeToString())


def _prefix(layer: int, separator: str) -> str:
    """What names of a network begin with, counted from the base as 0, whose names have no prefix."""
    return f"layer{layer + 1}{separator}" if layer else ""


def _graph(networks: Networks, video: VideoFormat) -> Graph:
    """The operators from the embeddings of all networks to frames in [0, 1]; each network sees rounded frames."""
    graph, peak, window = Graph(), float(peak_of(video.depth)), networks[0][0].window
    made = ""
    for layer, (config, state) in enumerate(networks):
        prefix = _prefix(layer, ".")
        graph.initializers.update({prefix + name: weight.numpy() for name, weight in state.weights.items()})
        now = {name: _prefix(layer, "_") + name for name in state.embeddings}
        if layer:
            now = {name: graph.cut(rows, 0, window, -window) if window else rows for name, rows in now.items()}
            samples = graph.add("Clip", graph.add("Round", graph.add("Mul", made, peak)), 0.0, peak)
            padding = [size - side for size, side in zip(config.padded_size, video.map_size, strict=True)]
            below = graph.add("Div", samples, peak)
            now["below"] = graph.add("Pad", below, [0, 0, 0, 0, 0, 0, *padding], mode="edge")
        made = DECODERS[type(config)](Pyramid(graph, prefix, config.strides, now), config)
        made = graph.add("Slice", made, [0, 0], [*video.map_size], [2, 3])
    graph.add("Clip", made, 0.0, 1.0, output=FRAMES)
    return graph


def _model(
    onnx: ModuleType, graph: Graph, inputs: Mapping[str, NDArray[np.float32]], video: VideoFormat, window: int
) -> Any:
    """The ModelProto of a graph of this opset, with the shapes of its inputs and of its output."""
    helper = onnx.helper
    rows = "rows" if window else FRAMES

    def described(name: str, shape: Sequence[str | int]) -> Any:
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)

    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(
        helper.make_graph(
            [helper.make_node(n.kind, n.inputs, [n.output], name=n.output, **n.attributes) for n in graph.nodes],
            "decoder",
            [described(name, (rows, *values.shape[1:])) for name, values in inputs.items()],
            [described(FRAMES, (FRAMES, CHANNELS[video.domain], *video.map_size))],
            [onnx.numpy_helper.from_array(array, name) for name, array in graph.initializers.items()],
        ),
        opset_imports=[opset],
        ir_version=helper.find_min_ir_version_for([opset]),
        producer_name="nervcodec",
        producer_version=__version__,
    )
