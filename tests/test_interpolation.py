"""Pictures between pictures, and cuts."""

from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from nervcodec.interpolation import is_cut, luma_samples, picture_between
from nervcodec.metrics.quality import psnr
from nervcodec.motion import Motion
from nervcodec.picture import VideoFormat
from nervcodec.planes import pack_planes, unpack_planes
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from tests.conftest import SAMPLE

HALF = Fraction(1, 2)


def scene(first: int, stop: int) -> Tensor:
    """Frames of the sample, `[T, 3, H, W]`, uint8."""
    with read_frames(str(SAMPLE), View(first=first, stop=stop, resize=(320, 180))) as video:
        return torch.stack([torch.from_numpy(frame).permute(2, 0, 1) for frame in video.frames])


def texture(width: int) -> Tensor:
    """A smooth random picture `[1, 3, 96, width]`, uint8."""
    coarse = torch.rand(1, 3, 12, width // 8, generator=torch.Generator().manual_seed(1))
    smooth = torch.nn.functional.interpolate(coarse, (96, width), mode="bicubic")
    return (255 * smooth).round().clamp(0, 255).byte()


def between(before: Tensor, after: Tensor, fraction: Fraction, video: VideoFormat) -> Tensor:
    """The picture between two, samples `[B, C, h, w]`, along the motion between them."""
    motion = Motion.between(luma_samples(before, video), luma_samples(after, video)).at(fraction)
    return picture_between(before, after, motion, fraction, video)


def frame_between(before: Tensor, after: Tensor, fraction: Fraction) -> Tensor:
    """The frame of RGB between two, `[B, 3, H, W]`."""
    height, width = before.shape[2:]
    return between(before, after, fraction, VideoFormat(width=width, height=height, frame_rate=Fraction(25)))


@pytest.mark.parametrize("fraction", [Fraction(1, 4), HALF, Fraction(4, 5)])
def test_a_picture_that_moves_is_found_on_its_way(fraction: Fraction) -> None:
    wide = texture(192)
    before, after, between = (wide[..., at : at + 128] for at in (0, 20, round(20 * fraction)))
    inside = (..., slice(8, -8), slice(24, -24))
    assert float(psnr(frame_between(before, after, fraction)[inside], between[inside])) > 38


def test_planes_move_together() -> None:
    """Luma by the motion, chroma by half of it."""
    wide = texture(192)
    luma, chroma = wide[:, :1], torch.nn.functional.avg_pool2d(wide[:, 1:].float(), 2).byte()
    before, after, middle = (
        pack_planes(luma[..., at : at + 128], chroma[..., at // 2 : at // 2 + 64]) for at in (0, 20, 10)
    )
    video = VideoFormat(width=128, height=96, frame_rate=Fraction(25), chroma="420", domain="yuv420")
    planes = (unpack_planes(packed, 96, 128) for packed in (between(before, after, HALF, video), middle))
    for made, real, margin in zip(*planes, (24, 12), strict=True):
        inside = (..., slice(8, -8), slice(margin, -margin))
        assert float(psnr(made[inside], real[inside])) > 38


def test_frames_of_10_bits_move_like_those_of_8() -> None:
    before, after = (texture(192)[..., at : at + 128] for at in (0, 8))
    deep = [(4 * frame.short()).clamp(max=1023) for frame in (before, after)]
    made = frame_between(deep[0], deep[1], HALF)
    assert made.dtype == torch.int16
    assert (made / 4 - frame_between(before, after, HALF)).abs().max() < 2
    assert is_cut(deep[0][0], 1020 - deep[0][0]) == is_cut(before[0], 255 - before[0])
    assert not is_cut(deep[0][0], deep[0][0])


def test_what_stands_still_before_a_moving_background_stays_whole() -> None:
    """A sign with strokes of two pixels."""
    wide, coarse = texture(192), torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(2)) > 0.5
    sign = (255 * coarse.byte()).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    before, after, between = (wide[..., at : at + 128].clone() for at in (0, 12, 6))
    for frame in (before, after, between):
        frame[..., 36:60, 52:76] = sign
    made = frame_between(before, after, HALF)
    assert float(psnr(made[..., 38:58, 54:74], between[..., 38:58, 54:74])) > 18  # the background's motion alone: 5
    assert float(psnr(made[..., 8:-8, 16:-16], between[..., 8:-8, 16:-16])) > 19  # and 15


def test_what_stands_still_stays_as_it_is() -> None:
    picture = texture(128)
    assert torch.equal(frame_between(picture, picture, Fraction(3, 10)), picture)


def test_a_real_frame_is_nearer_than_the_average_of_its_neighbours() -> None:
    before, frame, after = scene(100, 105)[::2, None]
    average = ((before.float() + after.float()) / 2).round().byte()
    assert float(psnr(frame_between(before, after, HALF), frame)) > float(psnr(average, frame)) + 1


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 300), (25, 46)])
def test_any_size_of_picture_has_a_frame_between(height: int, width: int) -> None:
    before, after = torch.randint(0, 256, (2, 1, 3, height, width), dtype=torch.uint8).unbind()
    assert frame_between(before, after, HALF).shape == before.shape


def test_motion_is_no_cut_and_another_scene_is_one() -> None:
    frames = scene(0, 33)[::8]
    assert not any(is_cut(before, after) for before, after in pairwise(frames))
    assert is_cut(frames[0], 255 - frames[0])
    assert is_cut(frames[0], texture(320)[0])


def test_a_change_of_light_is_no_cut() -> None:
    frame = scene(0, 1)[0]
    assert not is_cut(frame, (0.9 * frame.float()).byte())
