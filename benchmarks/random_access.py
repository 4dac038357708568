"""Random access to frames: one frame at a time in random order, beside all frames in turn, and beside a seek in H.264.

python -m benchmarks.random_access -o FILE [--work FOLDER]

The clip is Bunny at 640x320, fitted by the preset `draft` with groups of frames and without, and coded by x264 with a
key frame in 250. Every frame is made RGB. Times are of the wall and of the processor, which other work on the machine
disturbs less.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any

import av
import click
import torch

import nervcodec
from benchmarks.record import write_record
from nervcodec.codec.decoding.opening import CACHE_BYTES
from nervcodec.video.domains import picture_to_frame
from nervcodec.video.reader import read_frames

CLIP = Path(__file__).parent.parent / "tests" / "data" / "bunny_1280x720_132f.mp4"
VIEW = nervcodec.View(crop=(1280, 640), resize=(640, 320))
FILES = {"groups": None, "every frame": 1}
"""Frames from one of the file to the next; None leaves that to the encoder."""
CACHES = {"": CACHE_BYTES, ", nothing kept": 0}
"""Bytes that are kept, with words for them."""
X264 = {"crf": "23", "preset": "medium", "g": "250", "keyint_min": "250", "sc_threshold": "0"}
ACCESSES = 200


class H264:
    """The frames of an H.264 file, RGB, by a seek to the key frame before each and a decode from there."""

    def __init__(self, path: Path) -> None:
        self.container = av.open(str(path))
        self.stream = self.container.streams.video[0]
        self.stream.thread_count = torch.get_num_threads()
        self.times = [frame.pts or 0 for frame in self.container.decode(self.stream)]

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, number: int) -> Any:
        self.container.seek(self.times[number], stream=self.stream)
        frame = next(f for f in self.container.decode(self.stream) if f.pts == self.times[number])
        return frame.to_ndarray(format="rgb24")

    def __iter__(self) -> Iterator[Any]:
        self.container.seek(0, stream=self.stream)
        return (frame.to_ndarray(format="rgb24") for frame in self.container.decode(self.stream))


def write_h264(path: Path) -> None:
    """Code the clip with x264."""
    with read_frames(str(CLIP), VIEW) as video, av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=video.format.frame_rate, options=X264)
        stream.width, stream.height, stream.pix_fmt = video.format.width, video.format.height, "yuv420p"
        for picture in video.frames:
            container.mux(stream.encode(picture_to_frame(picture, "yuv420p", video.format)))
        container.mux(stream.encode())


def milliseconds(times: list[tuple[float, float]]) -> dict[str, Any]:
    """Median, mean and 95th percentile of times of wall and processor, given in seconds."""
    found = {}
    for name, seconds in zip(("wall", "cpu"), zip(*times, strict=True), strict=True):
        ordered = sorted(1000 * s for s in seconds)
        figures = statistics.median(ordered), statistics.mean(ordered), ordered[int(0.95 * len(ordered))]
        found[name] = dict(zip(("median", "mean", "p95"), (round(figure, 2) for figure in figures), strict=True))
    return {"accesses": len(times), **found}


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of wall and processor that work takes."""
    wall, processor = perf_counter(), process_time()
    work()
    return perf_counter() - wall, process_time() - processor


def measured(opened: Callable[[], Any]) -> dict[str, Any]:
    """Milliseconds of a frame in random order, those asked for first and again apart, and of each of all in turn."""
    video = opened()
    numbers = Random(0).choices(range(len(video)), k=ACCESSES)
    times = [timed(partial(video.__getitem__, number)) for number in numbers]
    is_new = [number not in numbers[:place] for place, number in enumerate(numbers)]
    whole = timed(lambda: [None for _ in opened()])
    return {
        "all": milliseconds(times),
        "asked for first": milliseconds([time for time, new in zip(times, is_new, strict=True) if new]),
        "asked for again": milliseconds([time for time, new in zip(times, is_new, strict=True) if not new]),
        "in turn": {kind: round(1000 * t / len(video), 2) for kind, t in zip(("wall", "cpu"), whole, strict=True)},
    }


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--work", type=click.Path(path_type=Path), help="Folder of files of an earlier run, which are taken.")
def main(output: Path, work: Path | None) -> None:
    """Measure random access to the frames of .nerv files and of an H.264 file."""
    results: dict[str, Any] = {}
    with ExitStack() as stack:
        folder = work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, gop in FILES.items():
            path = folder / f"{name.replace(' ', '_')}.nerv"
            if not path.exists():
                options = nervcodec.EncodeOptions(view=VIEW, preset="draft", audio="none", gop=gop)
                nervcodec.encode(str(CLIP), str(path), options)
            for kept, cache_bytes in CACHES.items():
                opened = partial(nervcodec.open, str(path), device="cpu", cache_bytes=cache_bytes)
                results[name + kept] = {"bytes": path.stat().st_size, **measured(opened)}
        path = folder / "x264.mp4"
        write_h264(path)
        results["x264"] = {"bytes": path.stat().st_size, **measured(partial(H264, path))}
    for name, found in results.items():
        click.echo(f"{name}: {found}")
    write_record(output, results)


if __name__ == "__main__":
    main()
