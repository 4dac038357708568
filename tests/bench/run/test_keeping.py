"""Files of points that are kept: the recorded command makes the same stream of them."""

import hashlib
import shlex
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import nervcodec
from nervcodec.bench.codecs.anchors import anchor_codec
from nervcodec.bench.codecs.encoders import ENCODERS
from nervcodec.bench.record import Record
from nervcodec.bench.run.keeping import keep_files
from nervcodec.bench.run.plan import BenchOptions, plan_points
from nervcodec.bench.run.point import run_point
from nervcodec.bench.run.runner import run_points
from nervcodec.codec.choices import DomainName
from nervcodec.metrics.vmaf import ffmpeg_with
from nervcodec.video.view import View
from tests.bench.codecs.material import small_material
from tests.conftest import SAMPLE

VIEW = View(stop=12, crop=(1280, 640), resize=(182, 91))
LIBRARIES = {"x264": "libx264", "x265": "libx265", "vvenc": "libvvenc", "libaom": "libaom-av1"}


def measured(folder: Path, codec: str, domain: DomainName) -> Record:
    options = BenchOptions(
        dataset="bunny", codecs=(codec,), points=1, view=VIEW, vmaf=False, domain=domain, keep_files=True
    )
    point = plan_points(options)[-1]
    return run_point(point, folder, lambda share: None)


def program_with(codec: str) -> str:
    """The ffmpeg that the bench itself runs, or, for what PyAV has, the packaged one, whose versions are PyAV's."""
    if ENCODERS[codec].external:
        return ffmpeg_with("encoder", LIBRARIES[codec]) or pytest.skip(f"no ffmpeg with {LIBRARIES[codec]}")
    return str(pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe())


CASES = [*[(codec, "yuv420") for codec in LIBRARIES], ("x264", "rgb"), ("x265", "rgb")]


@pytest.mark.parametrize(("codec", "domain"), CASES)
def test_the_recorded_command_makes_the_stream_to_the_byte(codec: str, domain: DomainName, tmp_path: Path) -> None:
    """SVT-AV1 is left out: PyAV and ffmpeg programs hold different versions of it."""
    program = program_with(codec)
    record = measured(tmp_path, codec, domain)
    source, stream = (tmp_path / record["files"][name] for name in ("source", "stream"))
    assert hashlib.sha256(stream.read_bytes()).hexdigest() == record["stream_sha256"]
    name, *words = shlex.split(record["command"])
    assert name == "ffmpeg"
    (tmp_path / ("source.y4m" if domain == "yuv420" else "frames")).symlink_to(source)
    subprocess.run([program, "-nostdin", "-v", "error", *words], cwd=tmp_path, check=True)
    assert (tmp_path / words[-1]).read_bytes() == stream.read_bytes()


def test_files_that_are_not_there_are_made_again(tmp_path: Path) -> None:
    options = BenchOptions(dataset="bunny", codecs=("x264",), points=1, view=VIEW, vmaf=False)
    assert run_points(plan_points(options), tmp_path).known == 0
    kept = plan_points(replace(options, keep_files=True))
    first = run_points(kept, tmp_path)
    assert first.known == 0
    assert run_points(kept, tmp_path).known == 2
    (tmp_path / first.records[0]["files"]["stream"]).unlink()
    again = run_points(kept, tmp_path)
    assert again.known == 1
    assert [r["stream_sha256"] for r in again.records] == [r["stream_sha256"] for r in first.records]


def test_pictures_of_two_frame_rates_are_two_sources(tmp_path: Path) -> None:
    material = small_material(64, 64, 1)
    coded = anchor_codec("x264", []).encode(material, {"crf": 40})
    slow, fast = (
        keep_files(tmp_path, "key", coded, replace(material, video=replace(material.video, frame_rate=Fraction(rate))))
        for rate in (15, 60)
    )
    assert slow["source"] != fast["source"]


def test_a_stream_of_ours_is_a_file_with_the_quality_of_its_record(tmp_path: Path) -> None:
    options = BenchOptions(
        dataset="bunny", codecs=("hnerv",), points=1, view=VIEW, vmaf=False, keep_files=True, fitting={"steps": 20}
    )
    (point,) = plan_points(options)
    record = run_point(point, tmp_path, lambda share: None)
    report = nervcodec.verify(str(tmp_path / record["files"]["stream"]), str(SAMPLE), VIEW)
    assert report.domain == record["domain"] == "yuv420"
    assert report.psnr_db == pytest.approx(record["psnr_yuv"], abs=1e-4)
    assert "--domain yuv420" in record["command"]
