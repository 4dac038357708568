"""Curves from the points of one or several runs, and their differences from an anchor."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nervcodec.bench.record import Record, read_records
from nervcodec.bench.report.checks import check_record
from nervcodec.errors import RequestError
from nervcodec.metrics.rd import SHARED_QUALITY, Point, bd_quality, bd_rate, ms_ssim_decibels

SAME_VIDEO = ("dataset", "protocol", "domain", "view", "width", "height", "frames", "source_sha256")
"""Keys of a record in which all points of a video must agree."""


@dataclass(frozen=True)
class Metric:
    """A measure of quality that curves can be compared by."""

    title: str
    key: str
    """Key of the figure in a record."""
    axis: str
    """Name of the scale on which curves are drawn and compared."""
    shared: float = SHARED_QUALITY
    """Length of the range that two curves must share on the scale."""
    scale: Callable[[float], float] = float
    """Function from the figure of a record to the scale."""
    frames: str = "psnr_frames"
    """Key of the figures of single frames that are shown beside."""

    def figure(self, record: Mapping[str, Any]) -> float | None:
        """The figure of a record; None where it was not measured."""
        value: float | None = record.get(self.key)
        return value

    def of(self, record: Mapping[str, Any]) -> float | None:
        """The figure of a record on the scale of `axis`; None where it was not measured."""
        value = self.figure(record)
        return None if value is None else self.scale(value)

    def of_frames(self, record: Mapping[str, Any]) -> list[float]:
        """The figures of single frames; none where they were not measured."""
        return record.get(self.frames) or []


METRICS = {
    "psnr": Metric("PSNR", "psnr", "RGB PSNR, dB"),
    "psnr-yuv": Metric("YUV-PSNR", "psnr_yuv", "YUV PSNR (6:1:1), dB", frames="psnr_yuv_frames"),
    "psnr-y": Metric("Y-PSNR", "psnr_y", "luma PSNR, dB", frames="psnr_yuv_frames"),
    "ms-ssim": Metric("MS-SSIM", "ms_ssim", "MS-SSIM, -10 log10(1 - x), dB", scale=ms_ssim_decibels),
    "vmaf": Metric("VMAF", "vmaf", "VMAF v0.6.1", shared=2.0),
}


@dataclass(frozen=True)
class Results:
    """The points of one or several runs."""

    videos: Sequence[str]
    codecs: Sequence[str]
    """Names of the codecs, which, like those of the videos, stand in the order in which they were first seen."""
    curves: Mapping[tuple[str, str], Sequence[Record]]
    """Points of each (video, codec), from the cheapest to the most expensive; pairs without a point are missing."""
    failed: Sequence[Record]
    folders: Mapping[str, Path]
    """Folder to which the paths of a point's pictures are relative, by the key of the point."""

    def points(self) -> Iterable[Record]:
        """All points that were measured."""
        return (record for curve in self.curves.values() for record in curve)

    def metrics(self) -> list[str]:
        """Names of the metrics that any point has."""
        return [name for name, metric in METRICS.items() if any(metric.of(r) is not None for r in self.points())]

    def usual_metric(self) -> str:
        """Name of the metric that compares best: PSNR of planes, where any video was coded in planes, else of RGB."""
        return "psnr-yuv" if any(record.get("domain") == "yuv420" for record in self.points()) else "psnr"

    def pairs(self, video: str, codec: str, metric: Metric) -> list[Point]:
        """A curve as (bits per pixel, quality), without points whose quality was not measured."""
        found = ((r["bpp"], metric.of(r)) for r in self.curves.get((video, codec), ()))
        return [(bpp, quality) for bpp, quality in found if quality is not None]


@dataclass(frozen=True)
class Difference:
    """Difference of a codec from the anchor, by video (None where the curves do not meet) and as a mean over videos."""

    by_video: Mapping[str, float | None]

    @property
    def compared(self) -> int:
        """The number of videos where the curves meet."""
        return sum(value is not None for value in self.by_video.values())

    @property
    def average(self) -> float | None:
        """Mean over the videos where the curves meet; None without such a video."""
        found = [value for value in self.by_video.values() if value is not None]
        return math.fsum(found) / len(found) if found else None


