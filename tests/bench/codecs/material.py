"""A small clip to code."""

from nervcodec.bench.codecs.material import Material
from nervcodec.codec.segment.footage import load_clip
from nervcodec.video.view import View
from tests.conftest import SAMPLE


def small_material(width: int = 150, height: int = 75, frames: int = 6) -> Material:
    """The first frames of the sample, scaled down."""
    view = View(stop=frames, resize=(width, height))
    return Material(str(SAMPLE), view, *load_clip(str(SAMPLE), view))
