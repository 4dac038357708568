"""Unpacks chunks of a stream, and before each of them the chunks that it refers to."""

from nervcodec.bitstream.container import Stream
from nervcodec.bitstream.layer import layer_errors
from nervcodec.codec.stream.corrections import unpack_corrections
from nervcodec.codec.stream.layers import layer_configs
from nervcodec.codec.stream.payload import unpack
from nervcodec.codec.stream.tensors import NOTHING, Tensors
from nervcodec.corrections import Corrections, blocks_of
from nervcodec.entropy.forms import FORMS_OF_VERSION
from nervcodec.errors import CorruptStream
from nervcodec.levels import level_count
from nervcodec.models.config import PyramidConfig


class Unpacker:
    """Unpacks the chunks of a stream; if asked in order of time, each chunk only once."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.configs = stream, layer_configs(stream)
        self._last: dict[int, tuple[int, Tensors]] = {}
        """Index and tensors of the segment of each layer that was unpacked last."""

    def config(self, layer: int, segment: int) -> PyramidConfig | None:
        """The network of a chunk; None if the layer adds nothing to the segment.

        Raises CorruptStream for a chunk that does not match its checksum.
        """
        with layer_errors(layer):
            chunk = self.stream.layers[layer].chunks[segment]
        return self.configs[layer][chunk.network] if chunk.groups else None

    def tensors(self, layer: int, segment: int) -> Tensors:
        """The tensors of a chunk by name; empty if the layer adds nothing to the segment.

        Raises BitstreamError, which names the layer, for a damaged chunk, and if segment 0 refers to one before it.
        """
        chunks, known = self.stream.layers[layer].chunks, self._last.get(layer, (None, NOTHING))[0]
        with layer_errors(layer):
            start = segment
            while start != known and chunks[start].follows:
                if not start:
                    raise CorruptStream("segment 0 has no segment before it to follow")
                start -= 1
            for place in range(start + (start == known), segment + 1):
                self._last[layer] = place, self._unpack(layer, place, weights_only=place < segment)
        return self._last[layer][1]

    def corrections(self, segment: int) -> Corrections | None:
        """Corrections of the frames between those of a segment, as of the last layer that adds to it; None without any.

        Raises BitstreamError, which names the layer, for a damaged chunk.
        """
        header = self.stream.header
        between, held = header.corrected(segment), header.positions(segment)
        layer = max(n for n in range(len(self.configs)) if self.config(n, segment))
        if not between:
            return None
        blocks = blocks_of(header.video.height, header.video.width)
        with layer_errors(layer):
            group = self.stream.layers[layer].chunks[segment].groups[-1]
            return unpack_corrections(group, len(between), blocks, level_count(held))

    def _unpack(self, layer: int, segment: int, *, weights_only: bool) -> Tensors:
        chunk, config = self.stream.layers[layer].chunks[segment], self.config(layer, segment)
        if config is None:
            return NOTHING
        before = self._last[layer][1] if chunk.follows else NOTHING
        forms = FORMS_OF_VERSION[self.stream.version]
        header = self.stream.header
        groups = chunk.groups[:-1] if header.corrected(segment) else chunk.groups
        return unpack(config, groups, header.segments[segment], forms, before, weights_only=weights_only)
