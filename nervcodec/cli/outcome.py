"""Report of `nervc encode` on the file that it wrote."""

from collections.abc import Iterator
from typing import Any

from nervcodec.codec.segment.report import EncodeReport, FileReport
from nervcodec.metrics.value import PSNR, Quality
from nervcodec.picture import Domain


def quality_record(quality: Quality | None) -> dict[str, float | None]:
    """A quality in the keys that JSON objects of all commands have; nulls where there is none."""
    if quality is None:
        return {"psnr": None, "ms_ssim": None}
    return {"psnr": quality.psnr_db, "ms_ssim": quality.ms_ssim}


def quality_words(quality: Quality, domain: Domain) -> str:
    """The quality of frames in a domain, in words."""
    index = "" if quality.ms_ssim is None else f", MS-SSIM {quality.ms_ssim:.4f}"
    return f"{PSNR[domain]} {quality.psnr_db:.2f} dB{index}"


def done_record(output: str, report: EncodeReport) -> dict[str, Any]:
    """The last JSON object of an encode."""
    return {
        "type": "done",
        "output": output,
        **_measures(report),
        "seconds": report.seconds,
        "fit_seconds": report.fit_seconds,
        "decode_seconds": report.decode_seconds,
        "frames": report.frames,
        "masked_psnr": quality_record(report.masked)["psnr"],
        **{f"missing_{name}": value for name, value in quality_record(report.missing).items()},
        "assisted_bytes": report.assisted_bytes,
        "fits": report.fits,
        "segments": report.segments,
        "domain": report.domain,
        "attached_bytes": report.attached_bytes,
        "layers": [_measures(layer) for layer in report.layers],
    }


def outcome_lines(output: str, report: EncodeReport) -> Iterator[str]:
    """The report on an encode, in lines for people."""
    psnr = PSNR[report.domain]
    if len(report.layers) > 1:
        for number, layer in enumerate(report.layers, 1):
            yield f"--layers {number}: {_outcome(layer, report)}"
    if report.masked:
        yield f"pixels under the mask: {psnr} {report.masked.psnr_db:.2f} dB"
    if report.missing:
        how = "interpolated" if report.assisted_bytes is None else f"assisted by {report.assisted_bytes:,} bytes"
        yield f"frames that were left out, {how}: {psnr} {report.missing.psnr_db:.2f} dB"
    yield f"{output}: {_outcome(report, report)}, {report.seconds:.1f} s"


def _measures(made: FileReport) -> dict[str, Any]:
    return {
        **quality_record(made.quality),
        "bytes": made.file_bytes,
        "bpp": made.bits_per_pixel,
        "parameters": made.parameters,
        "steps": made.steps,
    }


def _outcome(made: FileReport, report: EncodeReport) -> str:
    size, each = f"{made.file_bytes:,} bytes", f"{made.bits_per_pixel:.4f} bpp"
    if report.attached_bytes:
        pictures = made.file_bytes - report.attached_bytes
        whole = made.bits_per_pixel * made.file_bytes / pictures
        size, each = f"{size} ({whole:.4f} bpp)", f"{pictures:,} of them pictures ({each})"
    return f"{quality_words(made.quality, report.domain)}, {size}, {each}"
