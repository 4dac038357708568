"""Writer of golden files of the current format version, each of them once: `python -m tests.golden.make NAME ...`."""

import json
import sys
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

import nervcodec
from nervcodec.bitstream.container import Stream, read_stream, write_stream
from nervcodec.bitstream.format import VERSION
from nervcodec.bitstream.layer import Chunk
from nervcodec.codec.choices import Copying, DomainName
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.decoding.frames import decode_frames
from nervcodec.codec.stream.layers import layer_configs
from nervcodec.codec.stream.schema import layer_schema
from nervcodec.codec.stream.tensors import pack_group, unpack_group
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.entropy.forms import CONTEXTS, FORMS, MIXED, PREDICTED
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames
from tests.conftest import SAMPLE
from tests.video.test_offsets import write_source

FOLDER = Path(__file__).parent
ANY_GAIN = -9
"""A `min_gain` that every layer reaches, so that all layers are kept."""
OPTIONS = {
    "dnerv": nervcodec.EncodeOptions(
        view=View(stop=4, resize=(46, 25)), model="dnerv", size=3000, steps=300, quality=90
    ),
    "hnerv": nervcodec.EncodeOptions(
        view=View(stop=4, resize=(46, 25)), model="hnerv", size=45_000, steps=300, recipe="paper", bits=6, prune=0.2
    ),
    "contexts": nervcodec.EncodeOptions(
        view=View(first=60, stop=72, resize=(46, 25)), difference_grid=(4, 8), size=3000, steps=300, quality=100
    ),
    "mixed": nervcodec.EncodeOptions(
        view=View(first=60, stop=72, resize=(46, 25)), difference_grid=(4, 8), size=3000, steps=300, quality=100
    ),
    "sdmn": nervcodec.EncodeOptions(
        view=View(stop=4, resize=(46, 25)),
        model="sdmn",
        coupling="additive",
        latent="seeded",
        seed=5,
        size=20_000,
        steps=300,
        quality=90,
    ),
    "layers": nervcodec.EncodeOptions(
        view=View(stop=4, resize=(46, 25)),
        model="sdmn",
        layers=3,
        size=20_000,
        steps=300,
        quality=90,
        min_gain=ANY_GAIN,
    ),
    "timeline": nervcodec.EncodeOptions(
        view=View(stop=6, resize=(46, 25)), model="hnerv", keep_every=2, size=3000, steps=300, quality=90
    ),
    "segments": nervcodec.EncodeOptions(
        view=View(first=60, stop=72, resize=(46, 25)), size=3000, steps=300, quality=80, segment="4"
    ),
    "sound": nervcodec.EncodeOptions(view=View(stop=4, resize=(46, 25)), model="hnerv", size=3000, steps=300),
    "ffnerv": nervcodec.EncodeOptions(
        view=View(stop=5, resize=(46, 25)), model="ffnerv", size=15_000, steps=300, quality=90
    ),
    "planes": nervcodec.EncodeOptions(
        view=View(first=60, stop=64, resize=(45, 25)),
        domain="yuv420",
        layers=2,
        min_gain=ANY_GAIN,
        size=3000,
        steps=300,
        quality=90,
    ),
    "depth": nervcodec.EncodeOptions(model="dnerv", layers=2, min_gain=ANY_GAIN, size=3000, steps=300, quality=90),
    "groups": nervcodec.EncodeOptions(
        view=View(first=60, stop=74, resize=(45, 25)),
        domain="yuv420",
        gop=3,
        segment="7",
        layers=2,
        min_gain=ANY_GAIN,
        size=3000,
        steps=300,
        quality=70,
    ),
    "early": nervcodec.EncodeOptions(model="hnerv", size=3000, steps=300),
}
EARLY = Fraction(3, 2)
"""Seconds by which the sound of `early` begins before the first picture."""
WITH_SOUND = ("sound", "early")
FORMS_OF_EMBEDDINGS = {"contexts": (PREDICTED | CONTEXTS,), "mixed": (MIXED,)}
"""Forms that the embeddings of some files have, whatever else would be cheaper."""


