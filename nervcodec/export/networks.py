"""The decoders of docs/bitstream.md, section 3, as graphs of ONNX operators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nervcodec.export.graph import Graph
from nervcodec.models.config import PyramidConfig
from nervcodec.models.dnerv.config import FUSED_STAGES, DNeRVConfig
from nervcodec.models.enhancement.config import EnhancementConfig
from nervcodec.models.ffnerv.config import FLOW_CHANNELS, FFNeRVConfig
from nervcodec.models.hnerv.config import HNeRVConfig
from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.models.sdmn.invertible import SLOPE

END = int(np.iinfo(np.int64).max)
"""The end of an axis, as `Graph.cut` takes it."""


@dataclass(frozen=True)
class Pyramid:
    """A network in a graph: its weights are initializers that are called as in its decoder, after a prefix."""

    graph: Graph
    prefix: str
    strides: tuple[int, ...]
    now: Mapping[str, str]
    """Names in the graph of the embeddings `[B, C, h, w]` of the frames, and of `below`, the frames `[B, C, H, W]` in
    [0, 1] of the layers below, where there are such."""

    def convolve(self, x: str, module: str) -> str:
        """Convolve `[B, c_in, h, w]` to `[B, c_out, h, w]` with the weights of a module."""
        weight, bias = (f"{self.prefix}{module}.{kind}" for kind in ("weight", "bias"))
        kernel = self.graph.initializers[weight].shape[2]
        return self.graph.add("Conv", x, weight, bias, pads=[kernel // 2] * 4)

    def activate(self, x: str, module: str) -> str:
        """The same, followed by GELU."""
        return self.graph.add("Gelu", self.convolve(x, module))

    def upsample(self, x: str, module: str, stride: int) -> str:
        """A stage: convolution, PixelShuffle, GELU."""
        made = self.convolve(x, f"{module}.0")
        return self.graph.add("Gelu", self.graph.add("DepthToSpace", made, blocksize=stride, mode="CRD"))

    def stages(self, x: str, first: int, stop: int) -> str:
        """The output of the stages [first, stop), counted from 0."""
        for number in range(first, stop):
            x = self.upsample(x, f"stages.{number}", self.strides[number])
        return x

    def picture(self, made: str) -> str:
        """What a head made as a picture: (tanh + 1) / 2."""
        return self.graph.add("Sigmoid", self.graph.add("Mul", made, 2.0))


def hnerv(net: Pyramid, config: HNeRVConfig) -> str:
    """HNeRV: frames `[B, C, H, W]` in [0, 1], not cropped."""
    x = net.stages(net.activate(net.now["content"], "stem"), 0, len(config.strides))
    return net.picture(net.convolve(x, "head"))


def dnerv(net: Pyramid, config: DNeRVConfig) -> str:
    """DNeRV, like `hnerv`."""
    add = net.graph.add
    content = net.stages(net.convolve(net.now["content"], "stem"), 0, FUSED_STAGES)
    difference = net.convolve(net.now["difference"], "difference_stem")
    for number, stride in enumerate(config.difference_strides):
        difference = net.upsample(difference, f"difference_stages.{number}", stride)
    candidate, update = (
        add("Add", net.convolve(content, f"gate.{kind}_content"), net.convolve(difference, f"gate.{kind}_difference"))
        for kind in ("candidate", "update")
    )
    change = add("Mul", add("Sigmoid", update), add("Sub", add("Tanh", candidate), content))
    x = net.stages(add("Add", content, change), FUSED_STAGES, len(config.strides))
    return add("Sigmoid", net.convolve(x, "head"))


def sdmn(net: Pyramid, config: SDMNConfig) -> str:
    """SDMN, like `hnerv`; latents that are zero have no input."""
    taps, (height, width) = dict(zip(config.taps, config.skips, strict=True)), config.content[1:]
    x = net.activate(net.now["content"], "stem")
    for number in range(len(config.strides) + 1):
        if number:
            x = net.stages(x, number - 1, number)
        if number in taps:
            skip, scale = _skip(net, config, taps[number]), prod(config.strides[:number])
            x = net.graph.add("Add", x, net.graph.resize(skip, scale * height, scale * width))
    return net.picture(net.convolve(x, "head"))


def _skip(net: Pyramid, config: SDMNConfig, name: str) -> str:
    """The map `[B, c, h, w]` that a skip adds to a stage, before it is resized."""
    add = net.graph.add
    sent: str = net.now[name]
    rest: str | float = net.now.get(f"{name}_latent", 0.0)
    for number in reversed(range(config.couplings)):
        module = f"{name}_skip.invertible.{number}"
        rest = add("Sub", rest, _dense_block(net, sent, f"{module}.g"))
        if config.affine:
            scale = add("Sub", add("Mul", add("Sigmoid", _dense_block(net, sent, f"{module}.h")), 2.0), 1.0)
            rest = add("Mul", rest, add("Exp", add("Neg", scale)))
        sent = add("Sub", sent, _dense_block(net, rest, f"{module}.f"))
    return net.convolve(add("Concat", sent, rest, axis=1), f"{name}_skip.join")


def _dense_block(net: Pyramid, x: str, module: str) -> str:
    """Five convolutions, each of which sees the input and all outputs before it."""
    for number in range(4):
        made = net.graph.add("LeakyRelu", net.convolve(x, f"{module}.convolutions.{number}"), alpha=SLOPE)
        x = net.graph.add("Concat", x, made, axis=1)
    return net.convolve(x, f"{module}.convolutions.4")


def ffnerv(net: Pyramid, config: FFNeRVConfig) -> str:
    """FFNeRV, like `hnerv`, but embeddings are those of a run of `reach` + B + `reach` frames, of which the frames are
    those in the middle: each pyramid is made once, and its neighbours are rows before and after it."""
    graph, reach, channels = net.graph, config.reach, config.channels
    x = net.activate(graph.add("Concat", *(net.now[name] for name in config.embeddings), axis=1), "stem")
    x = net.stages(x, 0, config.flow_stage)
    motions = net.convolve(graph.cut(x, 0, reach, -reach), "head_flow")
    made = net.convolve(net.stages(x, config.flow_stage, len(config.strides)), "head")
    pictures = net.picture(graph.cut(made, 1, 0, channels))
    choices = graph.add("Softmax", graph.cut(graph.cut(made, 0, reach, -reach), 1, channels, END), axis=1)
    own = graph.cut(pictures, 0, reach, -reach)
    change = graph.add("Sub", _borrowed(graph, config, pictures, graph.resize(motions, *config.padded_size)), own)
    return graph.add("Add", own, graph.add("Mul", graph.cut(choices, 1, 1, 2), change))


def _borrowed(graph: Graph, config: FFNeRVConfig, pictures: str, motions: str) -> str:
    """Frames `[B, C, H, W]` made of neighbours alone, from all pictures and motions `[B, 6 reach, H, W]`."""
    offsets = [k for k in range(-config.reach, config.reach + 1) if k]
    places = [graph.cut(motions, 1, FLOW_CHANNELS * i, FLOW_CHANNELS * i + 2) for i in range(len(offsets))]
    weights = [graph.cut(motions, 1, FLOW_CHANNELS * i + 2, FLOW_CHANNELS * (i + 1)) for i in range(len(offsets))]
    shares = graph.add("Softmax", graph.add("Concat", *weights, axis=1), axis=1)
    shared = []
    for i, (offset, place) in enumerate(zip(offsets, places, strict=True)):
        neighbour = graph.cut(pictures, 0, config.reach + offset, offset - config.reach or END)
        shared.append(graph.add("Mul", _seen_along(graph, config, neighbour, place), graph.cut(shares, 1, i, i + 1)))
    return graph.add("Sum", *shared)


def _seen_along(graph: Graph, config: FFNeRVConfig, pictures: str, flows: str) -> str:
    """Pictures `[B, C, H, W]`, for each pixel at a flow `[B, 2, H, W]` from it, in cells of the map of flows."""
    height, width = config.padded_size
    x, y = np.meshgrid((2 * np.arange(width) + 1) / width - 1, (2 * np.arange(height) + 1) / height - 1)
    sides = np.array([2 * config.flow_scale / width, 2 * config.flow_scale / height], np.float32)
    moved = graph.add("Mul", graph.add("Transpose", flows, perm=[0, 2, 3, 1]), sides)
    places = graph.add("Add", moved, np.stack([x, y], axis=2)[None].astype(np.float32))
    return graph.add("GridSample", pictures, places, mode="linear", padding_mode="border", align_corners=0)


def een(net: Pyramid, config: EnhancementConfig) -> str:
    """EEN: frames `[B, C, H, W]`, not cropped, which may leave [0, 1] a little."""
    add, scale, channels, (height, width) = net.graph.add, config.join_scale, config.channels, config.padded_size
    cells = add("Reshape", net.now["below"], [0, channels, height // scale, scale, width // scale, scale])
    by_cell = add("Transpose", cells, perm=[0, 1, 3, 5, 2, 4])  # the inverse of PixelShuffle
    seen = add("Reshape", by_cell, [0, channels * scale**2, height // scale, width // scale])
    x = net.stages(net.activate(net.now["content"], "stem"), 0, config.join)
    x = net.stages(add("Add", x, net.activate(seen, "join")), config.join, len(config.strides))
    return add("Add", net.now["below"], net.convolve(x, "head"))


DECODERS: dict[type[PyramidConfig], Callable[[Pyramid, Any], str]] = {
    HNeRVConfig: hnerv,
    DNeRVConfig: dnerv,
    SDMNConfig: sdmn,
    FFNeRVConfig: ffnerv,
    EnhancementConfig: een,
}
"""Function that adds the decoder of a config to a graph and returns the name of its frames, by the config's class."""
