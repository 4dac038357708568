"""Encode the sample clip, decode it, measure what came back: `python -m benchmarks.demo CLIP FOLDER`."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.table import Table

from nervcodec.codec.segment.footage import load_clip
from nervcodec.metrics.quality import QualityMeter
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames

FRAMES, CROP, SIZE = 48, (1280, 640), (640, 320)
SHOWN = 25


def nervc(*arguments: str) -> float:
    """Run `nervc` as a user would, and return the seconds it took."""
    print("\n$ nervc", *arguments, flush=True)
    started = monotonic()
    subprocess.run([str(Path(sys.executable).with_name("nervc")), *arguments], check=True)
    return monotonic() - started


def compared(clip: str, decoded: str, view: View) -> QualityMeter:
    """Compare a decoded file with the clip that it was made from, seen through a view."""
    video, original = load_clip(clip, view)
    meter = QualityMeter(video)
    meter.add(load_clip(decoded, View(domain=view.domain))[1], original)
    return meter


def main(clip: str, folder: Path) -> None:
    """Encode, decode and measure a clip, and print the figures as a table."""
    folder.mkdir(exist_ok=True)
    stream, decoded = folder / "bunny.nerv", folder / "decoded.mkv"
    crop, size = ("x".join(map(str, pair)) for pair in (CROP, SIZE))
    part = ["--frames", f"0:{FRAMES}", "--crop", crop, "--resize", size]
    encoded_in = nervc(
        "encode", clip, "-o", str(stream), "-y", *part, "--audio", "none", "--quality", "60", "--preset", "fast"
    )
    decoded_in = nervc("decode", str(stream), "-o", str(decoded), "-y")
    nervc("info", str(stream))

    view = View(stop=FRAMES, crop=CROP, resize=SIZE)
    planes, rgb = (compared(clip, str(decoded), replace(view, domain=domain)) for domain in ("yuv420", "rgb"))
    picture, original = load_clip(clip, view)
    _, result = load_clip(str(decoded), View())
    pixels = FRAMES * SIZE[0] * SIZE[1]
    for name, frames in (("original", original), ("decoded", result)):
        with write_frames(str(folder / f"{name}-%d.png"), picture) as sink:
            sink(frames[SHOWN].permute(1, 2, 0).numpy())

    table = Table(
        "YUV PSNR",
        "MS-SSIM of luma",
        "RGB PSNR",
        "bytes",
        "bpp",
        "encode",
        "decode",
        title=f"Bunny, {size}, {FRAMES} frames",
    )
    table.add_row(
        f"{planes.psnr_db:.2f} dB",
        f"{planes.ms_ssim:.4f}",
        f"{rgb.psnr_db:.2f} dB",
        f"{stream.stat().st_size:,}",
        f"{8 * stream.stat().st_size / pixels:.4f}",
        f"{encoded_in:.1f} s",
        f"{decoded_in:.1f} s",
    )
    Console().print(table)
    print(f"Look at {folder}/original-1.png and {folder}/decoded-1.png.")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
