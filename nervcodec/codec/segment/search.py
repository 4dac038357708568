"""Search for a size or a quality that was asked for, in as few fits as possible.

A size is steered within a fit, which changes the weight of the rate; another fit follows only if the size was missed.
A quality is known only when a fit has ended, so it takes several fits.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from nervcodec.codec.segment.report import EncodeReport
from nervcodec.codec.target import TOLERANCES, Target, TargetKind
from nervcodec.errors import RequestError

LOG = logging.getLogger(__name__)
TRIAL = "fit %d at %.4g: %s is %.6g, target %.6g, off by %+.2f tolerances"
MOST_FITS = 4
"""Most fits that are spent on one target."""
FIRST_SLOPES: dict[TargetKind, float] = {"psnr": 0.1, "ms-ssim": 0.002, "bytes": 0.7, "bpp": 0.7}
"""Gain in quality per unit of quality, or in share of the size per octave of bytes, until two fits show it (ours)."""
STRIDE = 25.0
"""Largest change of the quality or size that a fit aims for, from one fit to the next."""


@dataclass(frozen=True)
class Candidate:
    """A file that may be near enough to a target, and its report."""

    report: EncodeReport
    data: bytes


def check_room(target: Target | None, attached: int) -> None:
    """Raises RequestError if attachments take more than half of the bytes that a file may have."""
    if target and target.kind == "bytes" and 2 * attached > target.value:
        raise RequestError(f"{attached} of {target.value:g} bytes are sound, subtitles or chapters; leave them out")


def reached(target: Target, report: EncodeReport) -> float:
    """The value of a file that a target limits; 0 for an MS-SSIM that small pictures do not have."""
    values: dict[TargetKind, float | None] = {
        "psnr": report.psnr_db,
        "ms-ssim": report.ms_ssim,
        "bytes": report.file_bytes,
        "bpp": report.bits_per_pixel,
    }
    return values[target.kind] or 0.0


def miss(target: Target, report: EncodeReport) -> float:
    """Distance of a file from a target, in tolerances; negative if its size or quality is too low."""
    value = reached(target, report)
    off = value / target.value - 1 if target.is_size else value - target.value
    return off / TOLERANCES[target.kind]


def search(
    target: Target, start: float, limits: tuple[float, float], most_fits: int, fit: Callable[[float], Candidate]
) -> Candidate:
    """The file nearest to a target, by the secant rule; stops at the first file that is near enough.

    fit: makes a file at a quality or, for sizes, at the logarithm to the base 2 of the bytes to aim for.
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
    """The setting at which the line through the two best trials meets the target."""
    (at, off, _), *others = tried
    slope = FIRST_SLOPES[target.kind] / TOLERANCES[target.kind]
    if others and (others[0][1] - off) * (others[0][0] - at) > 0:
        slope = (others[0][1] - off) / (others[0][0] - at)
    return at - min(max(off / slope, -STRIDE), STRIDE)
