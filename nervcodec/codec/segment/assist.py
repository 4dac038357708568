"""Adds embeddings of the frames that a segment leaves out to its file."""

from dataclasses import replace

from nervcodec.bitstream.container import Stream, write_stream
from nervcodec.bitstream.layer import Chunk
from nervcodec.codec.segment.planning import plan_recipe
from nervcodec.codec.segment.task import SegmentTask, decodable
from nervcodec.codec.stream.assembly import make_layer, plan_header
from nervcodec.codec.stream.payload import pack
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.entropy.forms import FORMS, PLAIN
from nervcodec.training.assisted import Missing, fit_missing

STEP_SHARE = 1 / 3
"""Share of the steps that a fit to the missing frames alone would take (ours, docs/experiments.md)."""


def assist(data: bytes, task: SegmentTask) -> bytes:
    """A segment of one layer, completed with embeddings of the frames that it left out.

    Weights, and the embeddings of the frames that it had, do not change.

    Raises RequestError for more frames than a decoder reads.
    """
    chained, timeline, footage = decodable(task.chain, data), task.timeline, task.footage
    unpacker, segment = Unpacker(chained), len(task.chain)
    config = unpacker.config(0, segment)
    assert config is not None
    header = plan_header(footage.video, timeline.length, config)
    recipe = plan_recipe(task.options, footage.video, len(timeline.missing))
    recipe = replace(recipe, steps=max(1, round(STEP_SHARE * recipe.steps)))
    missing = footage.at(timeline.missing)
    masks = None if missing.masks is None else missing.masks.to(task.device)
    seen = Missing(missing.seen().to(task.device), masks, timeline)
    keeper = task.scratch.keeper() if task.scratch else None
    tensors = fit_missing(seen, config, unpacker.tensors(0, segment), recipe, task.observe, keeper)
    forms = PLAIN if task.options.recipe == "paper" else FORMS
    before = unpacker.tensors(0, segment - 1) if task.chain else {}
    follows = chained.layers[0].chunks[segment].follows
    chunk = Chunk(pack(config, tensors, forms, before if follows else {}), follows=follows)
    return write_stream(Stream(header=header, layers=(make_layer(config, chunk),)))
