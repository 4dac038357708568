"""`nervc decode`."""

from dataclasses import fields
from typing import Any

import click

import nervcodec
from nervcodec.cli.command import Command, audio_option, device_option, section
from nervcodec.cli.config import Subject, configurable
from nervcodec.cli.display import display, json_line
from nervcodec.cli.logs import messages, say
from nervcodec.cli.types import Factor, FrameRate, Time, default_output
from nervcodec.codec.decoding.options import DecodeOptions
from nervcodec.timeline import Playback

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
    help="x.mkv (FFV1, lossless), x.mp4 (H.264), x.y4m, frames/%05d.png, or - for y4m on standard output.  "
    "[default: FILE with the suffix .mkv]",
)
@to_output("-y", "overwrite", is_flag=True, help="Replace the output if it exists.")
@audio_option
@of_part(
    "--start",
    type=Time(),
    help="Begin with the first frame shown at 90, 1.5, 00:01:30 or later, or with frame f:120 of those shown.",
)
@of_part("--end", "stop", type=Time(), help="Only frames shown before; written like --start.")
@of_part("--frames", "count", metavar="N", help="Only so many frames, instead of --end.")
@of_times("--all-times", help="Also the frames that --keep-every left out, at their own times.")
@of_times("--fps", "frame_rate", type=FrameRate(), help="So many frames a second, such as 60, 29.97 or 30000/1001.")
@of_times("--interpolate", "factor", type=Factor(), help="So many times the frame rate, such as 4x.")
@section("Frames between frames", DecodeOptions)(
    "--between",
    help="What makes a frame between two: the motion from one to the other, or the network.",
)
@of_missing("--composite", metavar="VIDEO", help="Fill only the pixels of this video that lie under --mask.")
@of_missing("--mask", metavar="FILE|DIR|RULE", help="As for encode; with --composite.")
@of_layers("--layers", metavar="N", help="Only the first N layers.  [default: all]")
@device_option
@section("Machine", DecodeOptions)(
    "--fast",
    help="In bfloat16 and TF32 where the device has them: not conformant, samples differ a little.",
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
        json_line({"type": "done", "output": target, **done})
    rate, note = report.frames / report.seconds, "" if report.conformant else ", not conformant"
    speed = f"{report.frames} frames in {report.seconds:.1f} s ({rate:.1f} frames/s)"
    say(f"{target}: {speed}{note}", quiet=quiet or as_json)
