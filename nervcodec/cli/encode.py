"""The command `nervc encode`."""

from dataclasses import replace
from typing import Any

import click

import nervcodec
from nervcodec.cli.command import Command, audio_options, device_option, on_machine, section, take_view, view_options
from nervcodec.cli.config import Subject, configurable
from nervcodec.cli.display import display
from nervcodec.cli.forecast import show_forecast
from nervcodec.cli.interruption import Stopped, stoppable
from nervcodec.cli.json_lines import json_line
from nervcodec.cli.logs import messages, say
from nervcodec.cli.outcome import done_record, outcome_lines
from nervcodec.cli.types import Bytes, Duration, Quality, Size, Weights, check_file_target, default_output
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.target import Target
from nervcodec.errors import RequestError
from nervcodec.files import job_folder
from nervcodec.picture import DEPTHS

to_output = section("Output")
of_video = section("Part of the video", EncodeOptions)
in_pieces = section("Segments", EncodeOptions)
of_rate = section("Rate and quality", EncodeOptions)
of_time = section("Time", EncodeOptions)
of_layers = section("Layers", EncodeOptions)
of_missing = section("Missing frames and pixels", EncodeOptions)
of_network = section("Network", EncodeOptions)
of_fit = section("Fit", EncodeOptions)


@click.command(cls=Command, context_settings={"show_default": True})
@click.argument("source", metavar="INPUT", cls=Subject)
@to_output("-o", "--output", metavar="FILE", help="File to write.  [default: INPUT with the suffix .nerv]")
@to_output("-y", "overwrite", is_flag=True, help="Replace the output if it exists.")
@to_output(
    "--dry-run",
    is_flag=True,
    help="Print what would be encoded, and the size, time and memory it would take, and encode nothing.",
)
@to_output("--fresh", is_flag=True, help="Start over, instead of going on where the same command was interrupted.")
@audio_options
@view_options
@of_video(
    "--depth",
    type=click.Choice(["auto", *map(str, DEPTHS)]),
    default="auto",
    help="Bits of a sample, in the fit and when decoded; auto is 8 for a video of at most 8 bits, else 10.",
)
@of_video(
    "--domain",
    help="Samples that are fitted; auto is the planes of a 4:2:0 video where the network can make them, else RGB.",
)
@in_pieces(
    "--segment",
    metavar="auto|none|10s|N",
    help="Cut the video at scene cuts, and into segments of at most this length in seconds or frames; none fits it as "
    "a whole.",
)
@of_rate(
    "--quality",
    help="Quality from coarse to fine; 10 more halve the weight of a bit against an error.  [default: 50]",
)
@of_rate("--target", type=Quality(), help="Quality to reach: psnr=34 (dB) or ms-ssim=0.96.  Takes a few fits.")
@of_rate("--target-size", type=Bytes(), help="Size of the file to reach, such as 2MB.")
@of_rate(
    "--bpp", type=click.FloatRange(min=0, min_open=True), help="Size of the file to reach, in bits for each pixel."
)
@of_rate(
    "--recipe",
    help="Fit rate and distortion together, or quantize after the fit as the papers do.",
)
@of_rate("--bits", help="Bits of each value, with --recipe paper.  [default: 8]")
@of_rate(
    "--prune",
    help="Share of the weights set to zero.  [default: 0; 0.1 with --recipe paper]",
)
@of_time(
    "--preset",
    help="How long to fit: longer is better at the same bytes.",
)
@of_time("--epochs", help="Passes over the clip, instead of --preset.")
@of_time("--steps", help="Optimizer steps, instead of --preset.")
@of_time("--time-limit", type=Duration(), help="Time that the whole encode may take, such as 10m, instead of --preset.")
@of_layers("--layers", help="Number of layers: the base, and enhancement layers above it.")
@of_layers(
    "--min-gain",
    metavar="DB",
    help="Decibels that an enhancement layer must gain for each doubling of the file, or it is not written.",
)
@of_time(
    "--gop",
    metavar="N",
    help="Distance from one frame that the file holds to the next; the decoder makes those between along the motion, "
    "and corrects them. 1 holds all frames.  [default: chosen for each scene by rate and distortion]",
)
@of_missing(
    "--keep-every",
    metavar="N",
    help="Fit and store only every Nth frame, and the last one; nervc decode --all-times makes the others.",
)
@of_missing(
    "--assisted",
    help="Also store embeddings of the frames that --keep-every leaves out, fitted without changing the weights.",
)
@of_missing(
    "--mask",
    metavar="FILE|DIR|RULE",
    help="Pixels that are missing: white in one picture or in a picture for each frame, boxes:5x50, or center:1/4.",
)
@of_network("--model", help="Kind of network.")
@of_network(
    "--size",
    type=Weights(),
    help="Number of weights of the base, such as 0.35M; layers above it have half as many.  "
    "[default: by length and size of the video]",
)
@of_network(
    "--row",
    help="Network in a row of DNeRV's Table 8 or SDMN's Table 3, instead of --model and --size.",
)
@of_network(
    "--difference-grid",
    type=Size(),
    help="Cells of DNeRV's difference embedding; more cells take more bytes.  "
    "[default: by length and size of the video]",
)
@of_network("--coupling", help="Kind of coupling in the invertible networks of SDMN.")
@of_network(
    "--latent",
    help="Values that SDMN's decoder takes for channels that are not sent.",
)
@of_network(
    "--block",
    help="Plain or re-parameterised stages of the base in the fit.  [default: plain; rep for SDMN with --recipe paper]",
)
@of_fit("--optimizer")
@of_fit(
    "--learning-rate",
    help="Peak learning rate of the optimizer.  [default: 0.02 muon, 0.005 adam, 0.01 adan]",
)
@of_fit("--loss", help="Loss that the fit minimises; l2 is best for PSNR.")
@of_fit(
    "--embeddings",
    help="Fit the embeddings themselves, or an encoder network that makes them (slower).",
)
@of_fit(
    "--difference-source",
    help="What DNeRV's encoder sees of motion, with --embeddings encoder; flow is for comparison and needs OpenCV.",
)
@of_fit("--batch", help="Number of frames in an optimizer step.")
@of_fit(
    "--seed",
    help="Seed of the fit; equal seeds, --threads and --precision on the same kind of CPU give equal bytes.",
)
@device_option
@on_machine(
    "--precision",
    help="Arithmetic of a fit, on which the bytes depend; auto is bfloat16 where the device has it.",
)
@on_machine(
    "--workers",
    help="Number of processes that fit segments in parallel, each on a GPU of its own where there are several; 0 "
    "leaves the fits to nervc worker.",
)
@on_machine(
    "--threads",
    help="Number of CPU threads of each worker's fit, on which the bytes depend.  "
    "[default: all threads, shared equally by the workers]",
)
@on_machine(
    "--cluster",
    metavar="ADDRESS",
    help="Address of a Ray cluster that fits segments; local makes one of --workers workers on this machine.",
)
@messages
@configurable
def encode(
    source: str,
    output: str | None,
    overwrite: bool,
    dry_run: bool,
    fresh: bool,
    as_json: bool,
    quiet: bool,
    **chosen: Any,
) -> None:
    """Fit a network to a video and write it as one file.

    INPUT is any video file, raw planes named such as clip_1920x1080_120fps_420_8bit.yuv, a folder of images, a pattern
    such as frames/%05d.png, or - for y4m on standard input.
    """
    if output is None:
        output = default_output(source, ".nerv")
    check_file_target(output, overwrite=overwrite)
    depth = chosen.pop("depth")
    view = replace(take_view(chosen), depth=None if depth == "auto" else int(depth))
    chosen["target"] = _target(chosen)
    if chosen["difference_grid"]:
        chosen["difference_grid"] = chosen["difference_grid"][::-1]
    options = EncodeOptions(view=view, **chosen)
    if dry_run:
        with display(as_json=as_json, quiet=quiet) as observe:
            forecast = nervcodec.plan(source, options, observe)
        show_forecast(forecast, as_json=as_json)
        return
    try:
        with display(as_json=as_json, quiet=quiet) as show, stoppable(show, as_json=as_json) as observe:
            report = nervcodec.encode(source, output, options, overwrite=overwrite, fresh=fresh, observe=observe)
    except Stopped:
        if job_folder(output).exists():
            say(f"the same command{' without --fresh' if fresh else ''} goes on from here", quiet=quiet)
        raise
    if as_json:
        json_line(done_record(output, report))
    for line in outcome_lines(output, report):
        say(line, quiet=quiet or as_json)


def _target(chosen: dict[str, Any]) -> Target | None:
    """Take the options of a target out of those chosen, and return the target, if any.

    Raises RequestError for more than one target.
    """
    size, bpp = chosen.pop("target_size"), chosen.pop("bpp")
    targets = [chosen["target"], size and Target("bytes", size), bpp and Target("bpp", bpp)]
    given = [target for target in targets if target]
    if len(given) > 1:
        raise RequestError("--target, --target-size and --bpp exclude each other")
    return given[0] if given else None
