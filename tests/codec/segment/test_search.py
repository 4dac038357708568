from collections.abc import Callable

import pytest

from nervcodec.codec.segment.report import EncodeReport
from nervcodec.codec.segment.search import Candidate, miss, search
from nervcodec.codec.target import TOLERANCES, Target, TargetKind
from nervcodec.errors import RequestError
from nervcodec.metrics.value import Quality


def file(psnr_db: float = 30.0, ms_ssim: float | None = 0.9, file_bytes: int = 1000) -> Candidate:
    report = EncodeReport(
        quality=Quality(psnr_db, ms_ssim),
        file_bytes=file_bytes,
        bits_per_pixel=file_bytes / 1e5,
        frames=1,
        parameters=1,
        steps=1,
        seconds=1.0,
        fit_seconds=1.0,
        decode_seconds=1.0,
        layers=(),
    )
    return Candidate(report, b"")


def counted(fit: Callable[[float], Candidate], calls: list[float]) -> Callable[[float], Candidate]:
    def call(at: float) -> Candidate:
        calls.append(at)
        return fit(at)

    return call


@pytest.mark.parametrize("slope", [0.05, 0.1, 0.14])
def test_a_quality_is_found_in_a_few_fits(slope: float) -> None:
    calls: list[float] = []
    fit = counted(lambda q: file(psnr_db=30 + slope * (q - 50) - 1e-3 * slope * (q - 50) ** 2), calls)
    target = Target("psnr", 31.5)
    found = search(target, 50.0, (0.0, 100.0), 4, fit)
    assert abs(miss(target, found.report)) <= 1
    assert len(calls) <= 4


def test_a_size_that_was_missed_is_aimed_at_anew() -> None:
    calls: list[float] = []
    target = Target("bytes", 1024)
    found = search(target, 10.0, (9.0, 11.0), 4, counted(lambda at: file(file_bytes=round(1.08 * 2**at)), calls))
    assert found.report.file_bytes == pytest.approx(1024, rel=0.03)
    assert len(calls) == 2


def test_what_cannot_be_reached_ends_at_the_limit_with_the_nearest() -> None:
    calls: list[float] = []
    found = search(Target("psnr", 60), 50.0, (0.0, 100.0), 9, counted(lambda q: file(psnr_db=q / 5), calls))
    assert calls[-1] == 100.0
    assert found.report.psnr_db == 20.0


def test_a_slope_of_the_wrong_sign_ends_the_search() -> None:
    calls: list[float] = []
    found = search(Target("psnr", 33), 50.0, (0.0, 100.0), 4, counted(lambda q: file(psnr_db=30 - q / 1e3), calls))
    assert calls == [50.0, 75.0]
    assert found.report.psnr_db == 29.95


@pytest.mark.parametrize(
    ("kind", "value", "near", "far"),
    [
        ("psnr", 30.0, {"psnr_db": 29.91}, {"psnr_db": 30.11}),
        ("ms-ssim", 0.9, {"ms_ssim": 0.901}, {"ms_ssim": 0.905}),
        ("bytes", 1000, {"file_bytes": 1029}, {"file_bytes": 960}),
        ("bpp", 0.01, {"file_bytes": 1029}, {"file_bytes": 1040}),
    ],
)
def test_near_enough(kind: TargetKind, value: float, near: dict[str, float], far: dict[str, float]) -> None:
    target = Target(kind, value)
    assert abs(miss(target, file(**near).report)) <= 1  # type: ignore[arg-type]
    assert abs(miss(target, file(**far).report)) > 1  # type: ignore[arg-type]
    assert kind in TOLERANCES


def test_targets_that_make_no_sense() -> None:
    for kind, value in (("psnr", 200.0), ("ms-ssim", 1.5), ("bytes", 3.0), ("bpp", 0.0), ("vmaf", 90.0)):
        with pytest.raises(RequestError):
            Target(kind, value)  # type: ignore[arg-type]