def load_results(paths: Iterable[Path]) -> Results:
    """Load the points of several files of results together.

    Of the records with one key, the last that is done counts, else the last. Raises VideoError for a file that does
    not hold results, and RequestError where points of a video were not made from the same pictures, or a curve has two
    points with one label.
    """
    latest: dict[str, tuple[Record, Path]] = {}
    for path in paths:
        for record in read_records(path):
            check_record(record, path)
            if record["suite"]:  # another suite may have another curve of that name
                record["codec"] = f"{record['codec']} ({record['suite']})"
            known = latest.get(record["key"])
            if not known or record["status"] == "done" or known[0]["status"] != "done":
                latest[record["key"]] = record, path
    _check_videos(latest.values())
    done = [(record, path) for record, path in latest.values() if record["status"] == "done"]
    curves: dict[tuple[str, str], list[Record]] = {}
    for record, path in done:
        curve = curves.setdefault((record["video"], record["codec"]), [])
        if any(record["label"] == other["label"] for other in curve):
            name = f"{record['codec']} on {record['video']}"
            raise RequestError(f"{path}: two different points of {name} are both called {record['label']}")
        curve.append(record)
    return Results(
        videos=list(dict.fromkeys(record["video"] for record, _ in latest.values())),
        codecs=list(dict.fromkeys(record["codec"] for record, _ in latest.values())),
        curves={pair: sorted(curve, key=lambda r: r["bpp"]) for pair, curve in curves.items()},
        failed=[record for record, _ in latest.values() if record["status"] != "done"],
        folders={record["key"]: path.parent for record, path in done},
    )


def differences(results: Results, anchor: str, metric: Metric, *, quality: bool = False) -> dict[str, Difference]:
    """BD-rate in percent of every codec except the anchor; with `quality`, BD-PSNR or its like on the metric's scale.

    Raises RequestError for an anchor that has no points.
    """
    if not any(codec == anchor for _, codec in results.curves):
        there = ", ".join(dict.fromkeys(codec for _, codec in results.curves)) or "none"
        raise RequestError(f"there is no curve {anchor}; there are: {there}")

    def difference(video: str, codec: str) -> float | None:
        curves = (results.pairs(video, name, metric) for name in (anchor, codec))
        return bd_quality(*curves) if quality else bd_rate(*curves, shared=metric.shared)

    return {
        codec: Difference({video: difference(video, codec) for video in results.videos})
        for codec in results.codecs
        if codec != anchor
    }


def changes(before: Results, after: Results, metric: Metric) -> dict[str, Difference]:
    """BD-rate in percent of the curves of one build of nervcodec against those with the same names of an earlier one.

    Raises RequestError where points of a video were not made from the same pictures, or no curve is in both.
    """
    builds = before, after
    _check_videos((record, build.folders[record["key"]]) for build in builds for record in build.points())
    rates = {
        pair: bd_rate(*(build.pairs(*pair, metric) for build in builds), shared=metric.shared)
        for pair in after.curves
        if pair in before.curves
    }
    if not rates:
        raise RequestError("no curve is in the results of both builds")
    videos, codecs = (list(dict.fromkeys(names)) for names in zip(*rates, strict=True))
    return {codec: Difference({video: rates.get((video, codec)) for video in videos}) for codec in codecs}


def averaged(results: Results, codec: str, metric: Metric) -> list[Point]:
    """A codec's curve over all videos: mean bits per pixel and mean quality of the points with one label.

    Only labels that every video has count, so that all means are over the same videos.
    """
    by_video = [
        {
            r["label"]: (r["bpp"], quality)
            for r in results.curves.get((v, codec), ())
            if (quality := metric.of(r)) is not None
        }
        for v in results.videos
    ]
    labels = [label for label in by_video[0] if all(label in points for points in by_video)] if by_video else []
    return sorted((_mean(p[label][0] for p in by_video), _mean(p[label][1] for p in by_video)) for label in labels)


def at_equal_rate(
    results: Results, video: str, usable: Callable[[Record], object]
) -> tuple[float | None, dict[str, Record]]:
    """A rate in bits per pixel that suits all curves of a video, and the usable point of each codec nearest to it.

    The rate is the middle, in octaves, of the range that all curves share, or of the gap where they share none. Codecs
    without a usable point are left out.
    """
    curves = {codec: [r for r in results.curves.get((video, codec), ()) if usable(r)] for codec in results.codecs}
    curves = {codec: curve for codec, curve in curves.items() if curve}
    if not curves:
        return None, {}
    target = math.sqrt(max(c[0]["bpp"] for c in curves.values()) * min(c[-1]["bpp"] for c in curves.values()))
    near = {codec: min(curve, key=lambda r: abs(math.log(r["bpp"] / target))) for codec, curve in curves.items()}
    return target, near


def _check_videos(found: Iterable[tuple[Record, Path]]) -> None:
    """Raises RequestError unless all points of a video were made from the same pictures."""
    known: dict[tuple[str, str], tuple[object, Path]] = {}
    for record, path in found:
        facts: dict[str, object] = {"domain": "rgb", **record}
        for name in filter(facts.__contains__, SAME_VIDEO):  # a failed point may lack some of these
            value, first = known.setdefault((record["video"], name), (facts[name], path))
            if value != facts[name]:
                raise RequestError(
                    f"{record['video']} has {name} {value!r} in {first} and {facts[name]!r} in {path}: "
                    "these points cannot be compared"
                )


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.fsum(found) / len(found)
