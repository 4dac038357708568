"""Start values of free embeddings: principal components of pictures in the cells of a grid.

The papers learn an encoder that makes embeddings out of frames; principal components are the best linear encoder, and
known before the first step (ours, docs/experiments.md).
"""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

SIDE = 4
"""Most means that are taken along each side of a cell of the grid."""
LEAST_SHARE = 1e-3
"""Least deviation that a component is divided by, as a share of the deviation of the first component."""


def principal_components(
    pictures: Callable[[], Iterator[Tensor]], shape: tuple[int, int, int], *, alike: bool = True
) -> Tensor:
    """The first c components of pictures in each cell of a grid, `[T, c, h, w]`, each of mean 0 and deviation 1.

    pictures: gives all pictures one by one, `[1, C, H, W]`, each time it is called; cells are whole and equal in size.
    shape: c, h, w. Components beyond the number of samples in a cell are 0.
    alike: otherwise the first component alone has deviation 1, and the others are as much weaker as they are in the
        pictures.
    """
    channels, height, width = shape
    mean, covariance = _moments(_cells(picture, height, width).double() for picture in pictures())
    values, vectors = torch.linalg.eigh(covariance.cpu())
    deviations = values.clamp(min=0).sqrt().flip(0)[:channels]
    least = LEAST_SHARE if alike else 1
    basis = vectors.flip(1)[:, :channels] / deviations.clamp(min=least * deviations[0] + 1e-12)
    basis, mean = basis.float().to(mean.device), mean.float()
    rows = [(_cells(picture, height, width) - mean) @ basis for picture in pictures()]
    made = torch.unflatten(torch.stack(rows), 1, (height, width)).permute(0, 3, 1, 2)
    return F.pad(made, (0, 0, 0, 0, 0, channels - made.shape[1]))


def _moments(parts: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean `[n]` and covariance `[n, n]` of rows that come in blocks `[m, n]`."""
    count, total, square = 0, torch.zeros(()), torch.zeros(())
    for rows in parts:
        count, total, square = count + len(rows), total + rows.sum(0), square + rows.T @ rows
    mean = total / count
    return mean, square / count - torch.outer(mean, mean)


def _cells(picture: Tensor, height: int, width: int) -> Tensor:
    """Samples `[h w, n]` of a picture in the cells of a grid."""
    rows, columns = (min(SIDE, side // cells) for side, cells in zip(picture.shape[2:], (height, width), strict=True))
    means = F.adaptive_avg_pool2d(picture, (height * rows, width * columns))
    return F.unfold(means, (rows, columns), stride=(rows, columns))[0].T
