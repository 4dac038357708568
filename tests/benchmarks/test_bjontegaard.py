from typing import Any

import pytest

from benchmarks.bjontegaard import bd_rate


def curve(factor: float, *levels: float) -> list[dict[str, Any]]:
    """A codec that takes `factor` times 2^(PSNR / 5) bits."""
    return [{"psnr_db": level, "bits_per_pixel": factor * 2 ** (level / 5)} for level in levels]


def test_half_the_bits_everywhere() -> None:
    assert bd_rate(curve(1.0, 25, 28, 31, 36), curve(0.5, 33, 30, 26)) == pytest.approx(-50.0)


def test_a_fixed_cost_weighs_most_where_little_is_spent() -> None:
    anchor, test = curve(1.0, 20, 25, 30, 35), curve(1.0, 20, 25, 30, 35)
    for point in test:
        point["bits_per_pixel"] += 16.0
    low, high = bd_rate(anchor[:2], test[:2]), bd_rate(anchor[2:], test[2:])
    assert low is not None
    assert high is not None
    assert low > 2 * high > 0


def test_curves_that_hardly_meet_are_not_compared() -> None:
    assert bd_rate(curve(1.0, 25, 28), curve(1.0, 27.6, 31)) is None
