"""x264 and x265 on the same frames as we code.

`-preset medium`, constant rate factor, 4:2:0, all frames in one run; quality of the decoded frames in 8-bit RGB, bytes
of the elementary stream.
"""

import io
from time import monotonic
from typing import Any

import av
import torch
from torch import Tensor

from nervcodec.metrics.quality import QualityMeter
from nervcodec.picture import VideoFormat
from nervcodec.video.colour import colour_tags, frame_to_rgb, rgb_to_frame

RATES = (24, 28, 32, 36, 40, 44)
CODECS = {"x264": ("libx264", "h264"), "x265": ("libx265", "hevc")}


def anchor(clip: Tensor, video: VideoFormat, codec: str, crf: int, tune: str | None) -> dict[str, Any]:
    """One rate point of a clip `[T, 3, H, W]`, uint8; of an odd picture, the last column or row is left out."""
    encoder, container_format = CODECS[codec]
    clip = clip[:, :, : clip.shape[2] // 2 * 2, : clip.shape[3] // 2 * 2]
    options = {"crf": str(crf), "preset": "medium"} | ({"tune": tune} if tune else {})
    if codec == "x265":
        options["x265-params"] = "log-level=error"
    started, coded = monotonic(), io.BytesIO()
    with av.open(coded, "w", format=container_format) as container:
        stream = container.add_stream(encoder, rate=video.frame_rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, stream.pix_fmt = clip.shape[2], clip.shape[3], "yuv420p"
        for frame in clip.permute(0, 2, 3, 1).numpy():
            container.mux(stream.encode(rgb_to_frame(frame, "yuv420p", video.colour)))
        container.mux(stream.encode(None))
    seconds, meter = monotonic() - started, QualityMeter()
    with av.open(io.BytesIO(coded.getvalue()), "r", format=container_format) as container:
        for reference, frame in zip(clip, container.decode(video=0), strict=True):
            decoded = torch.from_numpy(frame_to_rgb(frame, colour_tags(frame))).permute(2, 0, 1)
            meter.add(decoded[None], reference[None])
    size = len(coded.getvalue())
    quality = {"psnr_db": meter.psnr_db, "ms_ssim": meter.ms_ssim}
    return {
        "crf": crf,
        **quality,
        "file_bytes": size,
        "bits_per_pixel": 8 * size / clip[:, 0].numel(),
        "seconds": seconds,
    }
