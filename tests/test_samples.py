import pytest
import torch

from nervcodec.picture import DEPTHS, sample_bytes
from nervcodec.samples import DTYPES, depth_of, from_unit, nearest, peak_of, to_unit


def test_every_depth_has_its_samples() -> None:
    assert tuple(DTYPES) == DEPTHS
    assert [peak_of(depth) for depth in DEPTHS] == [255, 1023]
    assert [sample_bytes(depth) for depth in DEPTHS] == [1, 2]


@pytest.mark.parametrize("depth", DEPTHS)
def test_samples_come_back(depth: int) -> None:
    samples = torch.arange(peak_of(depth) + 1).to(DTYPES[depth])
    assert depth_of(samples) == depth_of(samples.numpy()) == depth
    assert to_unit(samples)[[0, -1]].tolist() == [0, 1]
    assert torch.equal(from_unit(to_unit(samples), depth), samples)


@pytest.mark.parametrize("depth", DEPTHS)
def test_halves_go_to_the_even_sample_and_none_beyond_the_ends(depth: int) -> None:
    numbers = torch.tensor([-3.0, 0.5, 1.5, 2.5, peak_of(depth) + 9.0])
    assert nearest(numbers, depth).tolist() == [0, 0, 2, 2, peak_of(depth)]
