"""The command `nervc verify`."""

from typing import Any

import click

import nervcodec
from nervcodec.cli.command import Command, device_option, section, take_view, view_options
from nervcodec.cli.display import display
from nervcodec.cli.json_lines import json_line
from nervcodec.cli.logs import messages
from nervcodec.cli.outcome import quality_record, quality_words
from nervcodec.cli.people import counted
from nervcodec.errors import TargetMissed

compared = section("Comparison")


@click.command(cls=Command, context_settings={"show_default": True})
@click.argument("file", metavar="FILE")
@compared("--against", metavar="VIDEO", help="Also compare the frames with the video that the file was made from.")
@compared("--min-psnr", type=float, metavar="DB", help="Exit with code 7 where the PSNR is lower.")
@view_options
@device_option
@messages
def verify(
    file: str, against: str | None, min_psnr: float | None, as_json: bool, quiet: bool, device: Any, **chosen: Any
) -> None:
    """Check all of a .nerv file: checksums, and that every frame can be decoded.

    The portion of VIDEO that was encoded is given by the same options as for nervc encode.
    """
    view = take_view(chosen)
    if against is None and (min_psnr is not None or view != type(view)()):
        raise click.UsageError("there is nothing to compare with: say --against VIDEO")
    with display(as_json=as_json, quiet=quiet) as observe:
        report = nervcodec.verify(file, against, view, device=device, observe=observe)
    if as_json:
        json_line(_record(file, report))
    elif not quiet:
        click.echo(f"{file}: ok, {_words(report)}")
    if min_psnr is not None and report.psnr_db is not None and not report.psnr_db >= min_psnr:
        raise TargetMissed(f"{file}: PSNR {report.psnr_db:.4g} dB is less than {min_psnr:g} dB")


def _record(file: str, report: "nervcodec.VerifyReport") -> dict[str, Any]:
    return {
        "type": "done",
        "file": file,
        "width": report.width,
        "height": report.height,
        "frames": report.frames,
        "segments": report.segments,
        "layers": report.layers,
        "bytes": report.file_bytes,
        "domain": report.domain,
        **quality_record(report.quality),
        "seconds": report.seconds,
    }


def _words(report: "nervcodec.VerifyReport") -> str:
    counts = (("frame", report.frames), ("segment", report.segments), ("layer", report.layers))
    frames, *parts = (counted(count, thing) for thing, count in counts)
    words = [f"{frames} of {report.width}x{report.height}", *parts, f"{report.file_bytes:,} bytes"]
    if report.quality:
        words.append(quality_words(report.quality, report.domain))
    return ", ".join(words)
