"""Bjontegaard's differences, against another implementation and against known values."""

import builtins
import math
import random
from typing import Any

import bjontegaard
import pytest

from nervcodec.errors import RequestError
from nervcodec.metrics.rd import Point, bd_quality, bd_rate, envelope, ms_ssim_decibels


def curve(factor: float, *levels: float) -> list[Point]:
    """The curve of a codec that takes `factor` times 2^(PSNR / 5) bits."""
    return [(factor * 2 ** (level / 5), level) for level in levels]


def random_curve(rng: random.Random) -> list[Point]:
    """A curve of four to eight points that rise."""
    rate, quality, points = rng.uniform(0.005, 0.02), rng.uniform(26, 30), []
    for _ in range(rng.randint(4, 8)):
        points.append((rate, quality))
        rate, quality = rate * rng.uniform(1.3, 2.5), quality + rng.uniform(0.5, 3)
    return points


@pytest.mark.parametrize("seed", range(20))
def test_as_the_bjontegaard_package_has_it(seed: int) -> None:
    rng = random.Random(seed)
    anchor, test = random_curve(rng), random_curve(rng)
    theirs = [[p[i] for p in points] for points in (anchor, test) for i in (0, 1)]
    rng.shuffle(anchor)
    options = {"method": "pchip", "require_matching_points": False, "min_overlap": 0}
    assert bd_rate(anchor, test) == pytest.approx(bjontegaard.bd_rate(*theirs, **options), abs=1e-6)
    assert bd_quality(anchor, test) == pytest.approx(bjontegaard.bd_psnr(*theirs, **options), abs=1e-6)


def test_half_the_bits_everywhere() -> None:
    whole, half = curve(1.0, 25, 28, 31, 36), curve(0.5, 33, 30, 26)
    assert bd_rate(whole, half) == pytest.approx(-50)
    assert bd_rate(half, whole) == pytest.approx(100)
    assert bd_quality(whole, half) == pytest.approx(5)
    assert bd_quality(half, whole) == pytest.approx(-5)
    assert bd_rate(whole, whole) == bd_quality(whole, whole) == 0


def test_a_fixed_cost_weighs_most_where_little_is_spent() -> None:
    anchor = curve(1.0, 20, 25, 30, 35)
    test = [(rate + 16.0, quality) for rate, quality in anchor]
    low, high = bd_rate(anchor[:2], test[:2]), bd_rate(anchor[2:], test[2:])
    assert low is not None
    assert high is not None
    assert low > 2 * high > 0


def test_curves_that_hardly_meet_are_not_compared() -> None:
    assert bd_rate(curve(1.0, 25, 28), curve(1.0, 27.6, 31)) is None
    assert bd_rate(curve(1.0, 25, 28), curve(1.0, 27.6, 31), shared=0.39) == pytest.approx(0)
    assert bd_quality(curve(1.0, 25, 28), curve(1.0, 28, 31)) is None
    assert bd_rate(curve(1.0, 25, 28), curve(1.0, 26)) is None
    assert bd_rate([], curve(1.0, 26, 28)) is None


def test_only_points_worth_choosing_count() -> None:
    clean = curve(1.0, 25, 28, 31)
    worse = [(clean[1][0], 27.0), (clean[1][0] * 1.1, 28.0), (clean[2][0] * 2, 26.0), clean[0]]
    broken = [(0.0, 20.0), (math.inf, 40.0), (9e9, math.nan)]
    assert envelope([*worse, *broken, *reversed(clean)]) == clean
    assert bd_rate(clean, [*clean, *worse, *broken]) == 0


def test_decibels_of_ms_ssim() -> None:
    assert ms_ssim_decibels(0.99) == pytest.approx(20)
    assert ms_ssim_decibels(0.0) == 0
    assert ms_ssim_decibels(1.0) == pytest.approx(100)


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = builtins.__import__

    def without_scipy(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("scipy"):
            raise ModuleNotFoundError(f"No module named {name!r}", name="scipy")
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_scipy)
    with pytest.raises(RequestError, match=r"scipy is not installed: pip install 'nervcodec\[bench\]'"):
        bd_rate(curve(1.0, 25, 28), curve(1.0, 25, 28))
