import numpy as np
import pytest
import torch
from torch.nn import functional as F

from nervcodec.errors import ResourceError
from nervcodec.video.colour import Frame
from nervcodec.video.minterpolate import minterpolate


def scene(position: int) -> Frame:
    """A soft texture that moves two pixels to the right from one position to the next, `[128, 160, 3]`."""
    rng = torch.Generator().manual_seed(0)
    texture = F.interpolate(torch.rand(1, 3, 16, 24, generator=rng), (128, 192), mode="bicubic", align_corners=False)
    seen = texture[0, :, :, 24 - 2 * position : 184 - 2 * position]
    return (100 + 60 * seen).clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()


@pytest.mark.parametrize("positions", [[0, 2, 4, 6, 8], [0, 3, 6, 9]])
def test_frames_between_are_made_along_the_motion(positions: list[int]) -> None:
    made = minterpolate([scene(position) for position in positions], positions)
    assert len(made) == positions[-1] + 1
    inner = (slice(16, -16), slice(16, -16))
    for position, frame in enumerate(made):
        errors = [np.abs(frame[inner].astype(int) - scene(p)[inner]).mean() for p in range(positions[-1] + 1)]
        assert np.argmin(errors) == position


def test_without_the_filter_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nervcodec.video.minterpolate.filters_available", set())
    with pytest.raises(ResourceError, match="no filter minterpolate"):
        minterpolate([scene(0), scene(2)], [0, 2])


def test_pictures_that_are_too_small_are_refused() -> None:
    with pytest.raises(ResourceError, match="pictures of 20x10"):
        minterpolate([scene(0)[:10, :20], scene(2)[:10, :20]], [0, 2])
