"""What is known of a video beside its pixels goes through a file, whatever its frames are coded with."""

from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import nervcodec
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.composite import Composite
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.footage import load_footage
from nervcodec.metrics.quality import QualityMeter
from nervcodec.picture import ColourTags, VideoFormat
from nervcodec.timeline import Clock
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames
from tests.codec.clips import ALWAYS_KEPT
from tests.conftest import SAMPLE
from tests.golden.make import FOLDER, deep_source
from tests.hdr import LIGHT, MASTERING

MS = Fraction(1, 1000)
VIDEO = VideoFormat(
    width=60,
    height=34,
    frame_rate=Fraction(25),
    colour=ColourTags(primaries=9, transfer=16),
    sample_aspect=Fraction(4, 3),
    mastering=MASTERING,
    content_light=LIGHT,
)
*TICKS, END = accumulate((17, 40, 100, 33, 250, 40), initial=0)
CLOCK = Clock(time_base=MS, ticks=tuple(TICKS), end=END)


@pytest.mark.parametrize("keep_every", [1, 2])
def test_times_and_metadata_go_through_a_file(tmp_path: Path, keep_every: int) -> None:
    source, path = tmp_path / "a.mkv", tmp_path / "a.nerv"
    random = np.random.default_rng(0)
    with write_frames(str(source), VIDEO, CLOCK) as sink:
        for _ in TICKS:
            sink(random.integers(0, 256, (34, 60, 3), dtype=np.uint8))
    options = EncodeOptions(size=4_000, steps=3, model="hnerv", keep_every=keep_every)
    nervcodec.encode(str(source), str(path), options)
    header = read_stream(path.read_bytes()).header
    assert header.clock == CLOCK
    assert header.video == VIDEO
    for name in ("b.mkv", "b.mp4"):
        nervcodec.decode(
            str(path), str(tmp_path / name), nervcodec.DecodeOptions(playback=nervcodec.Playback(all_times=True))
        )
        footage = load_footage(str(tmp_path / name), View())
        assert footage.clock
        assert [tick * footage.clock.time_base / MS for tick in (*footage.clock.ticks, footage.clock.end)] == [
            *TICKS,
            END,
        ]
        assert footage.video.sample_aspect == VIDEO.sample_aspect
        assert (footage.video.mastering, footage.video.content_light) == (VIDEO.mastering, VIDEO.content_light)


def read_all(path: Path | str) -> Tensor:
    """All frames of a video, `[T, H, W, 3]`."""
    with read_frames(str(path)) as video:
        return torch.from_numpy(np.stack(list(video.frames)))


@pytest.mark.parametrize(
    "options",
    [
        EncodeOptions(model="hnerv", size=3000, steps=9, keep_every=2),
        EncodeOptions(
            model="dnerv", size=3000, steps=9, layers=2, min_gain=ALWAYS_KEPT, segment="2", embeddings="encoder"
        ),
        EncodeOptions(model="hnerv", size=3000, steps=9, recipe="paper", mask="boxes:1x8"),
    ],
    ids=["every-second", "layers", "masked"],
)
def test_10_bits_are_fitted_measured_and_decoded(tmp_path: Path, options: EncodeOptions) -> None:
    source, path, target = deep_source(tmp_path), tmp_path / "a.nerv", tmp_path / "b.mkv"
    report = nervcodec.encode(str(source), str(path), options)
    assert read_stream(path.read_bytes()).header.video.depth == 10
    nervcodec.decode(str(path), str(target))
    made, given = read_all(target), read_all(source)
    assert made.dtype == torch.int16
    assert made.max() > 255
    seen = torch.ones(25, 46, dtype=torch.bool)
    if options.mask:
        seen[8:16, 19:27] = False
    kept = [0, 2, 3] if options.keep_every == 2 else [0, 1, 2, 3]
    errors = (made.double() - given[kept])[:, seen].square().flatten(1).mean(dim=1)
    assert report.psnr_db == pytest.approx(float(-10 * (errors / 1023**2).log10().mean()), abs=1e-4)
    if not options.mask:  # one mean over all frames; one over segments of their means, which is rounded otherwise
        header = read_stream(path.read_bytes()).header
        parts = zip(
            *(torch.split(x.permute(0, 3, 1, 2), list(header.segments)) for x in (made, given[kept])), strict=True
        )
        meters = [QualityMeter(header.video) for _ in range(1 + len(header.segments))]
        for meter, (own, reference) in zip(meters[1:], parts, strict=True):
            for each in (meter, meters[0]):
                each.add(own, reference)
        assert nervcodec.verify(str(path), str(source)).psnr_db == meters[0].psnr_db
        assert report.psnr_db == sum(meter.psnr_db * meter.frames for meter in meters[1:]) / len(made)


@pytest.mark.parametrize("depth", [8, 10])
def test_the_depth_can_be_told(tmp_path: Path, depth: int) -> None:
    path, target = tmp_path / "a.nerv", tmp_path / "b.mkv"
    source = deep_source(tmp_path) if depth == 8 else SAMPLE
    options = EncodeOptions(view=View(stop=2, resize=(46, 25), depth=depth), model="hnerv", size=3000, steps=3)
    nervcodec.encode(str(source), str(path), options)
    nervcodec.decode(str(path), str(target))
    with read_frames(str(target)) as video:
        assert read_stream(path.read_bytes()).header.video.depth == video.format.depth == depth


def test_frames_between_and_filled_pixels_have_10_bits(tmp_path: Path) -> None:
    path, source, target = FOLDER / "v5" / "depth.nerv", deep_source(tmp_path), tmp_path / "b.mkv"
    nervcodec.decode(str(path), str(target))
    own = read_all(target)
    faster = nervcodec.DecodeOptions(playback=nervcodec.Playback(frame_rate=Fraction(50)))
    nervcodec.decode(str(path), str(target), faster, overwrite=True)
    assert torch.equal(read_all(target)[::2][:4], own)
    composite = nervcodec.DecodeOptions(composite=Composite(str(source), "boxes:1x8"))
    nervcodec.decode(str(path), str(target), composite, overwrite=True)
    filled, given = read_all(target), read_all(source)
    box = (slice(None), slice(8, 16), slice(19, 27))
    assert torch.equal(filled[box], own[box])
    assert int((filled != given).any(dim=3).sum()) <= 4 * 8 * 8
