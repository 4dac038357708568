"""The bench beside the ffmpeg program: recorded commands run again, and measured by FFmpeg's own psnr filter.

RESULTS is a folder that `nervc bench --domain yuv420 --keep-files` wrote. Each recorded command of ffmpeg is run on the
kept source; its bytes, and the PSNR by plane of what it decodes to, are compared with those of the record.
"""

import os
import re
import shlex
import subprocess
from collections import defaultdict
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.record import write_record
from nervcodec.bench.codecs.encoders import ENCODERS
from nervcodec.bench.record import Record, read_records
from nervcodec.metrics.quality import PSNR_CAP_DB, weighted_psnr
from nervcodec.metrics.rd import bd_rate
from nervcodec.metrics.vmaf import ffmpeg_with
from nervcodec.metrics.yuv import PLANES


def point(record: Record, folder: Path) -> dict[str, Any]:
    """Run a recorded command, and compare what it makes with its record."""
    program = ffmpeg_with("encoder", ENCODERS[record["codec"].split(":")[0]].library)
    assert program, f"no ffmpeg program has the encoder of {record['codec']}"
    source = (folder / record["files"]["source"]).absolute()
    with TemporaryDirectory() as place:
        (Path(place) / "source.y4m").symlink_to(source)
        words = shlex.split(record["command"])[1:]
        _run([program, *words], place)
        measured = _planes_psnr(program, words[-1], record["frame_rate"], place)
        theirs = {"bytes": (Path(place) / words[-1]).stat().st_size, **measured}
    ours = {name: record[name] for name in theirs}  # type: ignore[literal-required]
    same = theirs["bytes"] == ours["bytes"]
    return {"codec": record["codec"], "label": record["label"], "ours": ours, "theirs": theirs, "same_bytes": same}


def _planes_psnr(program: str, stream: str, rate: float, place: str) -> dict[str, float]:
    """Means over frames of what FFmpeg's psnr filter finds in a stream, rounded to 8 bits as the bench does it.

    Without `sws_dither=none`, FFmpeg dithers what it makes of 10 bits, which costs a stream of 41 dB a quarter of one.
    """
    graph = "[0:v]scale=sws_dither=none,format=yuv420p[a];[a][1:v]psnr=stats_file=log"
    inputs = ["-r", f"{rate}", "-i", stream, "-r", f"{rate}", "-i", "source.y4m"]  # the filter pairs frames by time
    _run([program, *inputs, "-lavfi", graph, "-f", "null", "-"], place)
    log = (Path(place) / "log").read_text()
    found = {
        f"psnr_{plane}": mean(min(float(x), PSNR_CAP_DB) for x in re.findall(rf"psnr_{plane}:(\S+)", log))
        for plane in PLANES
    }
    return {**found, "psnr_yuv": weighted_psnr(**found)}


def _run(command: list[str], place: str) -> None:
    quiet = {**os.environ, "SVT_LOG": "1"}
    subprocess.run([command[0], "-nostdin", "-v", "error", *command[1:]], cwd=place, env=quiet, check=True)


@click.command()
@click.argument("results", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="JSON file for the figures.")
def main(results: Path, output: Path) -> None:
    """Compare every point of a conventional codec in RESULTS with the ffmpeg program."""
    done = [r for r in read_records(results / "results.jsonl") if r["status"] == "done"]
    usable = [r for r in done if "files" in r and r.get("domain") == "yuv420" and r["codec"].split(":")[0] in ENCODERS]
    click.echo(f"{len(usable)} of {len(done)} points: kept, in planes, and by one command of ffmpeg")
    points = [point(r, results) for r in usable]
    curves: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in points:
        curves[one["codec"]].append(one)
    summary = {}
    for codec, curve in curves.items():
        sides = ([(float(p[side]["bytes"]), p[side]["psnr_yuv"]) for p in curve] for side in ("theirs", "ours"))
        summary[codec] = {
            "bd_rate": bd_rate(*sides),
            "same_bytes": sum(p["same_bytes"] for p in curve),
            "points": len(curve),
            "largest_psnr_difference": max(
                abs(p["ours"][k] - p["theirs"][k]) for p in curve for k in p["ours"] if k != "bytes"
            ),
        }
        click.echo(f"{codec}: {summary[codec]}")
    write_record(output, {"codecs": summary, "points": points})


if __name__ == "__main__":
    main()
