"""The command `nervc decode`."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

import nervcodec
from nervcodec.cli.command import Command, audio_options, device_option, section
from nervcodec.cli.config import Subject, configurable
from nervcodec.cli.display import display
from nervcodec.cli.json_lines import json_line
from nervcodec.cli.logs import messages, say
from nervcodec.cli.people import counted
from nervcodec.cli.types import Factor, FrameRate, Time, default_output
from nervcodec.codec.decoding.options import DecodeOptions
from nervcodec.timeline import Playback
from nervcodec.video.images import is_pattern, numbered_files

to_output = section("Output")
of_part = section("Part of the file", Playback)
of_times = section("Frames between frames", Playback)
of_missing = section("Missing pixels")
of_layers = section("Layers", DecodeOptions)


@click.command(cls=Command, context_settings={"show_default": True})
@click.argument("file", metavar="FILE", cls=Subject)
@to_output(
    "-o",
    "--output",
    metavar="TARGET",
    help="File to write: x.mkv (FFV1, lossless), x.mp4 (H.264), x.y4m, images such as frames/%05d.png, a folder for "
    "images, or - for y4m on standard output.  [default: FILE with the suffix .mkv]",
)
@to_output("-y", "overwrite", is_flag=True, help="Replace the output if it exists.")
@audio_options
@of_part(
    "--start",
    type=Time(),
    help="Begin with the first frame shown at or after a time such as 90, 1.5 or 00:01:30, or, with f:120, with frame "
    "120 of those shown. Times count from the first picture.",
)
@of_part(
    "--end", "stop", type=Time(), help="Only frames shown before a time or a frame, which is given as for --start."
)
@of_part("--frames", "count", metavar="N", help="Only N frames, instead of --end.")
@of_times("--all-times", help="Also write the frames that --keep-every left out, at their own times.")
@of_times("--fps", "frame_rate", type=FrameRate(), help="Frames per second to write, such as 60, 29.97 or 30000/1001.")
@of_times("--interpolate", "factor", type=Factor(), help="Multiply the frame rate by a factor such as 4x.")
@section("Frames between frames", DecodeOptions)(
    "--between",
    help="Source of a frame between two frames of the file: the motion from one to the other, or the network.",
)
@of_missing("--composite", metavar="VIDEO", help="Write this video, and fill only its pixels that lie under --mask.")
@of_missing("--mask", metavar="FILE|DIR|RULE", help="Pixels to fill with --composite, given as for nervc encode.")
@of_layers("--layers", metavar="N", help="Decode only the first N layers.  [default: all]")
@device_option
@section("Machine", DecodeOptions)(
    "--fast",
    help="Compute in bfloat16 and TF32 where the device has them, and skip the temporal filter: not conformant, "
    "samples differ a little.",
)
@messages
@configurable
def decode(
    file: str,
    output: str | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    composite: str | None,
    mask: str | None,
    **chosen: Any,
) -> None:
    """Write the frames of a .nerv file."""
    target = output or default_output(file, ".mkv")
    if Path(target).is_dir() or target.endswith("/"):
        target = str(Path(target) / "%05d.png")
    if target == "-" and as_json:
        raise click.UsageError("--json and -o - both want standard output")
    if (composite is None) != (mask is None):
        raise click.UsageError("--composite and --mask need each other")
    playback = Playback(**{field.name: chosen.pop(field.name) for field in fields(Playback)})
    filled = nervcodec.Composite(composite, mask) if composite is not None and mask is not None else None
    options = DecodeOptions(playback=playback, composite=filled, **chosen)
    with display(as_json=as_json, quiet=quiet) as observe:
        report = nervcodec.decode(file, target, options, overwrite=overwrite, observe=observe)
    if as_json:
        done = {"frames": report.frames, "seconds": report.seconds, "conformant": report.conformant}
        done |= {"filter_skipped": report.filter_skipped}
        json_line({"type": "done", "output": target, **done})
    if older := _older(target, report.frames):
        say(f"pictures that were there before, and are none of this video, stay beside it: {older}", quiet=quiet)
    rate, note = report.frames / report.seconds, "" if report.conformant else ", not conformant"
    note += ", not filtered" if report.filter_skipped else ""
    speed = f"{counted(report.frames, 'frame')} in {report.seconds:.1f} s ({rate:.1f} frames/s)"
    say(f"{target}: {speed}{note}", quiet=quiet or as_json)


def _older(target: str, frames: int) -> int:
    """How many numbered pictures there are beside those that were written."""
    return len(numbered_files(Path(target))) - frames if is_pattern(target) else 0
