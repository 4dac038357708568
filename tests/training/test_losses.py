import pytest
import torch
from pytorch_msssim import ms_ssim, ssim

from nervcodec.training.losses import LOSSES

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
