"""Merging runs, curves and tables."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nervcodec.bench.report.comparison import METRICS, at_equal_rate, averaged, changes, differences, load_results
from nervcodec.bench.report.summary import (
    change_table,
    failed_table,
    points_table,
    quality_table,
    rate_table,
    speed_table,
)
from nervcodec.bench.tables import Table, csv_text, markdown
from nervcodec.errors import RequestError, VideoError
from tests.bench.report.synthetic import FRAMES, VIDEOS, curves, failed, record, write


def line(video: str, codec: str, bits: float, *levels: float, **more: Any) -> list[dict[str, Any]]:
    """Records of a curve of `bits` times 2^(PSNR / 5), divided by 10 000."""
    return [record(video, codec, f"q={x:g}", bits * 2 ** (x / 5) / 1e4, x, **more) for x in levels]


def test_bd_rates_of_every_codec_and_video(tmp_path: Path) -> None:
    points = [
        *[*line("a", "x265", 1, 25, 30, 35), *line("b", "x265", 1, 25, 30, 35)],
        *[*line("a", "ours", 0.5, 26, 33), *line("b", "ours", 2, 26, 33)],
        *[*line("a", "far", 1, 36, 40), *line("b", "far", 0.75, 30, 34)],
    ]
    results = load_results([write(tmp_path, points)])
    table = rate_table(results, "x265", "psnr")
    assert table.header == ("codec", "a", "b", "average", "videos")
    ours, far = table.rows
    assert ours == ("ours", pytest.approx(-50), pytest.approx(100), pytest.approx(25), 2)
    assert far == ("far", None, pytest.approx(-25), pytest.approx(-25), 1)
    (_, *gains) = quality_table(results, "x265", "psnr").rows[0]
    assert gains == [pytest.approx(5), pytest.approx(-5), pytest.approx(0, abs=1e-9), 2]
    assert rate_table(results, "ours", "psnr").rows[0][:3] == ("x265", pytest.approx(100), pytest.approx(-50))
    assert "| far | - | -25.00 | -25.00 | 1 |" in markdown(table)
    assert re.match(r"far,,-2[45]\.\d+,-2[45]\.\d+,1$", csv_text(table).splitlines()[2])


def test_an_unknown_anchor_lists_those_there_are(tmp_path: Path) -> None:
    results = load_results([write(tmp_path, [*line("a", "x264", 1, 30, 35), *line("a", "dnerv", 1, 30, 35)])])
    with pytest.raises(RequestError, match="there is no curve x265; there are: x264, dnerv"):
        differences(results, "x265", METRICS["psnr"])


def test_later_points_replace_earlier_ones(tmp_path: Path) -> None:
    first = line("a", "x265", 1, 25, 30)
    again = {**first[0], "psnr": 26.0}
    crash = {**failed("a", "x265", "q=30", "disk full"), "key": first[1]["key"]}
    alone = failed("a", "dnerv", "quality=45", "no | luck\nat all")
    mended = line("a", "hnerv", 1, 30)
    torn = {**failed("a", "hnerv", "q=30", "killed"), "key": mended[0]["key"]}
    one = write(tmp_path, [torn, *first], "one.jsonl")
    two = write(tmp_path, [again, crash, alone, *mended], "two.jsonl")
    results = load_results([one, two])
    assert [r["psnr"] for r in results.curves["a", "x265"]] == [26.0, 30.0]
    assert [r["label"] for r in results.curves["a", "hnerv"]] == ["q=30"]
    assert failed_table(results).rows == [("a", "dnerv", "quality=45", "FitError: no | luck\nat all")]
    assert r"| FitError: no \| luck at all |" in markdown(failed_table(results))


def test_changes_are_those_of_each_codec_against_itself(tmp_path: Path) -> None:
    before = [*line("a", "dnerv", 4, 25, 30, 35), *line("b", "dnerv", 4, 25, 30), *line("a", "x265", 1, 25, 30)]
    after = [*line("a", "dnerv", 1, 25, 30, 35), *line("b", "dnerv", 3, 26, 31), *line("c", "sdmn", 1, 30, 35)]
    old, new = (load_results([write(tmp_path, points, f"{n}.jsonl")]) for n, points in enumerate((before, after)))
    found = changes(old, new, METRICS["psnr"])
    assert list(found) == ["dnerv"]
    assert found["dnerv"].by_video == {"a": pytest.approx(-75), "b": pytest.approx(-25)}
    table = change_table(found, "psnr")
    assert table.rows == [("dnerv", pytest.approx(-75), pytest.approx(-25), pytest.approx(-50), 2)]


def test_changes_need_the_same_pictures_and_a_curve_that_both_have(tmp_path: Path) -> None:
    x265, dnerv = line("a", "x265", 1, 25, 30), line("a", "dnerv", 1, 25, 30)
    one, other = (load_results([write(tmp_path, points, f"{n}.jsonl")]) for n, points in enumerate((x265, dnerv)))
    with pytest.raises(RequestError, match="no curve is in the results of both builds"):
        changes(one, other, METRICS["psnr"])
    planes = [{**r, "domain": "yuv420"} for r in x265]
    with pytest.raises(RequestError, match=r"domain 'rgb' in .* and 'yuv420' in"):
        changes(one, load_results([write(tmp_path, planes, "planes.jsonl")]), METRICS["psnr"])


def test_planes_are_compared_by_their_own_psnr(tmp_path: Path) -> None:
    points = line("a", "x265", 1, 25, 30)
    assert load_results([write(tmp_path, points)]).usual_metric() == "psnr"
    planes = [{**r, "domain": "yuv420"} for r in points]
    assert load_results([write(tmp_path, planes)]).usual_metric() == "psnr-yuv"


OTHER = {"domain": "yuv420", "view": "frames 0:12", "protocol": "hnerv", "source_sha256": "0" * 64, "width": 640}


@pytest.mark.parametrize(("name", "other"), [*OTHER.items(), ("dataset", "UVG")])
def test_other_pictures_of_the_same_name_are_not_mixed(tmp_path: Path, name: str, other: object) -> None:
    one = write(tmp_path, line("a", "x265", 1, 25, 30), "one.jsonl")
    two = write(tmp_path, line("a", "x264", 1, 25, 30, **{name: other}), "two.jsonl")
    with pytest.raises(RequestError) as error:
        load_results([one, two])
    for part in (name, repr(other), repr(line("a", "x265", 1, 25)[0].get(name, "rgb")), "one.jsonl", "two.jsonl"):
        assert part in str(error.value)


def test_two_points_of_one_label_are_not_mixed(tmp_path: Path) -> None:
    points = line("a", "dnerv", 1, 25, 30)
    with pytest.raises(RequestError, match="two different points of dnerv on a are both called q=30"):
        load_results([write(tmp_path, [*points, {**points[1], "key": "of another version"}])])


@pytest.mark.parametrize(
    "change",
    [
        *[
            {"bpp": 0},
            {"bpp": float("nan")},
            {"psnr": None},
            {"vmaf": "high"},
            {"bytes": 10**400},
            {"video": 3},
            {"encode_seconds": -1},
        ],
        *[{"status": "failed"}, {"pictures": ["a.png"]}, {"psnr_frames": [None]}, {"environment": None}],
        *[{"domain": "yuv444"}, {"domain": "yuv420", "psnr_yuv": None}, {"psnr_yuv_frames": 3}],
        *[{"version": 2}, {"codec": "\x1b[31mred"}],
    ],
)
def test_what_is_no_point_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = write(tmp_path, [record("a", "x265", "crf=28", 0.1, 30) | change])
    with pytest.raises(VideoError, match=r"results\.jsonl: point '"):
        load_results([path])


def test_unknown_keys_are_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path, [record("a", "x265", "crf=28", 0.1, 30, novelty=[1])])
    assert json.loads(path.read_text())["novelty"] == [1]
    assert load_results([path]).codecs == ["x265"]


def test_averages_are_over_points_that_every_video_has(tmp_path: Path) -> None:
    points = [*line("a", "x265", 1, 25, 30, 35), *line("b", "x265", 3, 30, 35, 40), *line("a", "ours", 1, 30)]
    results = load_results([write(tmp_path, points)])
    rates, levels = zip(*averaged(results, "x265", METRICS["psnr"]), strict=True)
    assert rates == pytest.approx([2 * 2 ** (x / 5) / 1e4 for x in (30, 35)])
    assert levels == (30, 35)
    assert averaged(results, "ours", METRICS["psnr"]) == []


def test_equal_rate_is_the_middle_of_what_curves_share(tmp_path: Path) -> None:
    rates = {"x265": (0.01, 0.02, 0.04, 0.16), "ours": (0.04, 0.09, 0.3)}
    points = [record("a", codec, f"r={r}", r, 30 + r) for codec, found in rates.items() for r in found]
    results = load_results([write(tmp_path, points)])
    target, near = at_equal_rate(results, "a", lambda r: r["bpp"] != 0.09)
    assert target == pytest.approx((0.04 * 0.16) ** 0.5)
    assert {codec: r["bpp"] for codec, r in near.items()} == {"x265": 0.04, "ours": 0.04}
    assert at_equal_rate(results, "a", lambda r: False) == (None, {})


def test_speed_adds_up_all_points(tmp_path: Path) -> None:
    points = line("a", "ours", 1, 30, encode_seconds=48.0, decode_seconds=2.0, kmac_per_pixel=50.0, parameters=1000)
    more = {"decode_seconds": 1.0, "kmac_per_pixel": 70.0, "parameters": 2001, "peak_memory": 3_000_000}
    points += line("b", "ours", 1, 30, encode_seconds=24.0, **more)
    ((*row,),) = speed_table(load_results([write(tmp_path, points)])).rows
    assert row == ["ours", 72 / (2 * FRAMES), 2 * FRAMES / 3, 60.0, 120.0, 1500, 2]


def test_all_points_are_in_a_table(tmp_path: Path) -> None:
    records = curves()
    table = points_table(load_results([write(tmp_path, records)]))
    assert len(table.rows) == len(records)
    assert {row[0] for row in table.rows} == set(VIDEOS)
    first = next(row for row in table.rows if row[:3] == ("Jockey", "dnerv", "quality=45"))
    found = next(r for r in records if (r["video"], r["codec"], r["label"]) == first[:3])
    figures = ("bpp", "kbps", "bytes", "psnr", "psnr_yuv", "psnr_y", "ms_ssim", "vmaf")
    assert first[3:] == tuple(found.get(name) for name in figures)


def test_what_was_not_measured_is_no_metric(tmp_path: Path) -> None:
    points = line("a", "x265", 1, 25, 30, vmaf=None, ms_ssim=None)
    results = load_results([write(tmp_path, points)])
    assert results.metrics() == ["psnr", "psnr-yuv"]
    assert results.pairs("a", "x265", METRICS["vmaf"]) == []


def test_figures_stand_right_and_words_left() -> None:
    table = Table("t", ("a|b", "n", "m"), [("x", 1.25, None), ("y", 12_000, 1)], digits=(0, 1, 0))
    assert markdown(table).splitlines()[2:] == [
        r"| a\|b | n | m |",
        "| --- | ---: | ---: |",
        "| x | 1.2 | - |",
        "| y | 12,000 | 1 |",
    ]
