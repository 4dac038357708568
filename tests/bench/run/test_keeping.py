"""Files of points that are kept: the recorded command makes the same stream of them."""

import hashlib
import shlex
import subprocess
from pathlib import Path

import pytest

import nervcodec
from nervcodec.bench.record import Record
from nervcodec.bench.run.plan import BenchOptions, plan_points
from nervcodec.bench.run.point import run_point
from nervcodec.codec.choices import DomainName
from nervcodec.metrics.vmaf import ffmpeg_with
from nervcodec.video.view import View
from tests.conftest import SAMPLE

VIEW = View(stop=12, crop=(1280, 640), resize=(182, 91))
LIBRARIES = {"x264": "libx264", "x265": "libx265", "vvenc": "libvvenc", "libaom": "libaom-av1"}


def measured(folder: Path, codec: str, domain: DomainName) -> Record:
    options = BenchOptions(
        dataset="bunny", codecs=(codec,), points=1, view=VIEW, vmaf=False, domain=domain, keep_files=True
    )
    point = plan_points(options)[-1]
    return run_point(point, folder, lambda share: None)


CASES = [*[(codec, "yuv420") for codec in LIBRARIES], ("x264", "rgb"), ("x265", "rgb")]


@pytest.mark.parametrize(("codec", "domain"), CASES)
def test_the_recorded_command_makes_the_stream_to_the_byte(codec: str, domain: DomainName, tmp_path: Path) -> None:
    """SVT-AV1 is left out: PyAV and ffmpeg programs hold different versions of it."""
    program = ffmpeg_with("encoder", LIBRARIES[codec])
    if program is None:
        pytest.skip(f"no ffmpeg with {LIBRARIES[codec]}")
    record = measured(tmp_path, codec, domain)
    source, stream = (tmp_path / record["files"][name] for name in ("source", "stream"))
    assert hashlib.sha256(stream.read_bytes()).hexdigest() == record["stream_sha256"]
    name, *words = shlex.split(record["command"])
    assert name == "ffmpeg"
    (tmp_path / ("source.y4m" if domain == "yuv420" else "frames")).symlink_to(source)
    subprocess.run([program, "-nostdin", "-v", "error", *words], cwd=tmp_path, check=True)
    assert (tmp_path / words[-1]).read_bytes() == stream.read_bytes()


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
