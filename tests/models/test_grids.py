import pytest
import torch

from nervcodec.models.dnerv.sizing import dnerv_config
from nervcodec.models.ffnerv.sizing import ffnerv_config
from nervcodec.models.grids import between, frame_embeddings, rows_around, windows


@pytest.mark.parametrize("frames", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("span", [1, 2, 3, 8])
def test_a_grid_is_a_line_between_its_rows(frames: int, span: int) -> None:
    rows = -(-(frames - 1) // span) + 1
    grid = torch.randn(rows, 2, 1, 3)
    for t in range(frames):
        time = torch.tensor([t])
        lower, fraction = divmod(t, span)
        expected = grid[lower] + fraction / span * (grid[min(lower + 1, rows - 1)] - grid[lower])
        torch.testing.assert_close(between(grid[rows_around(time, span)], time, span)[0], expected)


def test_rows_of_the_stream_become_frames_and_embeddings_by_frame_stay_as_they_are() -> None:
    config = ffnerv_config(30, 60, 8)
    grids = {name: torch.randn(config.embedding_shape(name, 6)) for name in config.embeddings}
    assert [len(grid) for grid in grids.values()] == [6, 4]
    made = frame_embeddings(config, grids, 6)
    assert torch.equal(made["content"], grids["content"])
    assert torch.equal(made["content_2"][::2], grids["content_2"][:3])
    torch.testing.assert_close(made["content_2"][5], grids["content_2"][2:].mean(dim=0))
    other = dnerv_config(30, 60, 8, (8, 16))
    assert {n: other.embedding_shape(n, 6) for n in other.embeddings} == {
        n: (6, *shape) for n, shape in other.embeddings.items()
    }


def test_windows_are_held_at_both_ends() -> None:
    assert windows(torch.tensor([0, 3]), 2, 5).tolist() == [0, 0, 0, 1, 2, 1, 2, 3, 4, 4]
    assert windows(torch.tensor([4, 1]), 0, 5).tolist() == [4, 1]
