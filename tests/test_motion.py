from itertools import pairwise

import pytest
import torch
from torch import Tensor

from nervcodec.metrics.quality import psnr
from nervcodec.motion import frame_between, is_cut, motion_between
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from tests.conftest import SAMPLE


def scene(first: int, stop: int) -> Tensor:
    """Frames of the sample, `[T, 3, H, W]`, uint8."""
    with read_frames(str(SAMPLE), View(first=first, stop=stop, resize=(320, 180))) as video:
        return torch.stack([torch.from_numpy(frame).permute(2, 0, 1) for frame in video.frames])


def texture(width: int) -> Tensor:
    """A smooth random picture `[1, 3, 96, width]`, uint8."""
    coarse = torch.rand(1, 3, 12, width // 8, generator=torch.Generator().manual_seed(1))
    smooth = torch.nn.functional.interpolate(coarse, (96, width), mode="bicubic")
    return (255 * smooth).round().clamp(0, 255).byte()


@pytest.mark.parametrize("fraction", [0.25, 0.5, 0.8])
def test_a_picture_that_moves_is_found_on_its_way(fraction: float) -> None:
    wide = texture(192)
    before, after, between = (wide[..., at : at + 128] for at in (0, 20, round(20 * fraction)))
    inside = (..., slice(8, -8), slice(24, -24))
    moved = motion_between(before.float() / 255, after.float() / 255, fraction)[inside]
    torch.testing.assert_close(moved.mean(dim=(0, 2, 3)), torch.tensor([-20.0, 0.0]), atol=0.3, rtol=0)
    assert float(psnr(frame_between(before, after, fraction)[inside], between[inside])) > 38


def test_frames_of_10_bits_move_like_those_of_8() -> None:
    before, after = (texture(192)[..., at : at + 128] for at in (0, 8))
    deep = [(4 * frame.short()).clamp(max=1023) for frame in (before, after)]
    made = frame_between(deep[0], deep[1], 0.5)
    assert made.dtype == torch.int16
    assert (made / 4 - frame_between(before, after, 0.5)).abs().max() < 2
    assert is_cut(deep[0][0], 1020 - deep[0][0]) == is_cut(before[0], 255 - before[0])
    assert not is_cut(deep[0][0], deep[0][0])


def test_large_pictures_have_the_motion_of_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nervcodec.motion.FINEST_PIXELS", 96 * 128 - 1)
    test_a_picture_that_moves_is_found_on_its_way(0.5)


def test_what_stands_still_before_a_moving_background_stays_whole() -> None:
    wide, sign = (
        texture(192),
        (255 * (torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(2)) > 0.5)).byte(),
    )
    before, after, between = (wide[..., at : at + 128].clone() for at in (0, 12, 6))
    for frame in (before, after, between):
        frame[..., 36:60, 52:76] = sign
    made = frame_between(before, after, 0.5)
    assert float(psnr(made[..., 38:58, 54:74], between[..., 38:58, 54:74])) > 14  # the background's motion alone: 5
    assert float(psnr(made[..., 8:-8, 16:-16], between[..., 8:-8, 16:-16])) > 19  # and 16


def test_what_stands_still_stays_as_it_is() -> None:
    picture = texture(128)
    assert torch.equal(frame_between(picture, picture, 0.3), picture)


def test_a_real_frame_is_nearer_than_the_average_of_its_neighbours() -> None:
    before, frame, after = scene(100, 105)[::2, None]
    average = ((before.float() + after.float()) / 2).round().byte()
    assert float(psnr(frame_between(before, after, 0.5), frame)) > float(psnr(average, frame)) + 1


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 300), (25, 46)])
def test_any_size_of_picture_has_a_frame_between(height: int, width: int) -> None:
    before, after = torch.randint(0, 256, (2, 1, 3, height, width), dtype=torch.uint8).unbind()
    assert frame_between(before, after, 0.5).shape == before.shape


def test_motion_is_no_cut_and_another_scene_is_one() -> None:
    frames = scene(0, 33)[::8]
    assert not any(is_cut(before, after) for before, after in pairwise(frames))
    assert is_cut(frames[0], 255 - frames[0])
    assert is_cut(frames[0], texture(320)[0])


def test_a_change_of_light_is_no_cut() -> None:
    frame = scene(0, 1)[0]
    assert not is_cut(frame, (0.9 * frame.float()).byte())
