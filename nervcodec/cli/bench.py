"""The command `nervc bench`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from nervcodec.bench.codecs import DEFAULT_CODECS
from nervcodec.bench.data.catalogue import DATASETS
from nervcodec.bench.data.protocols import PROTOCOLS, describe_view
from nervcodec.bench.papers.suites import SUITES
from nervcodec.cli.command import field_option
from nervcodec.cli.display import display
from nervcodec.cli.json_lines import json_line
from nervcodec.cli.terminal import show_table
from nervcodec.cli.types import Duration, FrameRange, Scale, Size, Words
from nervcodec.codec.choices import DomainName
from nervcodec.codec.options import EncodeOptions
from nervcodec.errors import PointsFailed
from nervcodec.video.view import View

if TYPE_CHECKING:
    from nervcodec.bench.record import Record
    from nervcodec.bench.run.point import Point

of_fits = field_option(EncodeOptions)
FITTING = ("preset", "epochs", "steps", "seed", "device")
PROTOCOL_HELP = "; ".join(f"{name}: {takes}" for name, takes in PROTOCOLS.items())
SUITE_HELP = "; ".join(f"{name}: {suite.summary}" for name, suite in SUITES.items())


@click.command(context_settings={"show_default": True})
@click.option("--dataset", metavar="NAME|FOLDER", help=f"Data set: {', '.join(DATASETS)}, or a folder of clips.")
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="Folder in which the data set lies.")
@click.option("--videos", type=Words(), help="Only these videos of the data set.  [default: all]")
@click.option(
    "--codecs",
    type=Words(),
    help="Codecs to measure; also ffnerv, vvenc, libaom, hevc-single, hevc-simulcast, shvc, and variants such as "
    f"dnerv:paper, sdmn:layers3, x265:veryslow:psnr, x264:seed.  [default: {','.join(DEFAULT_CODECS)}]",
)
@click.option(
    "--protocol",
    type=click.Choice(list(PROTOCOLS)),
    help=f"Frames and pixels to take. {PROTOCOL_HELP}.  [default: hnerv]",
)
@click.option("--suite", type=click.Choice(list(SUITES)), help=f"Task of the papers to repeat. {SUITE_HELP}.")
@click.option(
    "--points",
    type=click.IntRange(1, 16),
    help="Points of each curve; conventional codecs get twice as many.  [default: 4]",
)
@of_fits("--preset", default=None, help="How long to fit each network.  [default: fast]")
@of_fits("--epochs", default=None, help="Passes of each fit over its clip, instead of --preset.")
@of_fits("--steps", default=None, help="Optimizer steps of each fit, instead of --preset.")
@of_fits("--seed", default=None, help="Seed of all fits.  [default: 0]")
@of_fits("--device", default=None, help="Device of all fits.  [default: auto]")
@click.option(
    "--domain",
    type=click.Choice(get_args(DomainName)),
    default="auto",
    help="Samples that every codec is given: planes of YUV 4:2:0 or RGB. auto: planes for videos that have them, RGB "
    "for others, for suites, and beside ffnerv.",
)
@click.option("--frames", type=FrameRange(), help="Only frames A to B of each video, not including B.")
@click.option("--crop", type=Size(), help="Centre crop, instead of the protocol's.")
@click.option("--resize", type=Scale(), help="Size after the crop; -2 is the even side that keeps the shape.")
@field_option(View)("--resize-filter")
@click.option("--vmaf/--no-vmaf", default=True, help="Measure VMAF too, where an ffmpeg with libvmaf is found.")
@click.option(
    "--keep-files", is_flag=True, help="Keep what codecs are given, as y4m or PNGs, and their streams, in DIR/files."
)
@click.option(
    "--shm-encoder", type=click.Path(path_type=Path), metavar="FILE", help="Program TAppEncoder of SHM, for shvc."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default="results",
    help="Folder for results.jsonl and pictures; points that it already has are not measured again.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, help="Points measured at a time; only with 1 are times comparable."
)
@click.option(
    "--point-timeout",
    type=Duration(),
    default="24h",
    help="Time such as 90s or 2h after which a point is ended and counts as failed.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be measured, and measure nothing.")
@click.option("--json", "as_json", is_flag=True, help="Write progress and points as JSON lines to standard output.")
def bench(output: Path, jobs: int, point_timeout: float, dry_run: bool, as_json: bool, **chosen: Any) -> None:
    """Measure networks and conventional codecs on videos, by real files that are decoded.

    Each point is a line of results.jsonl, from which nervc compare makes tables and a report. A run that was
    interrupted goes on where it stopped when the same command is given again.
    """
    from nervcodec.bench.run.plan import BenchOptions, plan_points
    from nervcodec.bench.run.runner import RESULTS, run_points

    first, stop = chosen.pop("frames") or (0, None)
    view = View(first=first, stop=stop, **{name: chosen.pop(name) for name in ("crop", "resize", "resize_filter")})
    fitting = {name: value for name in FITTING if (value := chosen.pop(name)) is not None}
    points = plan_points(BenchOptions(view=view, fitting=fitting, **chosen))
    _say_what(points)
    if dry_run:
        click.echo("\n".join(f"{point.key} {point.name}" for point in points))
        return
    with display(as_json=as_json) as observe:
        outcome = run_points(points, output, jobs, observe, timeout=point_timeout)
    results, total, failed = output / RESULTS, len(points), len(outcome.failed)
    if as_json:
        json_line({"type": "done", "output": str(results), "points": total, "failed": failed})
    click.echo(f"{results}: {len(outcome.records)} of {total} points, {outcome.known} from earlier runs", err=True)
    if chosen["suite"] and not as_json:
        _show_comparison(chosen["suite"], outcome.records)
    if failed:
        raise PointsFailed(f"{failed} of {total} points failed; their lines in {results} say why")


def _say_what(points: "Sequence[Point]") -> None:
    """Print the videos, where they come from, and which frames and pixels are taken."""
    from nervcodec.video.colour import describe_conversion

    for sequence, view in dict.fromkeys((point.sequence, point.view) for point in points):
        seen = f"{describe_view(sequence, view)}; {describe_conversion(sequence.format, view.domain)}"
        click.echo(f"{sequence.name}: {sequence.where}; {seen}", err=True)
    click.echo(f"{len(points)} points", err=True)


def _show_comparison(name: str, records: "Sequence[Record]") -> None:
    """Print a suite's figures beside the published ones."""
    from nervcodec.bench.papers.comparison import compare

    for table in compare(SUITES[name], records):
        show_table(table)
