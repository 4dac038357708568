"""The command `nervc compare`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nervcodec.bench.report.comparison import METRICS, Results, changes, differences, load_results
from nervcodec.bench.report.page import html
from nervcodec.bench.report.summary import (
    change_table,
    failed_table,
    points_table,
    quality_table,
    rate_table,
    speed_table,
)
from nervcodec.bench.tables import Table, csv_text, markdown
from nervcodec.cli.json_lines import json_line
from nervcodec.cli.terminal import show_table
from nervcodec.errors import RequestError
from nervcodec.files import check_target, replacing

TARGET = click.Path(path_type=Path)
DEFAULT_ANCHOR = "x265"


@click.command()
@click.argument("files", metavar="RESULTS...", nargs=-1, required=True, type=TARGET)
@click.option(
    "--anchor",
    metavar="CODEC",
    help="Codec with which the others are compared.  [default: x265, or the first one where that was not measured]",
)
@click.option(
    "--before",
    type=TARGET,
    metavar="RESULTS",
    multiple=True,
    help="Results of another build: compare each codec with itself there.",
)
@click.option(
    "--metric",
    type=click.Choice(list(METRICS)),
    help="Measure of quality for the comparison.  [default: psnr-yuv where there are planes, else psnr]",
)
@click.option("--html", "page", type=TARGET, metavar="FILE", help="Write a page with plots, tables and pictures.")
@click.option("--markdown", "text", type=TARGET, metavar="FILE", help="Write all tables as Markdown.")
@click.option(
    "--csv", "sheet", type=TARGET, metavar="FILE", help="Write the table of BD-rates as CSV, with all digits."
)
@click.option(
    "--pictures",
    default="all",
    show_default=True,
    metavar="VIDEO,...",
    help="Videos whose pictures go into the page: names, all or none. Check what their licences allow.",
)
@click.option("-y", "overwrite", is_flag=True, help="Replace outputs that exist.")
@click.option("--json", "as_json", is_flag=True, help="Write the differences as a JSON line to standard output.")
def compare(
    files: tuple[Path, ...],
    anchor: str | None,
    before: tuple[Path, ...],
    metric: str | None,
    pictures: str,
    overwrite: bool,
    as_json: bool,
    **targets: Path | None,
) -> None:
    """Compare the codecs in files of results that `nervc bench` wrote.

    Without an output, BD-rates are printed: the percentage of bits that a codec needs more than the anchor.
    """
    results = load_results(files)
    earlier = load_results(before) if before else results
    metric = metric or results.usual_metric()
    for found in (results, earlier):
        if metric not in found.metrics():
            there = ", ".join(found.metrics()) or "none"
            raise RequestError(f"no point has {METRICS[metric].title}; there are: {there}")
    wanted = {kind: path for kind, path in targets.items() if path}
    for path in wanted.values():
        check_target(path, overwrite=overwrite)
    if before and (anchor or "page" in wanted):
        raise RequestError("--before compares codecs with themselves, in tables: neither --anchor nor --html fits it")
    if before:
        made = _compared_with_before(earlier, results, metric)
    else:
        made = _compared(results, anchor or _usual_anchor(results), metric, pictures)
    for path, content in [(path, made.contents[kind]()) for kind, path in wanted.items()]:
        with replacing(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    outputs = list(map(str, wanted.values()))
    if as_json:
        json_line({**made.record(), "outputs": outputs})
    elif outputs:
        click.echo("\n".join(outputs), err=True)
    else:
        show_table(made.table)
    if results.failed:
        click.echo(f"failed points, which are left out: {len(results.failed)}", err=True)


@dataclass(frozen=True)
class _Made:
    """What a comparison can be written as."""

    table: Table
    """Table of BD-rates."""
    contents: Mapping[str, Callable[[], str]]
    """Makers of the texts of files, by kind."""
    record: Callable[[], dict[str, Any]]


def _compared(results: Results, anchor: str, metric: str, pictures: str) -> _Made:
    table = rate_table(results, anchor, metric)
    contents = {
        "page": lambda: html(results, anchor, metric=metric, pictures=pictures),
        "text": lambda: "\n".join(map(markdown, _tables(results, anchor, metric))),
        "sheet": lambda: csv_text(table),
    }
    return _Made(table, contents, lambda: _record(results, anchor, metric))


def _compared_with_before(before: Results, after: Results, metric: str) -> _Made:
    found = changes(before, after, METRICS[metric])
    table = change_table(found, metric)
    codecs = {
        codec: {"bd_rate": one.average, "videos": {video: {"bd_rate": rate} for video, rate in one.by_video.items()}}
        for codec, one in found.items()
    }
    record = {"type": "done", "metric": metric, "codecs": codecs, "failed": len(after.failed)}
    return _Made(table, {"text": lambda: markdown(table), "sheet": lambda: csv_text(table)}, lambda: record)


def _usual_anchor(results: Results) -> str:
    """The name of x265, or of the first codec where that was not measured, which is said."""
    if DEFAULT_ANCHOR in results.codecs:
        return DEFAULT_ANCHOR
    anchor = next(iter(results.codecs), DEFAULT_ANCHOR)
    if anchor != DEFAULT_ANCHOR:
        click.echo(f"without {DEFAULT_ANCHOR}, compared with {anchor}; --anchor chooses another", err=True)
    return anchor


def _tables(results: Results, anchor: str, metric: str) -> list[Table]:
    """All tables of a comparison, those of the chosen metric first."""
    names = sorted(results.metrics(), key=lambda name: name != metric)
    compared = [table(results, anchor, name) for name in names for table in (rate_table, quality_table)]
    failed = [failed_table(results)] if results.failed else []
    return [*compared, speed_table(results), points_table(results), *failed]


def _record(results: Results, anchor: str, metric: str) -> dict[str, Any]:
    rates = differences(results, anchor, METRICS[metric])
    gains = differences(results, anchor, METRICS[metric], quality=True)
    codecs = {
        codec: {
            "bd_rate": rates[codec].average,
            "bd_quality": gains[codec].average,
            "videos": {
                video: {"bd_rate": rates[codec].by_video[video], "bd_quality": gains[codec].by_video[video]}
                for video in results.videos
            },
        }
        for codec in rates
    }
    return {"type": "done", "anchor": anchor, "metric": metric, "codecs": codecs, "failed": len(results.failed)}
