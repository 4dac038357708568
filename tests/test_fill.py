import pytest
import torch

from nervcodec.fill import fill


@pytest.mark.parametrize("size", [(40, 64), (37, 51)])
def test_a_slope_is_continued_through_a_hole_and_nothing_else_is_touched(size: tuple[int, int]) -> None:
    y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    frames = torch.stack([3 * x, 2 * y + x, 200 - 2 * x]).byte().expand(2, -1, -1, -1)  # each solves Laplace's equation
    masks = torch.zeros(2, 1, *size, dtype=torch.bool)
    masks[0, :, 12:24, 20:34] = True
    holed = frames.masked_fill(masks, 7)
    filled = fill(holed, masks)
    assert torch.equal(filled[1], frames[1])
    assert torch.equal(filled * ~masks, frames * ~masks)
    assert (filled.int() - frames.int()).abs().max() <= 6
    assert (filled.int() - frames.int()).abs().float()[:1, :, 12:24, 20:34].mean() < 2


def test_frames_of_10_bits_are_filled_at_10() -> None:
    frames = torch.full((1, 3, 12, 16), 1000, dtype=torch.int16)
    masks = torch.zeros(1, 1, 12, 16, dtype=torch.bool)
    masks[:, :, 3:8, 5:9] = True
    filled = fill(frames.masked_fill(masks, 0), masks)
    assert filled.dtype == torch.int16
    assert torch.equal(filled, frames)


def test_what_lies_under_a_mask_has_no_say() -> None:
    frames = torch.randint(0, 256, (1, 3, 30, 30), dtype=torch.uint8)
    masks = torch.rand(1, 1, 30, 30) < 0.9
    changed = torch.where(masks, 255 - frames, frames)
    assert torch.equal(fill(frames, masks), fill(changed, masks))


def test_one_pixel_fills_a_picture() -> None:
    masks = torch.ones(1, 1, 9, 14, dtype=torch.bool)
    masks[0, 0, 4, 3] = False
    frames = torch.full((1, 3, 9, 14), 90, dtype=torch.uint8).masked_fill(masks, 0)
    assert (fill(frames, masks) == 90).all()
