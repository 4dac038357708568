"""VMAF, measured by an ffmpeg that has it."""

from pathlib import Path

import pytest

from nervcodec.bench.run.measuring import measure_vmaf
from nervcodec.codec.segment.footage import load_clip
from nervcodec.errors import RequestError
from nervcodec.metrics.vmaf import ffmpeg_with, vmaf
from nervcodec.video.view import View


def test_vmaf_falls_with_quality(sample: str) -> None:
    video, clip = load_clip(sample, View(stop=4, resize=(320, 180)))
    coarse = (clip // 32) * 32 + 16
    same, worse = measure_vmaf(clip, clip, video), measure_vmaf(coarse, clip, video)
    assert same is not None
    assert worse is not None
    assert same > 95  # it is not always 100, even for identical frames
    assert worse < same - 10


def test_an_ffmpeg_without_the_filter_is_none() -> None:
    assert ffmpeg_with("filter", "no_such_filter") is None


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="libvmaf"):
        vmaf(tmp_path / "nothing.y4m", tmp_path / "neither.y4m")
