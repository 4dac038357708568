import numpy as np
import pytest
import torch
from pytorch_msssim import ms_ssim, ssim

from nervcodec.planes import pack_planes
from nervcodec.training.losses import LOSSES, PLANE_SCALE, bit_weight, seen_shares, squared_errors

A, B = torch.rand(1, 3, 170, 180), torch.rand(1, 3, 170, 180)


def test_losses_by_their_formulas() -> None:
    difference = A - B
    assert LOSSES["l2"](A, B).item() == pytest.approx((difference**2).mean().item())
    assert LOSSES["l1"](A, B).item() == pytest.approx(difference.abs().mean().item())
    l1 = difference.abs().mean()
    assert LOSSES["l1-ssim"](A, B).item() == pytest.approx((0.7 * l1 + 0.3 * (1 - ssim(A, B, data_range=1))).item())
    expected = 0.7 * l1 + 0.3 * (1 - ms_ssim(A, B, data_range=1))
    assert LOSSES["l1-ms-ssim"](A, B).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("name", LOSSES)
def test_losses_vanish_on_equal_pictures(name: str) -> None:
    assert LOSSES[name](A, A).item() == pytest.approx(0, abs=1e-6)  # type: ignore[index]


def planes() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(2, 1, 170, 180), torch.rand(2, 2, 85, 90)


def test_errors_of_planes_are_the_mean_of_those_of_three_planes() -> None:
    (y, uv), (other_y, other_uv) = planes(), planes()
    errors = squared_errors(pack_planes(y, uv), pack_planes(other_y, other_uv))
    expected = torch.stack([(a - b).square().mean(dim=(1, 2, 3)) for a, b in ((y, other_y), (uv, other_uv))])
    torch.testing.assert_close(errors, (expected[0] + 2 * expected[1]) / 3)


def test_structure_is_that_of_luma() -> None:
    (y, uv), (other, _) = planes(), planes()
    made, l1 = LOSSES["l1-ssim"](pack_planes(y, uv), pack_planes(other, uv)), (y - other).abs().mean().item()
    expected = 0.7 * l1 * 4 / 6 + 0.3 * (1 - ssim(y, other, data_range=1).item())
    assert made.item() == pytest.approx(expected)


def test_an_error_in_all_planes_weighs_as_much_as_in_rgb() -> None:
    clip = torch.zeros(3, 6, 10, 20, dtype=torch.uint8)
    assert bit_weight(1.0, clip) * PLANE_SCALE == pytest.approx(bit_weight(1.0, torch.zeros(3, 3, 20, 40)))
    kr, kb = 0.2126, 0.0722  # BT.709
    to_rgb = np.array([[1, 0, 2 - 2 * kr], [1, -kb * (2 - 2 * kb) / (1 - kr - kb), 0], [1, 2 - 2 * kb, 0]])
    to_rgb[1, 2] = -kr * (2 - 2 * kr) / (1 - kr - kb)
    grown = np.square(to_rgb * [255 / 219, 255 / 224, 255 / 224]).sum() / 3  # studio range
    assert grown == pytest.approx(PLANE_SCALE, rel=0.02)


def test_what_masks_leave_is_weighed_as_errors_are() -> None:
    frames, masks = torch.rand(2, 6, 4, 4), torch.zeros(2, 6, 4, 4, dtype=torch.bool)
    masks[0, 4:] = masks[1, :4] = True
    torch.testing.assert_close(seen_shares(frames, masks), torch.tensor([1 / 3, 2 / 3]))
    torch.testing.assert_close(seen_shares(frames, masks[:, :1]), torch.tensor([1.0, 0.0]))
