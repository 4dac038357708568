"""x265 on the same frames: `python -m benchmarks.anchors CLIP --crop 1280x640 --resize 640x320`.

`-preset medium`, 4:2:0, all frames in one run; PSNR of the decoded frames in 8-bit RGB, bytes of the elementary stream.
"""

import io
from pathlib import Path
from typing import Any

import av
import click
import torch
from torch import Tensor

from benchmarks.record import write_record
from nervcodec.cli.types import FrameRange, Size
from nervcodec.codec.encoder import load_clip
from nervcodec.metrics.quality import QualityMeter
from nervcodec.picture import VideoFormat
from nervcodec.video.colour import colour_tags, frame_to_rgb, rgb_to_frame
from nervcodec.video.view import View

RATES = (24, 28, 32, 36, 40)


def x265(clip: Tensor, video: VideoFormat, crf: int) -> dict[str, Any]:
    """One rate point of a clip `[T, 3, H, W]`, uint8."""
    stream_bytes = io.BytesIO()
    with av.open(stream_bytes, "w", format="hevc") as container:
        options = {"crf": str(crf), "preset": "medium", "x265-params": "log-level=error"}
        stream = container.add_stream("libx265", rate=video.frame_rate, options=options)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        for frame in clip.permute(0, 2, 3, 1).numpy():
            container.mux(stream.encode(rgb_to_frame(frame, "yuv420p", video.colour)))
        container.mux(stream.encode(None))
    meter = QualityMeter()
    with av.open(io.BytesIO(stream_bytes.getvalue()), "r", format="hevc") as coded:
        for reference, frame in zip(clip, coded.decode(video=0), strict=True):
            decoded = torch.from_numpy(frame_to_rgb(frame, colour_tags(frame))).permute(2, 0, 1)
            meter.add(decoded[None], reference[None])
    size = len(stream_bytes.getvalue())
    bpp = 8 * size / clip[:, 0].numel()
    quality = {"psnr_db": meter.psnr_db, "ms_ssim": meter.ms_ssim}
    return {"crf": crf, **quality, "file_bytes": size, "bits_per_pixel": bpp}


@click.command()
@click.argument("clip")
@click.option("--frames", type=FrameRange(), default="0:48")
@click.option("--crop", type=Size())
@click.option("--resize", type=Size())
@click.option("-o", "--output", type=click.Path(path_type=Path))
def main(clip: str, frames: tuple[int, int | None], output: Path | None, **chosen: Any) -> None:
    """All rates of x265 on a clip."""
    video, pictures = load_clip(clip, View(first=frames[0], stop=frames[1], **chosen))
    points = [x265(pictures, video, crf) for crf in RATES]
    for point in points:
        print(f"crf {point['crf']}: {point['psnr_db']:.2f} dB, {point['bits_per_pixel']:.4f} bpp")
    if output:
        write_record(output, points)


if __name__ == "__main__":
    main()
