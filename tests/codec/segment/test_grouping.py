"""The choice of groups: long where motion is found, none where it is not, and no group across a cut."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.fft import dctn
from torch import Tensor

from nervcodec.codec.segment.footage import Footage
from nervcodec.codec.segment.grouping import LENGTHS, Scene, choose_groups, expected_error, weight_of_fitted
from nervcodec.interpolation import luma_samples, picture_between
from nervcodec.motion import Motion
from nervcodec.picture import VideoFormat
from tests.test_interpolation import texture

FRAMES = 18
RATE = 0.04


def footage(clip: Tensor) -> Footage:
    height, width = clip.shape[2:]
    return Footage(VideoFormat(width=width, height=height, frame_rate=Fraction(25)), clip, None)


def moving(frames: int = FRAMES, speed: int = 1) -> Tensor:
    """A picture that moves by some pixels a frame, `[T, 3, 96, 128]`."""
    wide = texture(256)
    return torch.cat([wide[..., speed * number : speed * number + 128] for number in range(frames)])


def gaps(clip: Tensor, rate: float = RATE) -> list[int]:
    positions = choose_groups(footage(clip), rate).positions
    assert (positions[0], positions[-1]) == (0, len(clip) - 1)
    return [after - before for before, after in pairwise(positions)]


def jumping(frames: int) -> Tensor:
    """A picture that jumps to and fro, `[T, 3, 96, 128]`."""
    wide, rng = texture(256), np.random.default_rng(0)
    return torch.cat([wide[..., at : at + 128] for at in rng.integers(0, 128, frames)])


def test_what_moves_evenly_has_the_longest_groups() -> None:
    assert gaps(moving()) == [LENGTHS[-1], 1]


def test_black_frames_are_one_long_group() -> None:
    assert gaps(torch.zeros(FRAMES, 3, 96, 128, dtype=torch.uint8)) == [LENGTHS[-1], 1]


@pytest.mark.parametrize("frames", [FRAMES, 40])
def test_what_cannot_be_found_is_fitted(frames: int) -> None:
    noise = torch.randint(0, 256, (frames, 3, 96, 128), generator=torch.Generator().manual_seed(0)).byte()
    assert gaps(noise) == [1] * (frames - 1)
    assert gaps(jumping(frames)) == [1] * (frames - 1)


def test_each_scene_has_a_length_of_its_own() -> None:
    """A still picture, then one in negative colours that jumps."""
    clip = torch.cat([moving(17, 0), 255 - jumping(9)])
    assert footage(clip).cuts == (17,)
    assert gaps(clip) == [16, 1, *[1] * 8]


def test_better_pictures_have_no_longer_groups() -> None:
    clip = moving(speed=3)
    clip += torch.randint(0, 9, clip.shape, generator=torch.Generator().manual_seed(1)).byte()
    counts = [len(gaps(clip, rate)) for rate in (1.0, 1e-2, 1e-7)]
    assert counts[0] < counts[-1] == FRAMES - 1
    assert counts == sorted(counts)


def test_no_group_lies_across_a_cut() -> None:
    clip = torch.cat([moving(5), 255 - moving(6).flip(3)])
    found = footage(clip)
    assert found.cuts == (5,)
    assert {4, 5} <= set(choose_groups(found, RATE).positions)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_clip_of_a_few_frames_is_grouped_as_far_as_it_goes(frames: int) -> None:
    positions = choose_groups(footage(moving(frames)), RATE).positions
    assert positions == ((0, 2) if frames == 3 else tuple(range(frames)))


def test_costs_are_energies_and_bits_of_cosine_transforms() -> None:
    """Three frames: the last one fitted as the first is, and the one between made."""
    clip, video = jumping(3), footage(jumping(3)).video
    motion = Motion.between(luma_samples(clip[:1], video), luma_samples(clip[2:], video))
    made = picture_between(clip[:1], clip[2:], motion.at(Fraction(1, 2)), Fraction(1, 2), video)
    first, between, last, other = (luma_samples(x, video)[0, 0].numpy() / 255.0 for x in (*torch.split(clip, 1), made))
    threshold = RATE / 0.13
    expected = cost(last - first, threshold) + 0.27 * cost(last, threshold) + 2.5 * cost(between - other, threshold)
    found = Scene(footage(clip), range(3), RATE).costs()[2]
    assert found == pytest.approx(expected / 2, rel=0.01)  # luma is rounded before and after


def cost(difference: NDArray[np.float64], threshold: float) -> float:
    blocks = difference.reshape(12, 8, 16, 8).swapaxes(1, 2)
    energies = dctn(blocks, axes=(2, 3), norm="ortho") ** 2 / threshold
    bits = np.log2(np.maximum(energies, 1))
    return float(threshold * (np.minimum(energies, 1) + 0.13 * bits).mean())


def test_fitted_frames_count_more_in_long_groups() -> None:
    assert [weight_of_fitted(length) for length in (1, 2, 4, 8)] == [1, 2, 2.5, 2.75]


def test_the_expected_error_is_that_of_coefficients_up_to_a_threshold() -> None:
    clip = texture(128)
    blocks = (clip[0].numpy() / 255).reshape(3, 12, 8, 16, 8).swapaxes(2, 3)
    energies = dctn(blocks, axes=(3, 4), norm="ortho") ** 2
    for rate, threshold in ((1.0, 0.1887), (0.04, 0.018)):
        assert expected_error(footage(clip), rate) == pytest.approx(np.minimum(energies, threshold).mean(), rel=1e-3)
