"""Our own codec, with every model and recipe, as a codec of a benchmark."""

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from nervcodec.bench.codecs.material import Coded, Material, Setting
from nervcodec.bitstream.container import Stream, read_stream
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.device import choose_device
from nervcodec.codec.job.encode import encode
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.assist import assist
from nervcodec.codec.segment.footage import load_footage
from nervcodec.codec.segment.planning import default_weights
from nervcodec.codec.segment.task import SegmentTask
from nervcodec.codec.stream.layers import layer_configs
from nervcodec.codec.target import Target
from nervcodec.errors import RequestError, TargetMissed
from nervcodec.events import Observer, ignore
from nervcodec.picture import Domain
from nervcodec.video.view import View

QUALITIES = (35.0, 65.0)
"""Ends of a curve, as qualities; a file at the better end is four times as large."""
SIZES = (-1.0, 1.5)
"""Ends of a curve with the recipe `paper`, in octaves from the number of weights that a clip has by default."""
VARIANTS: dict[str, dict[str, Any]] = {
    "paper": {"recipe": "paper"},
    "rep": {"block": "rep"},
    "encoder": {"embeddings": "encoder"},
    "layers2": {"layers": 2},
    "layers3": {"layers": 3},
    "gop1": {"gop": 1},
    "gop2": {"gop": 2},
    "gop4": {"gop": 4},
}
CONVERSIONS: dict[Domain, str] = {"rgb": "coded as RGB", "yuv420": "coded as planes of YUV 4:2:0"}


@dataclass(frozen=True)
class NetworkCodec:
    """A model and the way it is fitted, such as `dnerv`, `hnerv:paper` or `sdmn:rep:layers3`."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of `EncodeOptions` for all points of the curve."""
    observe: Observer = ignore

    @property
    def makes_planes(self) -> bool:
        """Whether the model can be fitted in planes of YUV 4:2:0."""
        return EncodeOptions(**self.options).makes_planes

    def settings(self, points: int) -> dict[str, Setting]:
        name, values = "quality", [round(quality, 2) for quality in spread(*QUALITIES, points)]
        if self.options.get("recipe") == "paper":
            name, values = "size_factor", [round(2.0**octaves, 3) for octaves in spread(*SIZES, points)]
        return {f"{name}={value:g}": {**self.options, name: value} for value in values}

    def encode(self, material: Material, setting: Setting) -> Coded:
        options = self._options(material, setting)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.nerv"
            started = monotonic()
            with suppress(TargetMissed):  # the file is written all the same, and its size is measured
                encode(material.source, str(path), options, observe=self.observe)
            seconds = monotonic() - started
            data = path.read_bytes()
        stream = read_stream(data)
        return Coded(
            data=data,
            suffix="nerv",
            command=command_line(Path(material.source).name, options),
            conversion=CONVERSIONS[material.video.domain],
            seconds=seconds,
            parameters=sum(
                configs[chunk.network].parameters
                for layer, configs in zip(stream.layers, layer_configs(stream), strict=True)
                for chunk in layer.chunks
                if chunk.groups
            ),
            macs=_macs(stream),
        )

    def decode(self, material: Material, coded: Coded) -> Tensor:
        stream = read_stream(coded.data)
        times = stream.header.times
        return torch.stack(list(frames_at(stream, tuple(times.moments(range(times.length))))))

    def assist(self, material: Material, coded: Coded, setting: Setting) -> Coded | None:
        """A stream that also has the frames that the fit left out; None where the model cannot have them."""
        options = self._options(material, setting)
        try:
            options = replace(options, assisted=True)
        except RequestError:
            return None
        footage = load_footage(material.source, material.view, options.mask)
        data = assist(coded.data, SegmentTask(footage, options, choose_device(options.device), self.observe))
        command = command_line(Path(material.source).name, options)
        return replace(coded, data=data, command=command)

    def _options(self, material: Material, setting: Setting) -> EncodeOptions:
        chosen = dict(setting)
        factor, target = chosen.pop("size_factor", None), chosen.pop("target", None)
        if "difference_grid" in chosen:
            chosen["difference_grid"] = tuple(chosen["difference_grid"])
        alone = {"segment": "none", "audio": "none", "subtitles": "none"}  # one segment, as in the papers
        chosen = {"domain": material.video.domain, **alone, **chosen}
        options = EncodeOptions(view=material.view, target=target and Target(**target), **chosen)
        if factor is None:
            return options
        pixels = len(material.clip) * material.video.pixels
        return replace(options, size=round(factor * default_weights(options, pixels)))


def network_codec(model: str, variants: list[str], fitting: Mapping[str, Any]) -> NetworkCodec:
    """The codec of a name that was split at its colons; `fitting` holds options such as `preset`.

    Raises RequestError for variants that are not known or do not go together.
    """
    unknown = [variant for variant in variants if variant not in VARIANTS]
    if unknown:
        raise RequestError(f"{model} has the variants {', '.join(VARIANTS)}, not {unknown[0]}")
    options = {"model": model, **fitting}
    for variant in variants:
        options |= VARIANTS[variant]
    EncodeOptions(**options)
    return NetworkCodec(options)


def command_line(source: str, options: EncodeOptions) -> str:
    """The command line for some options, without those that have their defaults."""
    words = ["nervc", "encode", source, "-o", "out.nerv", *_view_words(options.view)]
    default = EncodeOptions(preset=options.preset)
    for name, value in vars(options).items():
        if name in ("view", "target") or value == getattr(default, name):
            continue
        if isinstance(value, bool):
            words += [f"--{name.replace('_', '-')}"]
            continue
        text = f"{value[1]}x{value[0]}" if name == "difference_grid" else f"{value}"
        words += [f"--{name.replace('_', '-')}", text]
    if options.steps is None and options.epochs is None and options.time_limit is None:
        words += ["--preset", options.preset]
    if target := options.target:
        flags = {"bytes": ["--target-size", f"{target.value:g}"], "bpp": ["--bpp", f"{target.value:g}"]}
        words += flags.get(target.kind, ["--target", f"{target.kind}={target.value:g}"])
    return shlex.join(words)


def spread(low: float, high: float, points: int) -> list[float]:
    """Numbers at equal distances from `low` to `high`; a single number is their middle."""
    return [float(x) for x in np.linspace(low, high, points)] if points > 1 else [(low + high) / 2]


def _view_words(view: View) -> Iterator[str]:
    if view.first or view.stop is not None:
        yield from ("--frames", f"{view.first}:{'' if view.stop is None else view.stop}")
    for name, size in (("crop", view.crop), ("resize", view.resize)):
        if size:
            yield from (f"--{name}", f"{size[0]}x{size[1]}")
    if view.resize_filter != "area":
        yield from ("--resize-filter", view.resize_filter)
    if view.depth is not None:
        yield from ("--depth", f"{view.depth}")


def _macs(stream: Stream) -> int:
    """Multiplications of all layers per frame, counted while the first frames are decoded."""
    with FlopCounterMode(display=False) as counter:
        frames = next(decode_frames(stream))
    return int(counter.get_total_flops()) // (2 * len(frames))
