"""A few small frames, and the file they become."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import nervcodec
from nervcodec.codec.segment.footage import load_clip
from nervcodec.events import Observer, ignore
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames
from tests.conftest import SAMPLE

ALWAYS_KEPT = -99.0
"""Decibels as a least gain that every layer reaches."""


def small_clip(frames: int) -> Tensor:
    """The first frames of the sample, `[T, 3, 25, 46]`, uint8."""
    with read_frames(str(SAMPLE), View(stop=frames, resize=(46, 25))) as video:
        return torch.stack([torch.from_numpy(frame).permute(2, 0, 1) for frame in video.frames])


def encoded(
    folder: Path, clip: Tensor, options: nervcodec.EncodeOptions, observe: Observer = ignore
) -> tuple[bytes, nervcodec.EncodeReport]:
    """The file `a.nerv` that a clip becomes, read from PNGs."""
    with (
        read_frames(str(SAMPLE), View(stop=1, resize=(46, 25))) as video,
        write_frames(str(folder / "in" / "%d.png"), video.format) as sink,
    ):
        for frame in clip.permute(0, 2, 3, 1).numpy():
            sink(np.ascontiguousarray(frame))
    report = nervcodec.encode(str(folder / "in"), str(folder / "a.nerv"), options, overwrite=True, observe=observe)
    return (folder / "a.nerv").read_bytes(), report


def decoded(folder: Path, options: nervcodec.DecodeOptions = nervcodec.DecodeOptions()) -> Tensor:  # noqa: B008
    """What `a.nerv` decodes to, `[T, 3, H, W]`, uint8."""
    target = str(folder / "a.mkv")
    nervcodec.decode(str(folder / "a.nerv"), target, options, overwrite=True)
    with read_frames(target) as video:
        return torch.stack([torch.from_numpy(frame).permute(2, 0, 1) for frame in video.frames])


def mean_psnr(difference: Tensor) -> float:
    """Of differences `[T, ...]` in code values, in dB; written apart from the code it checks."""
    return float(-10 * torch.log10(difference.double().square().flatten(1).mean(dim=1) / 255**2).mean())


def yuv_psnr(frames: Tensor, reference: Tensor, height: int, width: int) -> float:
    """Mean over frames of (6 Y + U + V) / 8 in dB, of 8-bit planes packed as `[T, 6, H/2, W/2]`; written apart too."""
    planes = []
    for packed in (frames.double(), reference.double()):
        luma = torch.empty(len(packed), 2 * packed.shape[2], 2 * packed.shape[3], dtype=torch.float64)
        for place in range(4):
            luma[:, place // 2 :: 2, place % 2 :: 2] = packed[:, place]
        planes.append((luma[:, :height, :width], packed[:, 4], packed[:, 5]))
    y, u, v = (-10 * torch.log10((a - b).square().mean(dim=(1, 2)) / 255**2) for a, b in zip(*planes, strict=True))
    return float(((6 * y + u + v) / 8).mean())


def load_planes(source: str, view: View) -> Tensor:
    """What a view shows of a video, `[T, 6, H/2, W/2]`."""
    return load_clip(source, replace(view, domain="yuv420"))[1]
