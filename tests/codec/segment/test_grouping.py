"""The choice of groups: long where motion is found, none where it is not, and no group across a cut."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.fft import dctn
from torch import Tensor

from nervcodec.codec.segment.footage import Footage
from nervcodec.codec.segment.grouping import LONGEST_GROUP, choose_groups, cost, expected_error, weight_of_fitted
from nervcodec.picture import VideoFormat
from tests.test_interpolation import texture

FRAMES = 18


def footage(clip: Tensor) -> Footage:
    height, width = clip.shape[2:]
    return Footage(VideoFormat(width=width, height=height, frame_rate=Fraction(25)), clip, None)


def moving(frames: int = FRAMES, speed: int = 1) -> Tensor:
    """A picture that moves by some pixels a frame, `[T, 3, 96, 128]`."""
    wide = texture(256)
    return torch.cat([wide[..., speed * number : speed * number + 128] for number in range(frames)])


def gaps(clip: Tensor, error: float) -> list[int]:
    positions = choose_groups(footage(clip), error).positions
    assert (positions[0], positions[-1]) == (0, len(clip) - 1)
    return [after - before for before, after in pairwise(positions)]


def test_what_moves_evenly_has_the_longest_groups() -> None:
    assert gaps(moving(), 1e-3) == [LONGEST_GROUP, LONGEST_GROUP, 1]


def test_black_frames_are_one_long_group() -> None:
    black = torch.zeros(FRAMES, 3, 96, 128, dtype=torch.uint8)
    assert gaps(black, expected_error(footage(black), 0.04)) == [LONGEST_GROUP, LONGEST_GROUP, 1]


def test_what_cannot_be_found_is_fitted() -> None:
    noise = torch.randint(0, 256, (FRAMES, 3, 96, 128), generator=torch.Generator().manual_seed(0)).byte()
    assert gaps(noise, 1e-3) == [1] * (FRAMES - 1)


def test_a_clip_is_divided_where_its_motion_changes() -> None:
    """The second half jumps to and fro; a group ends where it begins."""
    still, wide = moving(9, 0), texture(256)
    jumps = torch.cat([wide[..., at : at + 128] for at in (90, 7, 60, 21, 110, 33, 75, 2)])
    found = gaps(torch.cat([still, jumps]), 1e-4)
    assert found[0] == LONGEST_GROUP
    assert set(found[1:]) == {1}


def test_better_pictures_have_no_longer_groups() -> None:
    clip = moving(speed=3)
    clip += torch.randint(0, 9, clip.shape, generator=torch.Generator().manual_seed(1)).byte()
    counts = [len(gaps(clip, error)) for error in (1e-2, 1e-4, 1e-6)]
    assert counts[0] < counts[-1] == FRAMES - 1
    assert counts == sorted(counts)


def test_no_group_lies_across_a_cut() -> None:
    clip = torch.cat([moving(5), 255 - moving(6).flip(3)])
    found = footage(clip)
    assert found.cuts == [5]
    assert {4, 5} <= set(choose_groups(found, 1e-3).positions)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_clip_of_a_few_frames_is_grouped_as_far_as_it_goes(frames: int) -> None:
    positions = choose_groups(footage(moving(frames)), 1e-3).positions
    assert positions == ((0, 2) if frames == 3 else tuple(range(frames)))


def test_the_cost_is_the_least_sum_of_errors_and_bits() -> None:
    """Against a search over the error of the fitted frames."""
    for length, error in ((1, 0.0), (2, 0.3), (4, 1.0), (8, 2.0)):
        fitted = np.linspace(0.05, 2, 20_000)
        between = 0.9 * fitted + 0.4 * error
        bits = (1 + 0.3 * (length - 1)) * fitted ** (-1 / 0.75)
        sums = (fitted + (length - 1) * between + 0.75 * bits) / length
        assert cost(length, error) == pytest.approx(sums.min(), rel=1e-6)
    assert weight_of_fitted(4) == pytest.approx(3.7)


def test_the_expected_error_is_that_of_coefficients_up_to_a_threshold() -> None:
    clip = texture(128)
    blocks = (clip[0].numpy() / 255).reshape(3, 12, 8, 16, 8).swapaxes(2, 3)
    energies = dctn(blocks, axes=(3, 4), norm="ortho") ** 2
    for rate, threshold in ((1.0, 0.1887), (0.04, 0.018)):
        assert expected_error(footage(clip), rate) == pytest.approx(np.minimum(energies, threshold).mean(), rel=1e-3)
