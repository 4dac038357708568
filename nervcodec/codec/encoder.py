"""From a video to a `.nerv` file, measured through the decoder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import torch
from torch import Tensor

from nervcodec.bitstream.container import Chunk, Stream, read_stream, write_stream
from nervcodec.bitstream.format import Header, check_header
from nervcodec.codec.decoder import decode_frames
from nervcodec.codec.device import DeviceName, choose_device
from nervcodec.codec.payload import check_segment, pack
from nervcodec.codec.planning import EncodeOptions, plan_config, plan_recipe
from nervcodec.entropy.forms import FORMS, PLAIN
from nervcodec.errors import BitstreamError, RequestError, VideoError
from nervcodec.events import FitStarted, FramesDone, Observer, ignore
from nervcodec.files import check_target, replacing
from nervcodec.memory import check_memory
from nervcodec.metrics.quality import QualityMeter
from nervcodec.models.config import HNeRVConfig, model_name, pack_config
from nervcodec.picture import VideoFormat
from nervcodec.quantization import QuantizedTensor
from nervcodec.training.fit import fit
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View

COPIES = 2
"""Of a clip in memory while its frames are put together."""


@dataclass(frozen=True, kw_only=True)
class EncodeReport:
    """What the decoder makes of the file that `encode` wrote."""

    psnr_db: float
    """Mean over frames of 8-bit RGB."""
    ms_ssim: float | None
    """None for pictures below 161 pixels a side."""
    file_bytes: int
    bits_per_pixel: float
    """8 * file_bytes / (width * height * frames)."""
    frames: int
    parameters: int
    """Weights in the file; embeddings are not among them."""
    steps: int
    seconds: float
    """From opening the video to closing the file."""
    fit_seconds: float
    decode_seconds: float


def encode(
    source: str,
    output: str,
    options: EncodeOptions = EncodeOptions(),  # noqa: B008
    *,
    overwrite: bool = False,
    observe: Observer = ignore,
) -> EncodeReport:
    """Fit a network to the video at `source` (see `read_frames`) and write the file `output`.

    Raises RequestError, VideoError, ResourceError, FitError or OutputError; `output` is then as it was.
    """
    started = monotonic()
    if Path(source).exists() and Path(output).resolve() == Path(source).resolve():
        raise RequestError(f"{output} would be written over the video itself")
    check_target(Path(output), overwrite=overwrite)
    device = choose_device(options.device)
    video, clip = load_clip(source, options.view, observe)
    config = plan_config(options, video, len(clip))
    recipe = plan_recipe(options, video, len(clip))
    header = plan_header(video, config, len(clip))
    observe(
        FitStarted(
            model=model_name(config),
            parameters=config.parameters,
            frames=len(clip),
            steps=recipe.steps,
        )
    )
    fit_started = monotonic()
    fitted = fit(clip, config, recipe, device, observe)
    data = stream_bytes(header, config, fitted.tensors, PLAIN if options.recipe == "paper" else FORMS)
    decode_started = monotonic()
    quality = measure(data, clip, options.device, observe)
    decoded = monotonic()
    with replacing(Path(output)) as path:
        path.write_bytes(data)
    return EncodeReport(
        psnr_db=quality.psnr_db,
        ms_ssim=quality.ms_ssim,
        file_bytes=len(data),
        bits_per_pixel=8 * len(data) / (video.width * video.height * len(clip)),
        frames=len(clip),
        parameters=config.parameters,
        steps=recipe.steps,
        seconds=monotonic() - started,
        fit_seconds=decode_started - fit_started,
        decode_seconds=decoded - decode_started,
    )


def load_clip(source: str, view: View, observe: Observer = ignore) -> tuple[VideoFormat, Tensor]:
    """All frames of a video, `[T, 3, H, W]`, uint8, channels last in memory.

    Raises VideoError when there are none, ResourceError when they are more than the memory holds.
    """
    frames = []
    with read_frames(source, view) as video:
        for frame in video.frames:
            frames.append(torch.from_numpy(frame))
            check_memory(COPIES * len(frames) * frame.nbytes, f"a clip of {len(frames)} frames or more")
            observe(FramesDone(stage="read", frames=len(frames), total=video.total))
    if not frames:
        raise VideoError(f"{source}: no frame lies in the chosen range")
    return video.format, torch.stack(frames).permute(0, 3, 1, 2)


def plan_header(video: VideoFormat, config: HNeRVConfig, frames: int) -> Header:
    """The header of a file.

    Raises RequestError for what no decoder would read.
    """
    model, numbers = pack_config(config)
    header = Header(video=video, model=model, config=numbers, segments=(frames,))
    try:
        check_header(header)
        check_segment(config, frames)
    except BitstreamError as error:
        raise RequestError(f"a .nerv file cannot hold this video: {error}") from error
    return header


def stream_bytes(
    header: Header, config: HNeRVConfig, tensors: Mapping[str, QuantizedTensor], forms: Iterable[int] = FORMS
) -> bytes:
    """The `.nerv` file of a fitted clip, its tensors in the cheapest of some forms."""
    chunk = Chunk(segment=0, layer=0, groups=pack(config, tensors, forms))
    return write_stream(Stream(header=header, chunks=(chunk,)))


def measure(data: bytes, clip: Tensor, device: DeviceName, observe: Observer = ignore) -> QualityMeter:
    """Decode a file's bytes and compare with the clip `[T, 3, H, W]`, uint8, they were made from."""
    meter, done = QualityMeter(), 0
    for batch in decode_frames(read_stream(data), device=device):
        meter.add(batch, clip[done : done + len(batch)])
        done += len(batch)
        observe(FramesDone(stage="measure", frames=done, total=len(clip)))
    return meter
