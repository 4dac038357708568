"""The cosine transform of blocks against SciPy's."""

import numpy as np
import pytest
import torch
from scipy.fft import dctn

from nervcodec.cosine import DIAGONAL_OF, ORDER, coefficients, planes_of

SIZES = [(16, 24), (9, 17), (3, 5)]


def planes(height: int, width: int) -> torch.Tensor:
    return torch.randn(2, 1, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", SIZES)
def test_coefficients_are_those_of_scipy(size: tuple[int, int]) -> None:
    given = planes(*size)
    rows, columns = (-(-side // 8) for side in size)
    whole = np.pad(given[:, 0].numpy(), ((0, 0), (0, 8 * rows - size[0]), (0, 8 * columns - size[1])), mode="edge")
    blocks = whole.reshape(2, rows, 8, columns, 8).swapaxes(2, 3)
    transformed = dctn(blocks, axes=(3, 4), norm="ortho")
    down, across = zip(*ORDER, strict=True)
    np.testing.assert_allclose(coefficients(given).numpy(), transformed[..., down, across], atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_planes_come_back(size: tuple[int, int]) -> None:
    given = planes(*size)
    torch.testing.assert_close(planes_of(coefficients(given), *size), given, atol=1e-5, rtol=0)


def test_coefficients_go_from_diagonal_to_diagonal() -> None:
    assert ORDER[:6] == [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0)]
    assert list(DIAGONAL_OF) == sorted(DIAGONAL_OF)
    assert (len(set(ORDER)), DIAGONAL_OF[-1]) == (64, 14)
