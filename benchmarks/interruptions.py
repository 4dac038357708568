"""A long video with cuts and sound, killed again and again while it is encoded: bytes, peak memory, random access.

`python -m benchmarks.interruptions CLIP CLIP CLIP --resize 96x54 --output benchmarks/results/interruptions.json`: each
clip becomes a scene of a minute, 1280x720 and 25 frames a second, played forwards and backwards; a tone goes along.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import click
import numpy as np

from benchmarks.memory import high_water
from benchmarks.record import write_record
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View

SIZE, RATE, SCENE_SECONDS, SAMPLE_RATE = (1280, 720), 25, 60, 44_100
KILLS = 5
POLL_SECONDS = 0.05
NERVC = str(Path(sys.executable).with_name("nervc"))


def scene(clip: str, frames: int) -> Iterator[np.ndarray[Any, Any]]:
    """A number of frames of a clip, played forwards and backwards in turns."""
    with read_frames(clip, View(resize=SIZE)) as video:
        there = list(video.frames)
    around = [*there, *there[-2:0:-1]]
    for number in range(frames):
        yield around[number % len(around)]


def make_video(path: Path, clips: tuple[str, ...]) -> None:
    """Write a video of scenes one after the other, with a tone that rises."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "23"})
        sound = container.add_stream("aac", rate=SAMPLE_RATE)
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        for clip in clips:
            for picture in scene(clip, SCENE_SECONDS * RATE):
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        seconds = SCENE_SECONDS * len(clips)
        t = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
        wave = np.sin(2 * np.pi * (200 + t) * t).astype(np.float32)
        for start in range(0, len(wave), 1024):
            frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


def measured(*arguments: str) -> dict[str, float]:
    """Run a `nervc` command, and measure its seconds and its peak memory."""
    started, peak = time.monotonic(), 0
    process = subprocess.Popen([NERVC, *arguments])
    while process.poll() is None:
        peak = max(peak, high_water(process.pid))
        time.sleep(POLL_SECONDS)
    assert process.returncode == 0, arguments
    return {"seconds": round(time.monotonic() - started, 1), "peak_mb": round(peak / 1e6)}


def kill_and_resume(arguments: list[str], seconds: float, seed: int) -> list[float]:
    """Encode with kills (SIGKILL) at random times, for a run of some seconds; returns the seconds before each kill."""
    moments, dice = [], random.Random(seed)
    for _ in range(KILLS):
        process = subprocess.Popen([NERVC, *arguments])
        moment = dice.uniform(0.5, 1.5) * seconds / (KILLS + 1)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            moments.append(round(moment, 1))
    subprocess.run([NERVC, *arguments], check=True)
    return moments


@click.command()
@click.argument("clips", nargs=-1, required=True)
@click.option("--resize", default="96x54")
@click.option("--preset", default="draft")
@click.option("--batch", default="1")
@click.option("--output", type=click.Path(path_type=Path))
def main(clips: tuple[str, ...], resize: str, preset: str, batch: str, output: Path | None) -> None:
    """Encode a long video with and without interruptions, compare the files, and measure decoding."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        source, whole, killed = folder / "long.mp4", folder / "whole.nerv", folder / "killed.nerv"
        make_video(source, clips)
        options = ["--preset", preset, "--resize", resize, "--batch", batch, "-q"]
        encoded = measured("encode", str(source), "-o", str(whole), *options)
        print("uninterrupted", encoded, flush=True)
        command = ["encode", str(source), "-o", str(killed), *options]
        moments = kill_and_resume(command, encoded["seconds"], seed=0)
        same = whole.read_bytes() == killed.read_bytes()
        print("killed after", moments, "the same bytes:", same, flush=True)
        decoded = measured("decode", str(whole), "-o", str(folder / "out.mkv"), "-q")
        last = measured(
            "decode", str(whole), "-o", str(folder / "last.mkv"), "--start", str(SCENE_SECONDS * len(clips) - 1), "-q"
        )
        start_up = measured("decode", "--help")
        info = json.loads(subprocess.run([NERVC, "info", str(whole), "--json"], capture_output=True, check=True).stdout)
        results = {
            "input": {"bytes": source.stat().st_size, "seconds": SCENE_SECONDS * len(clips), "size": list(SIZE)},
            "file": {key: info[key] for key in ("width", "height", "frames", "bytes", "attached_bytes", "bpp")},
            "segments": [chunk["frames"] for chunk in info["chunks"]],
            "encode": encoded,
            "killed_after": moments,
            "same_bytes": same,
            "decode": decoded,
            "decode_last_second": last,
            "help": start_up,
        }
    print(json.dumps(results, indent=2))
    if output:
        write_record(output, results)


if __name__ == "__main__":
    main()
