import pytest
import torch

from nervcodec.training.losses import squared_errors
from nervcodec.training.watchdog import Watchdog, constant_picture_psnr, psnr_from_mse


def test_constant_picture() -> None:
    clip = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    assert constant_picture_psnr(clip) == 100
    clip[1] = 255
    assert constant_picture_psnr(clip) == pytest.approx(psnr_from_mse(0.25), abs=1e-3)


def test_a_constant_picture_of_planes_is_weighed_as_a_fit_weighs_it() -> None:
    clip = torch.randint(0, 256, (3, 6, 5, 7), dtype=torch.uint8)
    clip[:, 4:] = clip[:, 4:] // 8  # of colour there is little
    flat = (clip.double() / 255).mean(dim=(0, 2, 3))[None, :, None, None].float().expand(1, 6, 5, 7)
    errors = torch.cat([squared_errors(flat, frame[None] / 255) for frame in clip])
    assert constant_picture_psnr(clip) == pytest.approx(psnr_from_mse(float(errors.mean())), abs=1e-3)


def test_a_good_fit_is_left_alone() -> None:
    watchdog = Watchdog(constant_db=10, steps=3000)
    for step, level in enumerate([9, 10, 12, 15, 14, 20, 19, 25, 24.5], 1):
        assert watchdog(300 * step, level) is None


def test_a_fall_that_lasts() -> None:
    watchdog = Watchdog(constant_db=10, steps=3000)
    reasons = [watchdog(100 * step, level) for step, level in enumerate([20, 25, 15, 24, 15, 15, 15.5], 1)]
    assert reasons[:-1] == [None] * 6
    assert reasons[-1] == "PSNR fell from 25.0 to 15.5 dB and stayed down"


def test_a_fit_that_never_starts() -> None:
    watchdog = Watchdog(constant_db=10, steps=2000)
    assert watchdog(500, 10.3) is None
    reason = watchdog(600, 10.5)
    assert reason is not None
    assert "constant picture" in reason


def test_flat_clips_have_nothing_to_leave() -> None:
    assert Watchdog(constant_db=60, steps=1000)(900, 50) is None


def test_what_is_worse_for_a_known_reason() -> None:
    watchdog = Watchdog(constant_db=10, steps=3000)
    watchdog(100, 30)
    watchdog.rest()
    assert [watchdog(1000 + step, 9) for step in range(5)] == [None] * 5
    assert watchdog(2000, float("-inf")) == "the loss is not a number"


def test_numbers_that_are_none() -> None:
    assert Watchdog(constant_db=10, steps=9)(1, psnr_from_mse(float("nan"))) == "the loss is not a number"
