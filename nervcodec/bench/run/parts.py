"""Figures over portions of a clip: frames and pixels that a fit has seen, and those it has not."""

from collections.abc import Iterator
from contextlib import suppress

import torch
from torch import Tensor

from nervcodec.bench.codecs.material import Coded, Material, Setting
from nervcodec.bench.codecs.networks import NetworkCodec
from nervcodec.bench.record import Part
from nervcodec.bench.run.measuring import BATCH, measure_clip
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.between import frames_at
from nervcodec.codec.segment.footage import load_footage
from nervcodec.errors import ResourceError
from nervcodec.metrics.quality import QualityMeter
from nervcodec.models.grids import at_moments
from nervcodec.picture import VideoFormat
from nervcodec.timeline import Timeline
from nervcodec.video.minterpolate import minterpolate

Parts = dict[str, Part]
"""Figures over portions of a clip, by the name of the portion."""


def measure_parts(codec: NetworkCodec, coded: Coded, decoded: Tensor, material: Material, setting: Setting) -> Parts:
    """Figures of a point beyond those of its whole clip, where frames or pixels were kept from the fit; else none."""
    if setting.get("keep_every", 1) > 1:
        return _interpolation(codec, coded, decoded, material, setting)
    return _inpainting(decoded, material, setting["mask"]) if setting.get("mask") else {}


def _interpolation(codec: NetworkCodec, coded: Coded, decoded: Tensor, material: Material, setting: Setting) -> Parts:
    """Figures of frames that were seen, and of others: as a decoder guesses them, assisted, and without a network."""
    clip, video, timeline = material.clip, material.video, Timeline.every(setting["keep_every"], len(material.clip))
    if timeline.is_whole:
        return {}
    kept, missing = list(timeline.positions), list(timeline.missing)
    parts = {
        "seen": _figures(decoded[kept], clip[kept], video),
        "blind": _figures(decoded[missing], clip[missing], video),
    }
    stream = read_stream(coded.data)
    moments = tuple(timeline.moments(missing))
    parts["linear"] = _figures(torch.stack(list(frames_at(stream, moments, "embedding"))), clip[missing], video)
    assisted = codec.assist(material, coded, setting)
    if assisted is not None:
        frames = codec.decode(material, assisted)
        parts["assisted"] = _figures(frames[missing], clip[missing], video)
        parts["assisted"]["bytes"] = len(assisted.data)
    for name, frames in (("decoded", decoded[kept]), ("originals", clip[kept])):
        for way, guessed in _baselines(frames, timeline):
            parts[f"{way} of {name}"] = _figures(guessed, clip[missing], video)
            if name == "originals":
                parts[f"{way} of {name}"]["bytes"] = None
    return parts


def _baselines(frames: Tensor, timeline: Timeline) -> Iterator[tuple[str, Tensor]]:
    """Names and missing frames of methods without a network: averaging, and FFmpeg's filter where it exists."""
    yield "average", at_moments(frames.float(), timeline.moments(timeline.missing)).round().byte()
    with suppress(ResourceError):
        made = minterpolate([frame.permute(1, 2, 0).numpy() for frame in frames], timeline.positions)
        yield "minterpolate", torch.stack([torch.from_numpy(made[t]).permute(2, 0, 1) for t in timeline.missing])


def _inpainting(decoded: Tensor, material: Material, mask: str) -> Parts:
    """Figures of pixels seen, of masked ones, of whole pictures, and of originals with only masked pixels decoded."""
    masks = load_footage(material.source, material.view, mask).masks
    assert masks is not None
    filled, video = torch.where(masks, decoded, material.clip), material.video
    hidden = {"masked": _pixels(decoded, material, ~masks)} if masks.any() else {}
    return {
        "seen": _pixels(decoded, material, masks),
        **hidden,
        "whole": _figures(decoded, material.clip, video),
        "composite": _figures(filled, material.clip, video),
    }


def _pixels(decoded: Tensor, material: Material, masks: Tensor) -> Part:
    """PSNR over the pixels that no mask covers, without SSIM, which means little where these are few."""
    meter = QualityMeter(material.video)
    for batch in zip(*(torch.split(frames, BATCH) for frames in (decoded, material.clip, masks)), strict=True):
        meter.add(*batch)
    return Part(psnr=meter.psnr_db, ssim=None, ms_ssim=None)


def _figures(decoded: Tensor, clip: Tensor, video: VideoFormat) -> Part:
    measured = measure_clip(decoded, clip, video)
    return Part(psnr=measured["psnr"], ssim=measured["ssim"], ms_ssim=measured["ms_ssim"])
