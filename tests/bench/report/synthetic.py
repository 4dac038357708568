"""Invented results like those of a run of `nervc bench`: `python -m tests.bench.report.synthetic FOLDER`."""

import hashlib
import json
import math
import sys
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageFilter

SAMPLE = Path(__file__).parents[2] / "data" / "bunny_1280x720_132f.mp4"
VIDEOS = {"Beauty": 33.0, "Bosphorus": 36.0, "Jockey": 34.0}
"""PSNR in dB that x265 reaches at 0.03 bits per pixel, by video."""
CODECS = {
    "x264": ("crf", (44, 40, 36, 32, 28, 24), 1.35, 0.004),
    "x265": ("crf", (44, 40, 36, 32, 28, 24), 1.0, 0.02),
    "x265:veryslow": ("crf", (44, 40, 36, 32, 28, 24), 0.9, 0.4),
    "svtav1": ("crf", (60, 52, 44, 36, 28), 0.75, 0.3),
    "hnerv": ("quality", (35, 45, 55, 65), 1.8, 4.0),
    "dnerv": ("quality", (35, 45, 55, 65), 1.15, 6.0),
}
"""Option and values that name the points, bits of the codec over those of x265, and encoder's seconds per frame."""
FRAMES, WIDTH, HEIGHT = 24, 320, 180


def record(video: str, codec: str, label: str, bpp: float, psnr: float, **more: Any) -> dict[str, Any]:
    """The record of one measured point."""
    network = codec in ("hnerv", "dnerv")
    size = round(bpp * WIDTH * HEIGHT * FRAMES / 8)
    frames = [psnr + 0.8 * math.sin(i / 3 + len(codec)) for i in range(FRAMES)]
    names = {"dataset": "synthetic", "protocol": "full", "suite": None, "video": video, "codec": codec, "label": label}
    return {
        "version": 1,
        "key": hashlib.sha256(f"{video} {codec} {label}".encode()).hexdigest()[:16],
        "status": "done",
        **names,
        "setting": dict([label.split("=")]) if "=" in label else {},
        "view": "frames 0:24, whole picture, scaled to 320x180 (area)",
        "conversion": "BT.709 studio range, 4:2:0 to RGB by bicubic",
        "command": f"nervc encode {video}.y4m --{label}" if network else f"ffmpeg -i {video}.y4m -{label}",
        "width": WIDTH,
        "height": HEIGHT,
        "frames": FRAMES,
        "frame_rate": 25.0,
        "source_sha256": hashlib.sha256(video.encode()).hexdigest(),
        "bytes": size,
        "bpp": bpp,
        "kbps": bpp * WIDTH * HEIGHT * 25 / 1000,
        "psnr": psnr,
        "psnr_yuv": psnr + 1.2,
        "vmaf": 100 / (1 + math.exp((33 - psnr) / 3)),
        "ms_ssim": 1 - 10 ** (-(psnr - 16) / 12),
        "psnr_frames": frames,
        "encode_seconds": 1.0,
        "decode_seconds": FRAMES / (45 if network else 400),
        "parameters": round(size * 1.4) if network else None,
        "kmac_per_pixel": 60.0 + bpp if network else None,
        "peak_memory": 900_000_000 if network else 120_000_000,
        "pictures": None,
        "environment": {
            "command": "nervc bench --dataset synthetic --suite all -o results",
            "versions": {"nervcodec": "0.1.0", "torch": "2.13.0", "av": "18.1.0"},
            "cpu": "no machine at all",
            "cores": 2,
            "threads": 2,
            "cuda": None,
        },
        "finished": "2026-11-21T12:00:00Z",
        **more,
    }


def failed(video: str, codec: str, label: str, message: str) -> dict[str, Any]:
    """The record of one point that failed."""
    kept = ("version", "dataset", "protocol", "suite", "setting", "view", "conversion", "environment", "finished")
    whole = record(video, codec, label, 0.1, 30.0)
    names = {"key": whole["key"] + "-f", "video": video, "codec": codec, "label": label}
    error = {"status": "failed", "error": {"kind": "FitError", "message": message}}
    return {**{name: whole[name] for name in kept}, **names, **error}


def curves() -> list[dict[str, Any]]:
    """All points of six codecs on three videos."""
    records = []
    for number, (video, level) in enumerate(VIDEOS.items()):
        for codec, (knob, values, share, seconds) in CODECS.items():
            for i, value in enumerate(values):
                octaves = i * 0.95 - 2 + 0.15 * number
                bpp = 0.03 * share * 2**octaves * (1 + 0.1 * math.sin(number + len(codec)))
                psnr = level + 2.4 * octaves - 0.12 * octaves**2
                time = {"encode_seconds": seconds * FRAMES * 1.2**i}
                records.append(record(video, codec, f"{knob}={value}", bpp, psnr, **time))
    return records


def write(folder: Path, records: list[dict[str, Any]], name: str = "results.jsonl") -> Path:
    """Write records to a file of results, and return its path."""
    path = folder / name
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def with_pictures(folder: Path, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add pictures to records, in the folder; the fewer decibels a record has, the more blurred its picture."""
    with av.open(str(SAMPLE)) as container:
        times = (0.4, 2.0, 4.0)
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0) if f.time in times]
    stills = [Image.fromarray(frame).resize((WIDTH, HEIGHT), Image.Resampling.BOX) for frame in frames]
    (folder / "pictures").mkdir()
    for number, video in enumerate(dict.fromkeys(r["video"] for r in records)):
        still, source = stills[number % len(stills)], f"pictures/{number}.png"
        still.save(folder / source)
        for r in records:
            if r["video"] == video:
                decoded = f"pictures/{r['key']}.png"
                blur = (43 - r["psnr"]) / 9 + 0.05 * list(CODECS).index(r["codec"])
                still.filter(ImageFilter.GaussianBlur(blur)).save(folder / decoded, compress_level=1)
                r["pictures"] = {"frame": 10, "decoded": decoded, "source": source}
    return records


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    crash = failed("Jockey", "dnerv", "quality=75", "every attempt ended in numbers that are not finite")
    write(target, [*with_pictures(target, curves()), crash])
