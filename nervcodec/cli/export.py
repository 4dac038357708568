"""The command `nervc export`."""

from dataclasses import asdict
from typing import Any

import click

import nervcodec
from nervcodec.cli.command import Command, section, take_view, view_options
from nervcodec.cli.display import display
from nervcodec.cli.json_lines import json_line
from nervcodec.cli.logs import messages, say
from nervcodec.cli.people import counted
from nervcodec.export.targets import kind_of
from nervcodec.video.view import View

to_output = section("Output")


@click.command(cls=Command, context_settings={"show_default": True})
@click.argument("file", metavar="FILE")
@to_output(
    "-o",
    "--output",
    metavar="TARGET",
    required=True,
    help="x.html, one page that needs no network; a folder/, page, script and file apart for a web server; or x.onnx, "
    "the network, with its embeddings in x.npz.",
)
@to_output("-y", "overwrite", is_flag=True, help="Replace the output if it exists.")
@section("Page")(
    "--beside", metavar="VIDEO", help="Also show the video that the file was made from, beside the decoded frames."
)
@section("Network")(
    "--layers", type=click.IntRange(min=1), metavar="N", help="Only the first N layers.  [default: all]"
)
@view_options
@messages
def export(file: str, output: str, overwrite: bool, as_json: bool, quiet: bool, **chosen: Any) -> None:
    """Make a .nerv file playable in a web page, or its network computable by an ONNX runtime."""
    beside, layers, view = chosen.pop("beside"), chosen.pop("layers"), take_view(chosen)
    is_network = kind_of(output) == "network"
    if is_network and (beside or view != View()):
        raise click.UsageError("a network has no original beside it: --beside and parts of a video are for pages")
    if layers and not is_network:
        raise click.UsageError("--layers is for networks: the viewer of a page chooses layers")
    if view != View() and not beside:
        raise click.UsageError("there is nothing to show a part of: say --beside VIDEO")
    with display(as_json=as_json, quiet=quiet) as observe:
        if is_network:
            words, record = _network(file, output, layers, overwrite=overwrite)
        else:
            page = nervcodec.export_page(file, output, beside=beside, view=view, overwrite=overwrite, observe=observe)
            words, record = _page_words(page), _page_record(page)
    if as_json:
        json_line({"type": "done", "output": output, **record})
    say(f"{output}: {words}", quiet=quiet or as_json)


def _page_words(report: "nervcodec.PageReport") -> str:
    quality = "" if report.psnr_db is None else f", {report.psnr_db:.2f} dB"
    return f"{report.total_bytes:,} bytes, of which {report.player_bytes:,} are the player{quality}"


def _page_record(report: "nervcodec.PageReport") -> dict[str, Any]:
    return {"bytes": report.total_bytes, "player_bytes": report.player_bytes, "psnr": report.psnr_db}


def _network(file: str, output: str, layers: int | None, *, overwrite: bool) -> tuple[str, dict[str, Any]]:
    """What is said, in words and as a record, of networks that are written."""
    report = nervcodec.export_onnx(file, output, layers=layers, overwrite=overwrite)
    words = [f"{counted(report.frames, 'frame')} of the file"]
    if len(report.models) > 1:
        words[0] += f", in {counted(len(report.models), 'network')}: {report.models[0].name} and so on"
    if report.frames_between:
        words.append(f"without the {counted(report.frames_between, 'frame')} between them")
    if report.filtered:
        words.append("without the temporal filter")
    return ", ".join(words), asdict(report) | {"models": [str(model) for model in report.models]}
