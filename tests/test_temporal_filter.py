"""The temporal filter: less noise, and nothing of what is not there."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from nervcodec.interpolation import luma_samples
from nervcodec.metrics.quality import psnr
from nervcodec.motion import Motion
from nervcodec.picture import VideoFormat, in_domain
from nervcodec.planes import pack_planes, unpack_planes
from nervcodec.temporal_filter import MOST_STRENGTH, Evidence, filtered, strength_of
from tests import plain_motion
from tests.test_interpolation import texture

NOISE = 5.0
STRENGTH = strength_of((NOISE / 255) ** 2)


def video_of(width: int, height: int = 96, *, planar: bool = False) -> VideoFormat:
    video = VideoFormat(width=width, height=height, frame_rate=Fraction(25), chroma="420")
    return in_domain(video, "yuv420") if planar else video


def noisy(picture: Tensor, seed: int, peak: int = 255) -> Tensor:
    noise = NOISE / 255 * peak * torch.randn(picture.shape, generator=torch.Generator().manual_seed(seed))
    return (picture + noise).round().clamp(0, peak).to(picture.dtype)


def evidence(frame: Tensor, beside: Tensor, video: VideoFormat, strength: int = STRENGTH) -> Evidence:
    motion = Motion.between(luma_samples(frame, video), luma_samples(beside, video)).at(Fraction(0))
    return Evidence.of(frame, beside, motion, strength, video)


@pytest.mark.parametrize("depth", [8, 10])
def test_noise_of_what_moves_is_averaged(depth: int) -> None:
    """Of three pictures with independent noise the mean has a third of its energy: 4.8 dB."""
    wide, peak = texture(192), 2**depth - 1
    if depth == 10:
        wide = 4 * wide.short()
    clean = [wide[..., at : at + 128] for at in (12, 6, 0)]
    past, frame, future = (noisy(picture, seed, peak) for seed, picture in enumerate(clean))
    video = video_of(128)
    made = filtered(frame, [evidence(frame, past, video), evidence(frame, future, video)])
    inside = (..., slice(8, -8), slice(16, -16))
    gain = float(psnr(made[inside], clean[1][inside]) - psnr(frame[inside], clean[1][inside]))
    assert 2.5 < gain < 4.8


def test_what_is_new_is_kept() -> None:
    """A picture beside that has nothing to do with the frame changes nothing."""
    frame, other = texture(128), texture(128).flip(3)
    made = filtered(frame, [evidence(frame, other, video_of(128), strength=3)])
    assert (made.int() - frame.int()).abs().float().mean() < 0.1


def test_the_same_picture_changes_nothing() -> None:
    frame = texture(128)
    assert torch.equal(filtered(frame, [evidence(frame, frame, video_of(128), MOST_STRENGTH)]), frame)


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    frames = torch.cat([texture(192)[..., at : at + 128] for at in (0, 9)])
    video = video_of(128)
    found, alone = evidence(frames, frames.flip(0), video), evidence(frames[1:], frames[:1], video)
    assert torch.equal(found.row(1).weights, alone.weights)
    assert torch.equal(found.row(1).weighted, alone.weighted)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (45, 33)])
def test_planes_are_those_of_a_plain_implementation(width: int, height: int) -> None:
    video = video_of(width, height, planar=True)
    wide = texture(192)
    shown = [wide[..., :height, at : at + width] for at in (0, 4)]
    packed = [noisy(pack_planes(x[:, :1], x[:, 1:, ::2, ::2]), seed) for seed, x in enumerate(shown)]
    made = filtered(packed[0], [evidence(packed[0], packed[1], video)])
    planes, beside = (tuple(map(plainly, unpacked(x, video))) for x in packed)
    motion = plain_motion.motion_at(planes[0], beside[0], Fraction(0))
    for plane, plain in zip(
        unpacked(made, video), plain_motion.filtered(planes, [(beside, motion)], STRENGTH), strict=True
    ):
        difference = np.abs(plainly(plane) - plain)
        assert difference.max() <= 1
        assert (difference > 0).mean() <= 0.001
    assert not torch.equal(made, packed[0])


def unpacked(packed: Tensor, video: VideoFormat) -> tuple[Tensor, ...]:
    """Planes Y, U and V, each `[H, W]`."""
    luma, chroma = unpack_planes(packed, video.height, video.width)
    return luma[0, 0], chroma[0, 0], chroma[0, 1]


def plainly(plane: Tensor) -> plain_motion.Map:
    made: plain_motion.Map = plane.long().numpy()
    return made


def test_the_strength_follows_the_error() -> None:
    assert strength_of(0.0) == 0
    assert strength_of(1e-3) == round(512 * 1.4 * 10**-1.5)
    assert strength_of(1.0) == MOST_STRENGTH