def deep_source(folder: Path) -> Path:
    """A video of 10 bits: four frames of the sample with a ramp from 0 to 7 added."""
    path = folder / "deep.mkv"
    with (
        read_frames(str(SAMPLE), View(stop=4, resize=(46, 25), depth=10)) as video,
        write_frames(str(path), video.format) as sink,
    ):
        for frame in video.frames:
            sink(np.minimum(frame + np.arange(46)[:, None] // 2 % 8, 1023).astype(np.int16))
    return path


def early_source(folder: Path) -> Path:
    """A video whose sound begins before its first picture."""
    return write_source(folder / "early.mkv", "libopus", -EARLY)


SOURCES = {"depth": deep_source, "early": early_source}
"""Makers of the videos that are not the sample."""


def symbols_digest(stream: Stream) -> str:
    """SHA-256 of all integers of a stream: steps, then symbols as int32, tensor by tensor in the order of the wire;
    then the corrections of each segment: steps, extents and symbols."""
    digest = sha256()
    unpacker = Unpacker(stream)
    for layer in range(len(stream.layers)):
        for segment, frames in enumerate(stream.header.segments):
            config, tensors = unpacker.config(layer, segment), unpacker.tensors(layer, segment)
            for spec in chain.from_iterable(layer_schema(config, frames) if config else ()):
                digest.update(bytes(tensors[spec.name].steps))
                digest.update(tensors[spec.name].symbols.astype("<i4").tobytes())
    for segment in range(len(stream.header.segments)):
        if corrections := unpacker.corrections(segment):
            digest.update(bytes(corrections.steps))
            digest.update(corrections.extents.astype("<i4").tobytes())
            digest.update(corrections.symbols.astype("<i4").tobytes())
    return digest.hexdigest()


def with_forms(stream: Stream, forms: tuple[int, ...]) -> Stream:
    """A stream of the same integers, with embeddings in the cheapest of some forms."""
    (layer,), ((config,),), (frames,) = stream.layers, layer_configs(stream), stream.header.segments
    groups = tuple(
        pack_group(specs, unpack_group(specs, group), forms if specs[0].temporal else FORMS)
        for specs, group in zip(layer_schema(config, frames), layer.chunks[0].groups, strict=True)
    )
    return replace(stream, layers=(replace(layer, chunks=(Chunk(groups),)),))


def shown_frames(stream: Stream) -> torch.Tensor:
    """All frames that a stream shows, filtered, with those between the frames of groups, `[T, C, H, W]`."""
    header = stream.header
    schedule = header.playback.schedule(header.times, header.video.frame_rate, header.clock)
    return torch.stack(list(frames_at(stream, schedule.moments)))


def main(names: list[str]) -> None:
    """Write the golden files of some names, their frames and the digests of their integers."""
    folder = FOLDER / f"v{VERSION}"
    folder.mkdir(exist_ok=True)
    index = folder / "symbols.json"
    digests = json.loads(index.read_text()) if index.exists() else {}
    for name in names:
        options, path = OPTIONS[name], folder / f"{name}.nerv"
        domain: DomainName = "rgb" if options.domain == "auto" else options.domain
        audio: Copying = "copy" if name in WITH_SOUND else "none"
        options = replace(options, audio=audio, domain=domain, gop=options.gop or 1)
        with TemporaryDirectory() as temporary:
            made = SOURCES[name](Path(temporary)) if name in SOURCES else SAMPLE
            nervcodec.encode(str(made), str(path), options, overwrite=True)
        stream = read_stream(path.read_bytes())
        if name in FORMS_OF_EMBEDDINGS:
            stream = with_forms(stream, FORMS_OF_EMBEDDINGS[name])
            path.write_bytes(write_stream(stream))
        digests[name] = symbols_digest(stream)
        frames = {"frames": torch.cat(list(decode_frames(stream)))}
        if stream.header.grouped:
            frames["shown"] = shown_frames(stream)
        np.savez_compressed(folder / f"{name}.npz", **{kind: made.numpy() for kind, made in frames.items()})  # type: ignore[arg-type]
    index.write_text(json.dumps(digests, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
