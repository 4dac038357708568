"""Embeddings of the frames that a file leaves out, added to the file."""

from dataclasses import replace

import torch

from nervcodec.bitstream.container import read_stream
from nervcodec.codec.assembly import plan_header, stream_bytes
from nervcodec.codec.clip import Footage
from nervcodec.codec.layers import layer_configs
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.payload import unpack_symbols
from nervcodec.codec.planning import plan_recipe
from nervcodec.entropy.forms import FORMS, PLAIN
from nervcodec.events import Observer, ignore
from nervcodec.training.assisted import Missing, fit_missing

STEP_SHARE = 1 / 3
"""Of the steps that a fit to the missing frames alone would take (ours, docs/experiments.md)."""


def assist(
    data: bytes, footage: Footage, options: EncodeOptions, device: torch.device, observe: Observer = ignore
) -> bytes:
    """The file of one layer with embeddings of the frames, `footage`, that it leaves out: it then has them all.

    Weights, and what the frames that it has are decoded from, stay as they are.

    Raises RequestError for more frames than a decoder reads.
    """
    stream = read_stream(data)
    timeline, (config,), (layer,) = stream.header.times, layer_configs(stream), stream.layers
    header = plan_header(stream.header.video, timeline.length, config, clock=stream.header.clock)
    recipe = plan_recipe(options, footage.video, len(footage.clip))
    recipe = replace(recipe, steps=max(1, round(STEP_SHARE * recipe.steps)))
    masks = None if footage.masks is None else footage.masks.to(device)
    missing = Missing(footage.seen().to(device), masks, timeline)
    kept = unpack_symbols(config, layer.chunks[0], len(timeline.positions))
    tensors = fit_missing(missing, config, kept, recipe, observe)
    forms = PLAIN if options.recipe == "paper" else FORMS
    return stream_bytes(header, config, tensors, forms)
