"""Temporal grids: embeddings with a row at every few frames, and interpolation between rows.

Row n of a grid with a span of s frames is the row of frame n * s; frames between two rows are interpolated linearly.
With a span of 1, a grid is an embedding with a row for each frame.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from nervcodec.models.config import PyramidConfig
from nervcodec.timeline import Moment


def rows_around(times: Tensor, span: int) -> Tensor:
    """Numbers of the rows of a grid between which integer `times` `[B]`, in frames, lie.

    They are `[2B]`, rows before the times first; with a span of 1 they are the times themselves.
    """
    return torch.cat([times // span, (times + span - 1) // span]) if span > 1 else times


def between(rows: Tensor, times: Tensor, span: int) -> Tensor:
    """Values of a grid at integer `times` `[B]`, from the rows `[2B or B, C, h, w]` that `rows_around` names."""
    fraction = (times % span).to(rows.dtype).view(-1, 1, 1, 1) / span
    return torch.lerp(rows[: len(times)], rows[-len(times) :], fraction)


def at_moments(rows: Tensor, moments: Iterable[Moment]) -> Tensor:
    """Rows `[T, C, h, w]`, one for each frame, interpolated linearly at each of some moments."""
    frames, fractions = zip(*((moment.frame, float(moment.fraction)) for moment in moments), strict=True)
    before = torch.tensor(frames, device=rows.device)
    after = (before + 1).clamp(max=len(rows) - 1)
    share = torch.tensor(fractions, device=rows.device).view(-1, 1, 1, 1)
    return torch.lerp(rows[before], rows[after], share)


def frame_embeddings(config: PyramidConfig, grids: Mapping[str, Tensor], frames: int) -> dict[str, Tensor]:
    """Embeddings `[T, C, h, w]` of all frames from the grids of the stream."""
    times = torch.arange(frames)
    return {
        name: between(grid[rows_around(times, span)], times, span)
        for name, grid in grids.items()
        for span in (config.span_of[name],)
    }


def windows(times: Tensor, reach: int, frames: int) -> Tensor:
    """Times up to `reach` frames around each of `times` `[B]`, limited to the clip: `[B * (1 + 2 * reach)]`."""
    around = torch.arange(-reach, reach + 1, device=times.device)
    return (times[:, None] + around).clamp(0, frames - 1).flatten()
