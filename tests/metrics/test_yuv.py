"""PSNR of planes against ffmpeg's own filter and plain arithmetic."""

from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from nervcodec.metrics.quality import weighted_psnr
from nervcodec.metrics.yuv import PLANES, yuv_planes, yuv_psnr


def clips(height: int = 48, width: int = 64) -> tuple[Tensor, Tensor]:
    """Three smooth frames, and a noisy copy of them."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(3, 3, 6, 8, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    noise = 0.03 * torch.randn(smooth.shape, generator=generator)
    return (255 * smooth).byte(), (255 * (smooth + noise).clamp(0, 1)).byte()


def test_planes_are_those_of_bt709() -> None:
    colours = torch.tensor([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]], dtype=torch.uint8)
    y, u, v = yuv_planes(colours[:, :, None, None].expand(4, 3, 2, 2))
    assert y[:, 0, 0, 0].tolist() == [235, 16, 63, 32]  # BT.709's published code values for 100 % bars
    assert u[:, 0, 0, 0].tolist() == [128, 128, 102, 240]
    assert v[:, 0, 0, 0].tolist() == [128, 128, 240, 118]


def test_psnr_of_planes_is_that_of_ffmpegs_filter() -> None:
    clip, noisy = clips()
    measured = {name: value.tolist() for name, value in yuv_psnr(yuv_planes(noisy), yuv_planes(clip)).items()}
    graph = av.filter.Graph()
    sources = [
        graph.add_buffer(width=64, height=48, format=av.VideoFormat("yuv420p"), time_base=Fraction(1)) for _ in range(2)
    ]
    compared, sink = graph.add("psnr"), graph.add("buffersink")
    for index, source in enumerate(sources):
        source.link_to(compared, 0, index)
    compared.link_to(sink)
    graph.configure()
    for time in range(3):
        for source, frames in zip(sources, (noisy, clip), strict=True):
            planes = [plane[0, 0].numpy() for plane in yuv_planes(frames[time : time + 1])]
            packed = np.concatenate([plane.reshape(-1, 64) for plane in planes])
            frame = av.VideoFrame.from_ndarray(packed, format="yuv420p")
            frame.pts = time
            source.push(frame)
        metadata = sink.pull().metadata
        for plane in PLANES:
            assert measured[plane][time] == pytest.approx(float(metadata[f"lavfi.psnr.psnr.{plane}"]), abs=0.01)


def test_odd_pictures_have_the_chroma_of_their_edge() -> None:
    clip, _ = clips(5, 7)
    _, u, v = yuv_planes(clip)
    assert u.shape == v.shape == (3, 1, 3, 4)
    corner = yuv_planes(clip[:, :, 4:, 6:].expand(3, 3, 2, 2))
    torch.testing.assert_close(u[:, :, 2, 3], corner[1][:, :, 0, 0])


def test_luma_weighs_six_times_as_much() -> None:
    assert weighted_psnr(40.0, 36.0, 44.0) == 40.0
    assert weighted_psnr(41.0, 36.0, 44.0) == 40.75
