import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from nervcodec.metrics.quality import QualityMeter, multiscale_ssim, psnr, structural_similarity
from nervcodec.picture import VideoFormat
from nervcodec.planes import pack_planes

RGB = VideoFormat(width=30, height=20, frame_rate=Fraction(25))
GENERATOR = torch.Generator().manual_seed(0)


def random_frames(count: int, side: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, generator=GENERATOR)


def test_psnr_by_its_definition() -> None:
    frames, reference = random_frames(3, 20), random_frames(3, 20)
    a, b = frames.numpy().astype(np.float64), reference.numpy().astype(np.float64)
    expected = [10 * np.log10(255**2 / ((a[i] - b[i]) ** 2).mean()) for i in range(3)]
    np.testing.assert_allclose(psnr(frames, reference).numpy(), expected, atol=1e-4)


def test_figures_of_10_bits_are_of_10_bits() -> None:
    frames, reference = (torch.randint(0, 1024, (2, 3, 170, 170), generator=GENERATOR).short() for _ in range(2))
    errors = (frames.double() - reference.double()).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(psnr(frames, reference), -10 * torch.log10(errors / 1023**2))
    shallow = (frames // 4).byte(), (frames // 4 ^ 8).byte()
    for figure in (structural_similarity, multiscale_ssim):
        own, same = figure(*shallow), figure(4 * shallow[0].short(), 4 * shallow[1].short())
        assert own is not None
        assert same is not None
        torch.testing.assert_close(same, own, atol=1e-5, rtol=0)  # up to the difference of the peaks, 1023 and 4 x 255


def test_identical_frames_are_capped() -> None:
    frames = random_frames(2, 16)
    assert psnr(frames, frames).tolist() == [100.0, 100.0]


def test_masked_pixels_do_not_count() -> None:
    reference = torch.randint(0, 256, (2, 3, 20, 30), dtype=torch.uint8)
    frames, masks = reference.clone(), torch.zeros(2, 1, 20, 30, dtype=torch.bool)
    masks[:, :, :5] = True
    frames[0] = reference[0] ^ 4
    frames[:, :, :5] ^= 255
    meter = QualityMeter(RGB)
    meter.add(frames, reference, masks)
    assert meter.psnrs[0].tolist() == pytest.approx([20 * math.log10(255 / 4), 100.0])
    meter.add(frames, reference, torch.ones_like(masks))
    assert meter.psnr_db == pytest.approx((20 * math.log10(255 / 4) + 100) / 2)


def test_planes_are_measured_each_by_itself_and_what_pads_them_is_not() -> None:
    luma, chroma = random_frames(2, 171)[:, :1, :, :169], random_frames(2, 86)[:, :2, :, :85]
    reference = pack_planes(luma, chroma)
    worse = (luma ^ 8, torch.stack([chroma[:, 0] ^ 4, chroma[:, 1] ^ 2], dim=1))
    frames = pack_planes(*worse)
    frames[:, 1, :, -1] ^= 255  # padding to the right of the last column
    meter = QualityMeter(replace(RGB, width=169, height=171, domain="yuv420"))
    meter.add(frames, reference)
    y, u, v = (20 * math.log10(255 / error) for error in (8, 4, 2))
    assert meter.psnr_db == pytest.approx((6 * y + u + v) / 8)
    expected = multiscale_ssim(worse[0], luma)
    assert expected is not None
    assert meter.ms_ssim == pytest.approx(float(expected.mean()))


def test_masked_samples_of_planes_do_not_count() -> None:
    reference = pack_planes(random_frames(1, 20)[:, :1], random_frames(1, 10)[:, :2])
    masks = torch.zeros_like(reference, dtype=torch.bool)
    masks[:, :4, :3] = masks[:, 4:] = True  # some luma, and all colour
    frames = torch.where(masks, reference ^ 255, reference ^ 4)
    meter = QualityMeter(replace(RGB, width=20, domain="yuv420"))
    meter.add(frames, reference, masks)
    assert meter.psnr_db == pytest.approx((6 * 20 * math.log10(255 / 4) + 100 + 100) / 8)


def test_a_clip_is_the_mean_over_its_frames_whatever_the_batches() -> None:
    frames, reference = random_frames(5, 170), random_frames(5, 170)
    whole, parts = QualityMeter(RGB), QualityMeter(RGB)
    whole.add(frames, reference)
    parts.add(frames[:2], reference[:2])
    parts.add(frames[2:], reference[2:])
    assert whole.psnr_db == pytest.approx(parts.psnr_db)
    assert whole.ms_ssim == pytest.approx(parts.ms_ssim, abs=1e-6)


def test_ms_ssim() -> None:
    frames = random_frames(1, 161)
    same = multiscale_ssim(frames, frames)
    assert same is not None
    assert same.item() == pytest.approx(1)
    noisy = multiscale_ssim(frames, random_frames(1, 161))
    assert noisy is not None
    assert noisy.item() < 0.3
    assert multiscale_ssim(random_frames(1, 160), random_frames(1, 160)) is None
    assert QualityMeter(RGB).ms_ssim is None


def test_ssim_by_its_definition() -> None:
    frames = random_frames(1, 24)
    reference = (frames.float() * 0.8 + 20).round().byte()
    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))  # Wang et al., 2004, section III.C
    window = np.outer(taps, taps) / taps.sum() ** 2

    def blurred(plane: np.ndarray) -> np.ndarray:
        return np.asarray(convolve2d(plane, window, mode="valid"))

    planes = []
    for a, b in zip(frames[0].double().numpy(), reference[0].double().numpy(), strict=True):
        mean_a, mean_b = blurred(a), blurred(b)
        variance_a, variance_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
        covariance = blurred(a * b) - mean_a * mean_b
        low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        index = (2 * mean_a * mean_b + low) * (2 * covariance + high)
        index /= (mean_a**2 + mean_b**2 + low) * (variance_a + variance_b + high)
        planes.append(index.mean())
    measured = structural_similarity(frames, reference)
    assert measured is not None
    assert measured.item() == pytest.approx(np.mean(planes), abs=1e-4)
    assert structural_similarity(frames[:, :, :10], frames[:, :, :10]) is None
