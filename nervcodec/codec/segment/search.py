"""Reaching a size or a quality that was asked for, in as few fits as possible.

A size is steered inside the fit, which moves the weight of the rate; another fit follows only where that missed. A
quality is known only when a fit has ended, so it takes some.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from nervcodec.codec.segment.report import EncodeReport
from nervcodec.codec.target import TOLERANCES, Target, TargetKind
from nervcodec.errors import RequestError

LOG = logging.getLogger(__name__)
TRIAL = "fit %d, told %.4g: %s %.6g for %.6g, off by %+.2f tolerances"
MOST_FITS = 4
"""Fits that are spent on one target."""
FIRST_SLOPES: dict[TargetKind, float] = {"psnr": 0.1, "ms-ssim": 0.002, "bytes": 0.7, "bpp": 0.7}
"""What one more of quality, or an octave of bytes to aim for, brings, until two fits have shown it (ours)."""
STRIDE = 25.0
"""What a fit is told changes by at most this much from one to the next."""


@dataclass(frozen=True)
class Candidate:
    """A file that might do."""

    report: EncodeReport
    data: bytes


def check_room(target: Target | None, attached: int) -> None:
    """Raises RequestError where what goes along with the pictures takes most of the bytes that a file may have."""
    if target and target.kind == "bytes" and 2 * attached > target.value:
        raise RequestError(f"{attached} of {target.value:g} bytes are sound, subtitles or chapters; leave them out")


def reached(target: Target, report: EncodeReport) -> float:
    """The value of a file that a target is about; 0 for an MS-SSIM that small pictures do not have."""
    values: dict[TargetKind, float | None] = {
        "psnr": report.psnr_db,
        "ms-ssim": report.ms_ssim,
        "bytes": report.file_bytes,
        "bpp": report.bits_per_pixel,
    }
    return values[target.kind] or 0.0


def miss(target: Target, report: EncodeReport) -> float:
    """How far a file is off, in tolerances; negative if its size or quality is too low."""
    value = reached(target, report)
    off = value / target.value - 1 if target.is_size else value - target.value
    return off / TOLERANCES[target.kind]


def search(
    target: Target, start: float, limits: tuple[float, float], most_fits: int, fit: Callable[[float], Candidate]
) -> Candidate:
    """The file nearest to a target, by the secant rule on what `fit` is told; stops at the first that is near enough.

    `fit` takes a quality, or for sizes the logarithm to the base 2 of the bytes to aim for.
    """
    tried: list[tuple[float, float, Candidate]] = []
    at = start
    for _ in range(most_fits):
        candidate = fit(at)
        off = miss(target, candidate.report)
        LOG.info(TRIAL, len(tried) + 1, at, target.kind, reached(target, candidate.report), target.value, off)
        tried.append((at, off, candidate))
        tried.sort(key=lambda trial: abs(trial[1]))
        if abs(tried[0][1]) <= 1:
            break
        at = min(max(_proposal(target, tried), limits[0]), limits[1])
        if any(at == before for before, _, _ in tried):
            break
    return tried[0][2]


def _proposal(target: Target, tried: list[tuple[float, float, Candidate]]) -> float:
    """Where the line through the two best trials meets the target."""
    (at, off, _), *others = tried
    slope = FIRST_SLOPES[target.kind] / TOLERANCES[target.kind]
    if others and (others[0][1] - off) * (others[0][0] - at) > 0:
        slope = (others[0][1] - off) / (others[0][0] - at)
    return at - min(max(off / slope, -STRIDE), STRIDE)
