"""A comparison as one HTML page that needs no other file."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from nervcodec.bench.report.comparison import METRICS, Metric, Results, at_equal_rate, averaged, differences
from nervcodec.bench.report.pictures import chosen_videos, shown_pictures
from nervcodec.bench.report.plots import COLOURS, corners, dash, frames_plot, numbered, rate_plot, speed_plot
from nervcodec.bench.report.summary import (
    decode_rate,
    encode_seconds,
    failed_table,
    points_table,
    quality_table,
    rate_table,
    speed_table,
)
from nervcodec.bench.tables import Table, cell_text
from nervcodec.extras import needing
from nervcodec.metrics.rd import Point

FACTS = {"dataset": "Data set", "protocol": "Protocol", "view": "Pictures", "conversion": "Conversion"}
FRAME_AXES = {"psnr_frames": METRICS["psnr"].axis, "psnr_yuv_frames": METRICS["psnr-yuv"].axis}
NAMES = {"cpu": "CPU", "cuda": "CUDA"}


@dataclass(frozen=True)
class Figure:
    """A plot and the caption below it."""

    caption: str
    svg: str


@dataclass(frozen=True)
class Part:
    """Tables and plots of the page for one metric."""

    name: str
    title: str
    tables: list[Table]
    figures: list[Figure]


def html(results: Results, anchor: str, *, metric: str = "psnr", pictures: str = "all") -> str:
    """Make the page; equal results always give equal text.

    anchor: the codec with which others are compared. metric: the name in METRICS of the metric that is shown first.
    pictures: `all`, `none` or the videos whose pictures may be shown, separated by commas.

    Raises RequestError for an anchor or a video that the results do not have and where libraries are missing,
    VideoError for a picture that cannot be read.
    """
    with needing("bench"):
        import jinja2
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("nervcodec.bench.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["one_line"] = lambda text: cell_text(text, 0)
    numbers = count()
    environment.filters["numbered"] = lambda svg: numbered(svg, next(numbers))
    names = sorted(results.metrics(), key=lambda name: name != metric)
    shown = shown_pictures(results, chosen_videos(results, pictures))
    return environment.get_template("report.html").render(
        results=results,
        title=", ".join(dict.fromkeys(r["dataset"] for r in results.points())) + ": rate and distortion",
        anchor=anchor,
        parts=[_part(results, anchor, name) for name in names],
        legend=[_legend(number, codec) for number, codec in enumerate(results.codecs)],
        shown=[{"video": video, "pictures": [vars(p) for p in found]} for video, found in shown.items()],
        frames=list(_frames(results, METRICS[metric])),
        speeds=_speeds(results, anchor, metric),
        speed=speed_table(results),
        points=points_table(results),
        failed=failed_table(results),
        facts=_facts(results),
    )


def _part(results: Results, anchor: str, name: str) -> Part:
    metric = METRICS[name]
    figures = []
    if len(results.videos) > 1:
        curves = {i: averaged(results, codec, metric) for i, codec in enumerate(results.codecs)}
        caption = "All videos: means over the points that every video has"
        figures.append(Figure(caption, _rates(curves, metric.axis)))
    for video in results.videos:
        curves = {i: results.pairs(video, codec, metric) for i, codec in enumerate(results.codecs)}
        figures.append(Figure(video, _rates(curves, metric.axis)))
    tables = [rate_table(results, anchor, name), quality_table(results, anchor, name)]
    return Part(name, metric.title, tables, [figure for figure in figures if figure.svg])


def _rates(curves: dict[int, list[Point]], axis: str) -> str:
    """Plot the curves that have points; an empty text where no curve has."""
    found = {i: curve for i, curve in curves.items() if curve}
    return rate_plot(found, axis) if found else ""


def _frames(results: Results, metric: Metric) -> Iterator[Figure]:
    """Plot the PSNR of each frame that is shown beside a metric, at nearly equal rate."""
    for video in results.videos:
        target, near = at_equal_rate(results, video, metric.of_frames)
        if near:
            points = ", ".join(f"{codec} {r['label']} ({r['bpp']:.4f})" for codec, r in near.items())
            curves = {results.codecs.index(codec): metric.of_frames(r) for codec, r in near.items()}
            caption = f"{video}, the points nearest to {target:.4f} bpp: {points}"
            yield Figure(caption, frames_plot(curves, FRAME_AXES[metric.frames]))


def _speeds(results: Results, anchor: str, name: str) -> list[Figure]:
    """Plot BD-rate over encoding time and decoding speed."""
    compared = differences(results, anchor, METRICS[name])
    rates = {anchor: 0.0, **{codec: difference.average for codec, difference in compared.items()}}
    figures = []
    for measure, axis in ((encode_seconds, "seconds to encode a frame"), (decode_rate, "frames decoded in a second")):
        points = {
            i: (speed, rate)
            for i, codec in enumerate(results.codecs)
            if (speed := measure(results, codec)) and (rate := rates[codec]) is not None
        }
        caption = f"Average BD-rate against {anchor} at equal {METRICS[name].title}, over {axis}"
        figures.append(Figure(caption, speed_plot(points, axis) if points else ""))
    return [figure for figure in figures if figure.svg]


def _legend(number: int, codec: str) -> dict[str, Any]:
    points = " ".join(f"{x:g},{y:g}" for x, y in corners(number, 4))
    return {"codec": codec, "colour": number % COLOURS, "dash": dash(number), "mark": points}


def _facts(results: Results) -> dict[str, list[str]]:
    """Facts about what was compared and where it ran, each with all values that the records have."""
    found: dict[str, dict[str, None]] = {}
    for record in (*results.points(), *results.failed):
        for key, title in FACTS.items():
            found.setdefault(title, {})[str(record[key])] = None  # type: ignore[literal-required]
        for key, value in record["environment"].items():
            if value is not None:
                found.setdefault(NAMES.get(key, key.capitalize()), {})[_words(value)] = None
    return {title: list(values) for title, values in found.items()}


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(part)}" for name, part in value.items())
    return ", ".join(map(_words, value)) if isinstance(value, list) else str(value)
