"""Motion: found right, and the same to the last bit by any implementation in whole numbers."""

from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nervcodec.motion import REDUCTIONS, Motion, motion_between
from nervcodec.planes import unpack_planes
from nervcodec.samples import from_unit
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from tests import plain_motion
from tests.conftest import SAMPLE

HALF = Fraction(1, 2)
LARGEST_HALVED, _ = REDUCTIONS[0]


def texture(height: int, width: int, bits: int = 8) -> Tensor:
    """A smooth random picture of luma `[1, 1, height, width]`."""
    coarse = torch.rand(1, 1, -(-height // 8), -(-width // 8), generator=torch.Generator().manual_seed(1))
    smooth = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    return from_unit(smooth.clamp(0, 1), bits)


def luma_of_sample(width: int, height: int) -> Tensor:
    """Luma of two frames of the sample two frames apart, `[2, 1, H, W]`."""
    with read_frames(str(SAMPLE), View(first=100, stop=103, resize=(width, height), domain="yuv420")) as video:
        packed = torch.stack([torch.from_numpy(frame).permute(2, 0, 1) for frame in video.frames])
    return unpack_planes(packed, height, width)[0][::2]


def motion_at(before: Tensor, after: Tensor, fraction: Fraction) -> Tensor:
    """Motion `[B, 2, H, W]` that is found half-way."""
    return Motion.between(before, after).at(fraction)


Finds = Callable[[Tensor, Tensor, Fraction], Tensor]
both_ways = pytest.mark.parametrize("find", [motion_between, motion_at])


def plain(find: Finds, before: Tensor, after: Tensor, fraction: Fraction) -> Tensor:
    """Motion `[2, H, W]` by the plain implementation, of two pictures of luma `[1, 1, H, W]`."""
    plainly = plain_motion.motion_at if find == motion_at else plain_motion.motion_between
    found = plainly(before[0, 0].long().numpy(), after[0, 0].long().numpy(), fraction)
    return torch.from_numpy(found).float()


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Numbers of threads that PyTorch has."""
    usual = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(usual)


@both_ways
@pytest.mark.parametrize("fraction", [Fraction(1, 4), HALF, Fraction(4, 5)])
def test_a_picture_that_moves_is_found_on_its_way(find: Finds, fraction: Fraction) -> None:
    wide = texture(96, 192)
    moved = find(wide[..., :128], wide[..., 20:148], fraction)[..., 8:-8, 24:-24]
    torch.testing.assert_close(moved.mean(dim=(0, 2, 3)), torch.tensor([-20.0, 0.0]), atol=0.3, rtol=0)


@both_ways
@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("fraction", [HALF, Fraction(1, 3), Fraction(1000, 1001)])
@pytest.mark.parametrize(("width", "height"), [(320, 180), (182, 91), (25, 46), (13, 7), (1, 1)])
def test_a_plain_implementation_finds_the_same(find: Finds, width: int, height: int, fraction: Fraction) -> None:
    before, after = luma_of_sample(width, height)[:, None]
    found = find(before, after, fraction)[0]
    assert torch.equal(found, plain(find, before, after, fraction))
    if width > 100:
        assert found.abs().max() > 1


@both_ways
def test_a_large_picture_is_reduced_by_more(find: Finds) -> None:
    height = 192
    wide = texture(height, LARGEST_HALVED // height + 48)
    before, after = wide[..., :-32], wide[..., 32:]
    assert before.numel() > LARGEST_HALVED
    found = find(before, after, HALF)[0]
    assert torch.equal(found, plain(find, before, after, HALF))
    assert found[0, 16:-16, 40:-40].mean() == pytest.approx(-32, abs=0.5)


@both_ways
def test_pictures_of_10_bits_move_like_those_of_8(find: Finds) -> None:
    wide = texture(96, 192)
    shallow, deep = (find(x[..., :128], x[..., 9:137], HALF) for x in (wide, 4 * wide.short()))
    assert torch.equal(shallow, deep)


@both_ways
def test_noise_overflows_nothing(find: Finds) -> None:
    """Black beside white: the largest products there are."""
    noise = 255 * torch.randint(0, 2, (2, 1, 1, 64, 96), generator=torch.Generator().manual_seed(3)).byte()
    assert torch.equal(find(noise[0], noise[1], HALF)[0], plain(find, noise[0], noise[1], HALF))


@both_ways
def test_pictures_of_a_batch_do_not_see_each_other(find: Finds) -> None:
    before, after = luma_of_sample(128, 96)[:, None]
    both = find(torch.cat([before, after]), torch.cat([after, before]), HALF)
    alone = [find(a, b, HALF) for a, b in ((before, after), (after, before))]
    assert torch.equal(both, torch.cat(alone))
