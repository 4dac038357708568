"""Our figures beside published ones."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, cast

from nervcodec.bench.data.catalogue import video_key
from nervcodec.bench.papers.published import AVERAGE, Published, published
from nervcodec.bench.papers.suites import Suite
from nervcodec.bench.record import Record
from nervcodec.bench.tables import Cell, Table
from nervcodec.models.catalogue import MODELS

NAMES = {"psnr": "PSNR, dB", "ssim": "SSIM", "ms_ssim": "MS-SSIM", "vmaf": "VMAF"}
FINE = {"bpp": 4, "ssim": 3, "ms_ssim": 4}
"""Digits after the point, by figure, where two digits are too few."""


@dataclass(frozen=True)
class Comparison:
    """A published table, and the rule by which its rows stand beside our points."""

    table: str | None
    """Name of a file in benchmarks/published; None where no published table could stand beside ours."""
    row: Callable[[Any], Mapping[str, Any]]
    """Function that gives the values a published row has besides the video's name, for a `Record`, or one of a `part`
    of a clip."""
    note: str
    """Remark on how our measurement differs, beyond picture and epochs."""
    family: str = ""
    """Model or codec of the points; empty for all points."""


PARTS = {"seen": "train", "assisted": "test"}
THEIRS_IS_ASSISTED = (
    "The published frames are made by an encoder that sees the frames left out, and whose bits are not counted; they "
    "stand beside our assisted frames. Bits are those of the whole clip."
)
FLOATS = "Their networks have floats, ours 12 bits, as a file holds no floats."


def _method(point: Mapping[str, Any]) -> str | None:
    """Name that publications give the model of a point; None for codecs that are none of our models."""
    model = MODELS.get(point["codec"])
    return None if model is None else model.method


COMPARISONS = {
    "compression": (
        Comparison(
            "dnerv_vmaf_uvg",
            lambda point: {"bpp": float(point["label"].removeprefix("bpp="))},
            "Their rates are 8 bits per value over all seven videos, ours the bytes of each file.",
        ),
    ),
    "quantization": (
        Comparison(
            "dnerv_compression_uvg",
            lambda point: {"compression": point["label"]},
            f"{FLOATS} Ours are fitted further after pruning, theirs probably are not.",
            "dnerv",
        ),
        Comparison(
            "qsnerv_quantization_uvg",
            lambda point: {"compression": point["label"], "size": "3M"},
            f"{FLOATS} They did not prune.",
            "sdmn",
        ),
    ),
    "optimizer": (
        Comparison(
            "dnerv_optimizers_bunny",
            lambda point: {key: point["setting"].get(key) for key in ("optimizer", "learning_rate", "epochs")},
            f"Theirs at 50 to 250 epochs are measured within a fit of 300, ours are fits of that length. {FLOATS}",
        ),
    ),
    "blocks": (Comparison("qsnerv_blocks_beauty", lambda point: {"block": point["setting"]["block"]}, FLOATS),),
    "interpolation": (
        Comparison(
            "dnerv_interpolation_davis",
            lambda point: {"method": _method(point), "frames": PARTS.get(point["part"])},
            THEIRS_IS_ASSISTED,
        ),
        Comparison(
            "qsnerv_davis",
            lambda point: {
                "method": _method(point),
                "task": "interpolation" if PARTS.get(point["part"]) == "test" else None,
            },
            THEIRS_IS_ASSISTED,
        ),
    ),
    "inpainting": (
        Comparison(None, lambda point: {}, "Composites are the video's pictures with masked pixels decoded."),
    ),
    "flow": (
        Comparison(
            "dnerv_flow_bunny",
            lambda point: {"size": point["label"], "difference_source": point["setting"]["difference_source"]},
            f"{FLOATS} For differences, only 30.80 dB at 0.35M is known (Table 10).",
        ),
    ),
}
"""Comparisons by the name of their suite."""


def compare(suite: Suite, records: Iterable[Record]) -> list[Table]:
    """A table for each published table of a suite: a row for each point, then means where there are several videos.

    A published figure is shown where its video and setting are those of the point; the note says what else differs.
    Points that failed or belong to another suite are left out; of points with one key, the last one counts.
    """
    done = {r["key"]: r for r in records if r["suite"] == suite.name and r["status"] == "done"}
    tables = []
    for comparison in COMPARISONS[suite.name]:
        points = [r for r in done.values() if comparison.family in ("", r["codec"].split(":")[0])]
        parts = [part for point in points for part in _parts(point)]
        if parts:
            tables.append(_table(comparison, suite, parts))
    return tables


def _parts(point: Record) -> Iterator[Record]:
    """A point, or, in its place, a point for each portion of its clip that was measured."""
    if "parts" not in point:
        yield point
    for name, part in point.get("parts", {}).items():
        size = part.get("bytes", point["bytes"])
        bpp = None if size is None else point["bpp"] * size / point["bytes"]
        yield cast(Record, {**point, **part, "part": name, "label": f"{point['label']}, {name}", "bpp": bpp})


def _table(comparison: Comparison, suite: Suite, points: Sequence[Record]) -> Table:
    theirs = None if comparison.table is None else published(comparison.table)
    metrics = [metric for metric in NAMES if theirs and metric in theirs.metrics]
    ours = list(dict.fromkeys(["bpp", "psnr", *(("ssim", "ms_ssim") if "parts" in points[0] else ()), *metrics]))
    found = [_row_of(comparison, theirs, point) for point in points]
    rows: list[list[Cell]] = []

    def add(video: str, chosen: Sequence[int]) -> None:
        first = points[chosen[0]]
        measured = [_figure(m, [points[i].get(m) for i in chosen]) for m in ours]
        printed = [_figure(m, [found[i].get(m) for i in chosen]) for m in metrics]
        rows.append([video, first["codec"], first["label"], *measured, *printed])

    for index, point in enumerate(points):
        add(point["video"], [index])
    for _, chosen in _groups(points):
        if len(chosen) > 1:
            add(f"mean of {len(chosen)}", chosen)
    names = [NAMES.get(metric, metric) for metric in ours]
    header = ["video", "codec", "point", *names]
    if theirs is None:
        return Table(f"{suite.name.capitalize()}: {suite.summary}", header, rows, note=comparison.note)
    methods = {row["method"] for row in theirs.rows}
    whose = f"{methods.pop()}, published" if len(methods) == 1 else "published"
    header += [f"{NAMES[metric]} ({whose})" for metric in metrics]
    return Table(theirs.title, header, rows, note=_note(comparison, theirs, points, found))


def _row_of(comparison: Comparison, theirs: Published | None, point: Record) -> dict[str, Any]:
    """The published row for a point; empty where no row fits."""
    wanted = comparison.row(point)
    for row in theirs.rows if theirs else ():
        same = row["video"] != AVERAGE and video_key(row["video"]) == video_key(point["video"])
        if same and all(key in row and row[key] == value for key, value in wanted.items()):
            return dict(row)
    return {}


def _groups(points: Sequence[Record]) -> Iterable[tuple[tuple[str, str], list[int]]]:
    """Indices of the points of each codec and label, over all videos."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, point in enumerate(points):
        groups.setdefault((point["codec"], point["label"]), []).append(index)
    return groups.items()


