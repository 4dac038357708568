"""The layers of a file: their networks, and cutting and merging files without decoding; loads no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nervcodec.bitstream.container import Stream, layer_ends
from nervcodec.bitstream.format import Header
from nervcodec.bitstream.layer import layer_errors
from nervcodec.bitstream.packs import cut_pack, first_layers, join_pack
from nervcodec.codec.stream.file import stream_file
from nervcodec.errors import UnsupportedStream
from nervcodec.files import check_target, replacing
from nervcodec.models.catalogue import model_name, model_of
from nervcodec.models.config import PyramidConfig
from nervcodec.models.wire import unpack_config
from nervcodec.picture import CHANNELS


@dataclass(frozen=True)
class LayersReport:
    """Report on a file that `extract`, `extract_pack` or `merge` wrote."""

    file_bytes: int
    layers: int
    """Number of layers in the file that was written."""


def layer_configs(stream: Stream) -> list[list[PyramidConfig]]:
    """The networks that each layer of a stream describes.

    Raises UnsupportedStream for an unknown network, a base above layer 1, or an enhancement network in layer 1.
    """
    networks, channels = [], CHANNELS[stream.header.video.domain]
    for below, layer in enumerate(stream.layers):
        with layer_errors(below):
            configs = [unpack_config(layer.model, numbers, channels) for numbers in layer.configs]
            for config in configs:
                if model_of(config).enhances != bool(below):
                    raise UnsupportedStream(f"a network of kind {model_name(config)} makes no sense there")
        networks.append(configs)
    return networks


def group_names(config: PyramidConfig, header: Header, segment: int) -> tuple[str, ...]:
    """Names of the groups of a chunk: those of its network, and corrections where its segment has frames between."""
    return (*config.groups, *(["corrections"] if header.corrected(segment) else []))


def describe_network(config: PyramidConfig) -> str:
    """A description of a network in one line."""
    shapes = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in config.embeddings.items())
    return (
        f"{model_name(config)}: {config.parameters:,} weights; strides {config.strides}, widths {config.widths}; "
        f"embeddings of a frame: {shapes}"
    )


def extract(path: str, output: str, layers: int, *, overwrite: bool = False) -> LayersReport:
    """Write the first layers of the `.nerv` file at `path` as another `.nerv` file.

    Raises VideoError for an unreadable file, BitstreamError for one that is damaged in these layers, RequestError for
    more layers than the file has, OutputError for an output that cannot be written.
    """
    check_target(Path(output), overwrite=overwrite)
    with stream_file(path) as data:
        return _write(output, first_layers(data[:], layers), layers)


def extract_pack(
    path: str, output: str, first: int, last: int | None = None, *, overwrite: bool = False
) -> LayersReport:
    """Write the layers `first` to `last` without the base as a pack for `merge`.

    Layers count from 1, and both ends are included; without `last`, all layers from `first` are written.

    Raises what `extract` does, and RequestError for layers that include the base, layer 1.
    """
    check_target(Path(output), overwrite=overwrite)
    with stream_file(path) as data:
        pack = cut_pack(data[:], first, last)
        return _write(output, pack, (last or len(layer_ends(data))) - first + 1)


def merge(base: str, packs: Sequence[str], output: str, *, overwrite: bool = False) -> LayersReport:
    """The inverse of `extract` and `extract_pack`: write a file that has the layers of `base` and those of the packs.

    Raises VideoError for an unreadable file, BitstreamError for a damaged one or a pack that was made for another file,
    OutputError for an output that cannot be written.
    """
    check_target(Path(output), overwrite=overwrite)
    with stream_file(base) as file:
        data = file[:]
        layer_ends(data)
    for pack in packs:
        with stream_file(pack) as added:
            data = join_pack(data, added[:])
    return _write(output, data, len(layer_ends(data)))


def _write(output: str, data: bytes, layers: int) -> LayersReport:
    with replacing(Path(output)) as path:
        path.write_bytes(data)
    return LayersReport(file_bytes=len(data), layers=layers)
