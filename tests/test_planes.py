"""Planes are packed into one map and unpacked again."""

import pytest
import torch
from torch.nn import functional as F

from nervcodec.planes import luma_of, pack_planes, unpack_planes


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.float32])
@pytest.mark.parametrize(("height", "width"), [(6, 8), (7, 9), (1, 1), (2, 3)])
def test_packing_is_undone(dtype: torch.dtype, height: int, width: int) -> None:
    luma = torch.randint(0, 256, (2, 1, height, width)).to(dtype)
    chroma = torch.randint(0, 256, (2, 2, (height + 1) // 2, (width + 1) // 2)).to(dtype)
    packed = pack_planes(luma, chroma)
    assert packed.dtype == dtype
    assert packed.shape == (2, 6, *chroma.shape[2:])
    for own, made in zip((luma, chroma), unpack_planes(packed, height, width), strict=True):
        assert torch.equal(own, made)


def test_channels_are_places_in_squares_and_odd_sides_stand_twice() -> None:
    luma = torch.arange(9).view(1, 1, 3, 3)
    packed = pack_planes(luma, torch.zeros(1, 2, 2, 2, dtype=torch.long))
    assert packed[0, :4, 0, 0].tolist() == [0, 1, 3, 4]
    assert packed[0, :4, 1, 1].tolist() == [8, 8, 8, 8]
    assert torch.equal(luma_of(packed).float(), F.pad(luma.float(), (0, 1, 0, 1), mode="replicate"))
