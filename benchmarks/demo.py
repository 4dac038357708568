"""Encode the sample clip, decode it, measure what came back: `python -m benchmarks.demo CLIP FOLDER`."""

import subprocess
import sys
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.table import Table

from nervcodec.codec.clip import load_clip
from nervcodec.metrics.quality import QualityMeter
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames

FRAMES, CROP, SIZE = 48, (1280, 640), (640, 320)
SHOWN = 25


def nervc(*arguments: str) -> float:
    """Run the command as a user would; seconds it took."""
    print("\n$ nervc", *arguments, flush=True)
    started = monotonic()
    subprocess.run([str(Path(sys.executable).with_name("nervc")), *arguments], check=True)
    return monotonic() - started


def main(clip: str, folder: Path) -> None:
    """See the module."""
    folder.mkdir(exist_ok=True)
    stream, decoded = folder / "bunny.nerv", folder / "decoded.mkv"
    crop, size = ("x".join(map(str, pair)) for pair in (CROP, SIZE))
    view = ["--frames", f"0:{FRAMES}", "--crop", crop, "--resize", size]
    encoded_in = nervc(
        "encode", clip, "-o", str(stream), "-y", *view, "--audio", "none", "--quality", "60", "--preset", "fast"
    )
    decoded_in = nervc("decode", str(stream), "-o", str(decoded), "-y")
    nervc("info", str(stream))

    _, original = load_clip(clip, View(stop=FRAMES, crop=CROP, resize=SIZE))
    picture, result = load_clip(str(decoded), View())
    meter = QualityMeter()
    meter.add(result, original)
    pixels = FRAMES * SIZE[0] * SIZE[1]
    for name, frames in (("original", original), ("decoded", result)):
        with write_frames(str(folder / f"{name}-%d.png"), picture) as sink:
            sink(frames[SHOWN].permute(1, 2, 0).numpy())

    table = Table("PSNR", "MS-SSIM", "bytes", "bpp", "encode", "decode", title=f"Bunny, {size}, {FRAMES} frames")
    table.add_row(
        f"{meter.psnr_db:.2f} dB",
        f"{meter.ms_ssim:.4f}",
        f"{stream.stat().st_size:,}",
        f"{8 * stream.stat().st_size / pixels:.4f}",
        f"{encoded_in:.1f} s",
        f"{decoded_in:.1f} s",
    )
    Console().print(table)
    print(f"Look at {folder}/original-1.png and {folder}/decoded-1.png.")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
