"""`nervc encode`."""

from typing import Any

import click

import nervcodec
from nervcodec.cli.display import display, json_line
from nervcodec.cli.types import (
    Bytes,
    Duration,
    FrameRange,
    Quality,
    Scale,
    Size,
    Weights,
    check_file_target,
    default_output,
)
from nervcodec.codec.report import EncodeReport, LayerReport
from nervcodec.codec.targets import Target
from nervcodec.errors import RequestError
from nervcodec.models.presets import row_names
from nervcodec.training.recipe import PRESET_EPOCHS
from nervcodec.video.view import View


@click.command(context_settings={"show_default": True})
@click.argument("source", metavar="INPUT")
@click.option("-o", "--output", metavar="FILE", help="File to write.  [default: INPUT with the suffix .nerv]")
@click.option("-y", "overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option(
    "--model", type=click.Choice(["dnerv", "hnerv", "sdmn", "ffnerv"]), default="dnerv", help="Kind of network."
)
@click.option(
    "--size",
    type=Weights(),
    help="Weights of the base, such as 0.35M; layers above it have half.  [default: by length and size of the video]",
)
@click.option(
    "--row",
    type=click.Choice(list(row_names())),
    help="A network of DNeRV's Table 8 or SDMN's Table 3, instead of --model and --size.",
)
@click.option(
    "--difference-grid",
    type=Size(),
    help="Cells of DNeRV's difference embedding; finer costs more bytes.  [default: by length and size]",
)
@click.option("--layers", type=click.IntRange(1, 16), default=1, help="The base, and enhancement layers above it.")
@click.option(
    "--min-gain",
    type=float,
    default=0.3,
    metavar="DB",
    help="What an enhancement layer must gain for each doubling of the file, or it is not written.",
)
@click.option("--coupling", type=click.Choice(["affine", "additive"]), default="affine", help="Of SDMN.")
@click.option(
    "--latent",
    type=click.Choice(["zero", "seeded"]),
    default="zero",
    help="What SDMN's decoder takes for channels that are not sent.",
)
@click.option(
    "--block",
    type=click.Choice(["plain", "rep"]),
    help="Re-parameterise the base in the fit.  [default: plain; rep for SDMN with --recipe paper]",
)
@click.option(
    "--preset",
    type=click.Choice(list(PRESET_EPOCHS)),
    default="medium",
    help="How long to fit: longer is better at the same bytes.",
)
@click.option(
    "--epochs", type=click.FloatRange(min=0, min_open=True), help="Passes over the clip, instead of --preset."
)
@click.option("--steps", type=click.IntRange(min=1), help="Optimizer steps, instead of --preset.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    help="The same seed on the same CPU, with as many threads, gives the same bytes.",
)
@click.option("--optimizer", type=click.Choice(["muon", "adam", "adan"]), default="muon")
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Peak rate.  [default: 0.02 muon, 0.005 adam, 0.01 adan]",
)
@click.option(
    "--loss", type=click.Choice(["l2", "l1", "l1-ssim", "l1-ms-ssim"]), default="l2", help="l2 is best for PSNR."
)
@click.option(
    "--embeddings",
    type=click.Choice(["free", "encoder"]),
    default="free",
    help="Fit embeddings themselves, or networks that make them (slower).",
)
@click.option(
    "--difference-source",
    type=click.Choice(["frames", "flow"]),
    default="frames",
    help="With --embeddings encoder: what DNeRV's sees of motion; flow is for comparison and needs OpenCV.",
)
@click.option("--batch", type=click.IntRange(min=1), default=1, help="Frames in a step.")
@click.option(
    "--recipe",
    type=click.Choice(["rate", "paper"]),
    default="rate",
    help="Fit rate and distortion together, or quantize after the fit as the papers do.",
)
@click.option(
    "--quality",
    type=click.FloatRange(0, 100),
    help="From coarse to fine; 10 more let a bit weigh half as much against an error.  [default: 50]",
)
@click.option("--target", type=Quality(), help="Quality to reach: psnr=34 (dB) or ms-ssim=0.96.  Takes a few fits.")
@click.option("--target-size", type=Bytes(), help="Size of the file to reach, such as 2MB.")
@click.option("--bpp", type=click.FloatRange(min=0, min_open=True), help="The same in bits for each pixel.")
@click.option("--time-limit", type=Duration(), help="Time that all may take, such as 10m, instead of --preset.")
@click.option("--bits", type=click.IntRange(2, 12), help="Of each value, with --recipe paper.  [default: 8]")
@click.option(
    "--prune",
    type=click.FloatRange(0, 1, max_open=True),
    help="Share of the weights set to zero.  [default: 0; 0.1 with --recipe paper]",
)
@click.option(
    "--keep-every",
    type=click.IntRange(1, 1000),
    default=1,
    metavar="N",
    help="Fit and store only every Nth frame, and the last; decode --all-times brings the others back.",
)
@click.option(
    "--assisted",
    is_flag=True,
    help="Store embeddings for those other frames too, fitted to them while the weights stay as they are.",
)
@click.option(
    "--mask",
    metavar="FILE|DIR|RULE",
    help="Pixels that are missing: white in one picture or in one for each frame, boxes:5x50, or center:1/4.",
)
@click.option("--frames", type=FrameRange(), help="Only frames A to B, B not among them.")
@click.option("--crop", type=Size(), help="Only the middle of the picture.")
@click.option("--resize", type=Scale(), help="Scale, after the crop; -2 for a side keeps the shape, and is even.")
@click.option("--resize-filter", type=click.Choice(["area", "bicubic"]), default="area")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--json", "as_json", is_flag=True, help="Progress and result as JSON lines on standard output.")
def encode(source: str, output: str | None, overwrite: bool, as_json: bool, **chosen: Any) -> None:
    """Fit a network to a video and write it as one file.

    INPUT is any video file, raw planes named such as clip_1920x1080_120fps_420_8bit.yuv, a folder of images, a pattern
    such as frames/%05d.png, or - for y4m on standard input.
    """
    if output is None:
        output = default_output(source, ".nerv")
    check_file_target(output)
    first, stop = chosen.pop("frames") or (0, None)
    view = View(first=first, stop=stop, **{name: chosen.pop(name) for name in ("crop", "resize", "resize_filter")})
    chosen["target"] = _target(chosen)
    if chosen["difference_grid"]:
        chosen["difference_grid"] = chosen["difference_grid"][::-1]
    options = nervcodec.EncodeOptions(view=view, **chosen)
    with display(as_json=as_json) as observe:
        report = nervcodec.encode(source, output, options, overwrite=overwrite, observe=observe)
    if as_json:
        json_line(_record(output, report))
        return
    if len(report.layers) > 1:
        for number, layer in enumerate(report.layers, 1):
            click.echo(f"--layers {number}: {_outcome(layer)}", err=True)
    if report.masked_psnr_db is not None:
        click.echo(f"pixels under the mask: PSNR {report.masked_psnr_db:.2f} dB", err=True)
    if report.missing_psnr_db is not None:
        how = "interpolated" if report.assisted_bytes is None else f"assisted by {report.assisted_bytes:,} bytes"
        click.echo(f"frames that were left out, {how}: PSNR {report.missing_psnr_db:.2f} dB", err=True)
    click.echo(f"{output}: {_outcome(report)}, {report.seconds:.1f} s", err=True)


def _record(output: str, report: EncodeReport) -> dict[str, Any]:
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
        "layers": [_measures(layer) for layer in report.layers],
    }


def _measures(made: EncodeReport | LayerReport) -> dict[str, Any]:
    return {
        "psnr": made.psnr_db,
        "ms_ssim": made.ms_ssim,
        "bytes": made.file_bytes,
        "bpp": made.bits_per_pixel,
        "parameters": made.parameters,
        "steps": made.steps,
    }


def _outcome(made: EncodeReport | LayerReport) -> str:
    quality = "" if made.ms_ssim is None else f", MS-SSIM {made.ms_ssim:.4f}"
    return f"PSNR {made.psnr_db:.2f} dB{quality}, {made.file_bytes:,} bytes, {made.bits_per_pixel:.4f} bpp"


def _target(chosen: dict[str, Any]) -> Target | None:
    """The one target among the options, which are taken out.

    Raises RequestError for two.
    """
    size, bpp = chosen.pop("target_size"), chosen.pop("bpp")
    targets = [chosen["target"], size and Target("bytes", size), bpp and Target("bpp", bpp)]
    given = [target for target in targets if target]
    if len(given) > 1:
        raise RequestError("--target, --target-size and --bpp exclude each other")
    return given[0] if given else None
