"""What `nervc encode` tells of a file it wrote."""

from collections.abc import Iterator
from typing import Any

from nervcodec.codec.report import EncodeReport, LayerReport
from nervcodec.picture import Domain

PSNR: dict[Domain, str] = {"rgb": "PSNR", "yuv420": "YUV PSNR"}
"""What it is called."""


def done_record(output: str, report: EncodeReport) -> dict[str, Any]:
    """The last JSON object."""
    return {
        "type": "done",
        "output": output,
        **_measures(report),
        "seconds": report.seconds,
        "fit_seconds": report.fit_seconds,
        "decode_seconds": report.decode_seconds,
        "frames": report.frames,
        "masked_psnr": report.masked_psnr_db,
        "missing_psnr": report.missing_psnr_db,
        "missing_ms_ssim": report.missing_ms_ssim,
        "assisted_bytes": report.assisted_bytes,
        "fits": report.fits,
        "segments": report.segments,
        "domain": report.domain,
        "attached_bytes": report.attached_bytes,
        "layers": [_measures(layer) for layer in report.layers],
    }


def outcome_lines(output: str, report: EncodeReport) -> Iterator[str]:
    """The same in words."""
    psnr = PSNR[report.domain]
    if len(report.layers) > 1:
        for number, layer in enumerate(report.layers, 1):
            yield f"--layers {number}: {_outcome(layer, psnr)}"
    if report.masked_psnr_db is not None:
        yield f"pixels under the mask: {psnr} {report.masked_psnr_db:.2f} dB"
    if report.missing_psnr_db is not None:
        how = "interpolated" if report.assisted_bytes is None else f"assisted by {report.assisted_bytes:,} bytes"
        yield f"frames that were left out, {how}: {psnr} {report.missing_psnr_db:.2f} dB"
    if report.attached_bytes:
        yield f"sound, subtitles, chapters and titles: {report.attached_bytes:,} of the bytes"
    yield f"{output}: {_outcome(report, psnr)}, {report.seconds:.1f} s"


def _measures(made: EncodeReport | LayerReport) -> dict[str, Any]:
    return {
        "psnr": made.psnr_db,
        "ms_ssim": made.ms_ssim,
        "bytes": made.file_bytes,
        "bpp": made.bits_per_pixel,
        "parameters": made.parameters,
        "steps": made.steps,
    }


def _outcome(made: EncodeReport | LayerReport, psnr: str) -> str:
    quality = "" if made.ms_ssim is None else f", MS-SSIM {made.ms_ssim:.4f}"
    return f"{psnr} {made.psnr_db:.2f} dB{quality}, {made.file_bytes:,} bytes, {made.bits_per_pixel:.4f} bpp"
