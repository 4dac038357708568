"""Tables of a comparison."""

import math
from collections.abc import Iterable, Mapping

from nervcodec.bench.record import Record
from nervcodec.bench.report.comparison import METRICS, Difference, Metric, Results, differences
from nervcodec.bench.tables import Cell, Table
from nervcodec.metrics.rd import SHARED_OCTAVES

RULE = "Mean by PCHIP over the range that two curves share ({}); - where they share less than {:g}."
AVERAGE = "Average: the mean over the videos that have a figure."


def rate_table(results: Results, anchor: str, name: str) -> Table:
    """BD-rate in percent of every codec on every video; `name` is one of METRICS.

    Raises RequestError for an anchor that has no points.
    """
    metric = METRICS[name]
    title = f"BD-rate against {anchor} at equal {metric.title}, %"
    return _difference_table(title, _rate_note(metric), differences(results, anchor, metric))


def change_table(found: Mapping[str, Difference], name: str) -> Table:
    """BD-rate in percent of every codec against itself in an earlier build; `name` is one of METRICS."""
    metric = METRICS[name]
    title = f"BD-rate against the same codec before, at equal {metric.title}, %"
    return _difference_table(title, _rate_note(metric), found)


def quality_table(results: Results, anchor: str, name: str) -> Table:
    """Gain of every codec over the anchor at equal rate, on the metric's scale; `name` is one of METRICS.

    Raises RequestError for an anchor that has no points.
    """
    metric = METRICS[name]
    note = f"Gain ({metric.axis}); more is better. {RULE.format('octaves of rate', SHARED_OCTAVES)}"
    title = f"BD-{metric.title} against {anchor} at equal rate"
    return _difference_table(title, note, differences(results, anchor, metric, quality=True))


def points_table(results: Results) -> Table:
    """Table of all points that were measured."""
    header = ("video", "codec", "point", "bpp", "kbit/s", "bytes", *(m.title for m in METRICS.values()))
    rows = [
        (
            *(video, codec, r["label"], r["bpp"], r.get("kbps"), r["bytes"]),
            *(metric.figure(r) for metric in METRICS.values()),
        )
        for video in results.videos
        for codec in results.codecs
        for r in results.curves.get((video, codec), ())
    ]
    return Table("Points", header, rows, digits=(0, 0, 0, 4, 1, 0, 2, 2, 2, 4, 2))


def speed_table(results: Results) -> Table:
    """Table of the cost of coding and decoding, over all points of each codec."""
    header = ("codec", "encode, s/frame", "decode, frames/s", "kMAC/pixel", "peak memory, MB", "parameters", "points")
    return Table(
        "Speed",
        header,
        [_speed(results, codec) for codec in results.codecs],
        digits=(0, 3, 1, 1, 0, 0, 0),
        note="Over all points of a codec: frames and seconds added up, the largest memory, means of the others.",
    )


def failed_table(results: Results) -> Table:
    """Table of the points that could not be measured, with the reasons."""
    rows = [
        (r["video"], r["codec"], r["label"], f"{r['error']['kind']}: {r['error']['message']}") for r in results.failed
    ]
    return Table("Failed points", ("video", "codec", "point", "error"), rows)


def encode_seconds(results: Results, codec: str) -> float | None:
    """Seconds that the encoder took per frame, over all points; None for a codec without points."""
    records = _of(results, codec)
    return math.fsum(r["encode_seconds"] for r in records) / sum(r["frames"] for r in records) if records else None


def decode_rate(results: Results, codec: str) -> float | None:
    """Frames that the decoder made per second, over all points; None where no time was measured."""
    timed = [(r["frames"], seconds) for r in _of(results, codec) if (seconds := r.get("decode_seconds")) is not None]
    took = math.fsum(seconds for _, seconds in timed)
    return sum(frames for frames, _ in timed) / took if took > 0 else None


def _rate_note(metric: Metric) -> str:
    return f"Additional bits needed; less is better. {RULE.format(metric.axis, metric.shared)}"


def _difference_table(title: str, note: str, found: Mapping[str, Difference]) -> Table:
    videos = list(next(iter(found.values())).by_video) if found else []
    one = len(videos) == 1
    header = ("codec", *videos, *(() if one else ("average", "videos")))
    rows = [
        (codec, *difference.by_video.values(), *(() if one else (difference.average, difference.compared)))
        for codec, difference in found.items()
    ]
    return Table(title, header, rows, note=note if one else f"{note} {AVERAGE}")


def _speed(results: Results, codec: str) -> tuple[Cell, ...]:
    records = _of(results, codec)
    memory = [value for r in records if (value := r.get("peak_memory")) is not None]
    parameters = _mean(r.get("parameters") for r in records)
    return (
        codec,
        encode_seconds(results, codec),
        decode_rate(results, codec),
        _mean(r.get("kmac_per_pixel") for r in records),
        max(memory) / 1e6 if memory else None,
        None if parameters is None else round(parameters),
        len(records),
    )


def _of(results: Results, codec: str) -> list[Record]:
    return [r for r in results.points() if r["codec"] == codec]


def _mean(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return math.fsum(found) / len(found) if found else None
