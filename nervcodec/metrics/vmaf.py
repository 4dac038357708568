"""VMAF, measured by an ffmpeg that was built with libvmaf: the system's, or that of the package imageio-ffmpeg."""

import json
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from nervcodec.errors import RequestError

MODEL = "vmaf_v0.6.1"


@cache
def ffmpeg_with(kind: str, name: str) -> str | None:
    """Path of an ffmpeg that has the encoder or filter (`kind`) called `name`; None where there is none."""
    for program in filter(None, (shutil.which("ffmpeg"), _packaged_ffmpeg())):
        listed = subprocess.run([program, "-hide_banner", f"-{kind}s"], capture_output=True, text=True, check=False)
        if any(name in line.split()[1:2] for line in listed.stdout.splitlines()):
            return program
    return None


def vmaf(distorted: Path, reference: Path) -> float | None:
    """Mean VMAF v0.6.1 over the frames of a file, against a file with as many frames of the same size.

    None where there is no ffmpeg with libvmaf. Raises RequestError where libvmaf fails.
    """
    program = ffmpeg_with("filter", "libvmaf")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        graph = f"[0:v][1:v]libvmaf=model=version={MODEL}:log_fmt=json:log_path=log.json"
        files = ["-i", str(distorted.absolute()), "-i", str(reference.absolute())]
        command = [program, "-nostdin", "-v", "error", *files, "-lavfi", graph, "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        if done.returncode:
            raise RequestError(f"ffmpeg with libvmaf: {(done.stderr.strip().splitlines() or ['failed'])[0]}")
        score: float = json.loads((Path(folder) / "log.json").read_text())["pooled_metrics"]["vmaf"]["mean"]
    return score


def _packaged_ffmpeg() -> str | None:
    if find_spec("imageio_ffmpeg") is None:
        return None
    from imageio_ffmpeg import get_ffmpeg_exe

    return str(get_ffmpeg_exe())