def _figure(metric: str, figures: Sequence[object]) -> Cell:
    """The mean of figures; None unless all are known."""
    numbers = [figure for figure in figures if isinstance(figure, int | float)]
    if len(numbers) < len(figures):
        return None
    value = float(mean(numbers))
    return f"{value:.{FINE[metric]}f}" if metric in FINE else value


def _note(comparison: Comparison, theirs: Published, points: Sequence[Record], found: Sequence[dict[str, Any]]) -> str:
    """Note on the source of the published figures, how they differ from ours, and which are doubted."""
    protocol = theirs.protocol
    differences = [
        _difference("data set", protocol["dataset"], points, lambda p: p["dataset"]),
        _difference("picture", protocol.get("picture"), points, lambda p: f"{p.get('width')}x{p.get('height')}"),
        _difference("epochs", protocol.get("epochs"), points, _epochs),
    ]
    doubts = [f"{row['video']}: {row['doubted']}." for row in found if "doubted" in row]
    parts = [
        f"Published: {theirs.citation}.",
        *filter(None, differences),
        protocol.get("note", ""),
        comparison.note,
        f"Doubted: {theirs.doubted}" if theirs.doubted else "",
        f"Doubted: {' '.join(dict.fromkeys(doubts))}" if doubts else "",
    ]
    return " ".join(filter(None, parts))


def _epochs(point: Record) -> str:
    setting = point["setting"]
    length = {key: setting[key] for key in ("epochs", "steps", "preset") if setting.get(key) is not None}
    return ", ".join(f"{value:g}" if key == "epochs" else f"{key} {value}" for key, value in length.items())


def _difference(what: str, published_value: object, points: Sequence[Record], of: Callable[[Record], str]) -> str:
    """A sentence where our values differ from the published one, or where that is not known; else an empty text."""
    values = sorted({of(point) for point in points} - {""})
    theirs = "not given" if published_value is None else str(published_value)
    return "" if values in ([], [theirs]) else f"Their {what}: {theirs}; ours: {', '.join(values)}."
