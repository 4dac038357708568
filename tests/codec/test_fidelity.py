"""What is known of a video beside its pixels goes through a file, whatever its frames are coded with."""

from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

import nervcodec
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.clip import load_footage
from nervcodec.codec.options import EncodeOptions
from nervcodec.picture import ColourTags, ContentLight, MasteringDisplay, VideoFormat
from nervcodec.timeline import Clock
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames

MS = Fraction(1, 1000)
VIDEO = VideoFormat(
    width=60,
    height=34,
    frame_rate=Fraction(25),
    colour=ColourTags(primaries=9, transfer=16),
    sample_aspect=Fraction(4, 3),
    mastering=MasteringDisplay(
        red=(34000, 16000),
        green=(13250, 34500),
        blue=(7500, 3000),
        white=(15635, 16450),
        max_luminance=10_000_000,
        min_luminance=50,
    ),
    content_light=ContentLight(max_content=1000, max_average=400),
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
