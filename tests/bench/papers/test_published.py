"""Published tables are complete and consistent in themselves."""

from collections import defaultdict
from statistics import mean

import pytest

from nervcodec.bench.papers.published import AVERAGE, published, published_names
from nervcodec.errors import RequestError

ROUNDING = {"ssim": 0.0011, "ms_ssim": 0.0011, "bpp": 0.0001}
"""Largest errors of means of rounded figures; for dB and VMAF, 0.011."""


@pytest.mark.parametrize("name", published_names())
def test_every_table_says_where_it_comes_from_and_what_it_holds(name: str) -> None:
    table = published(name)
    assert set(table.source) == {"authors", "title", "venue", "part"}
    assert table.table
    assert table.shows
    assert {"dataset"} <= set(table.protocol)
    assert table.rows
    for row in table.rows:
        assert {"method", "video"} <= set(row)
        figures = [row[metric] for metric in table.metrics if metric in row]
        assert all(isinstance(figure, float) or (figure is None and "doubted" in row) for figure in figures), row
        assert any(figure is not None for figure in figures)


@pytest.mark.parametrize("name", published_names())
def test_averages_are_those_of_the_rows_or_doubted(name: str) -> None:
    table = published(name)
    parts = defaultdict(list)
    for row in table.rows:
        if row["video"] != AVERAGE:
            parts[_point(row, table.metrics)].append(row)
    for row in table.rows:
        rows = parts[_point(row, table.metrics)]
        if row["video"] != AVERAGE or not rows:
            continue
        near = all(
            row[metric] == pytest.approx(mean(r[metric] for r in rows), abs=ROUNDING.get(metric, 0.011))
            for metric in table.metrics
            if all(metric in r for r in (row, *rows))
        )
        assert near != ("doubted" in row), row


def _point(row: object, metrics: object) -> str:
    assert isinstance(row, dict)
    assert isinstance(metrics, dict)
    return str(sorted((k, v) for k, v in row.items() if k not in {*metrics, "video", "doubted"}))


def test_what_the_tables_are_known_for() -> None:
    (best,) = [
        row
        for row in published("dnerv_optimizers_bunny").rows
        if (row["optimizer"], row["learning_rate"], row["epochs"]) == ("adan", 3e-3, 300)
    ]
    assert (best["psnr"], best["ssim"]) == (31.89, 0.946)
    assert [row["psnr"] for row in published("dnerv_flow_bunny").rows] == [29.13, 29.25, 28.84, 28.70]
    assert len(published("dnerv_interpolation_davis").rows) == 23 * 4
    assert len(published("qsnerv_davis").rows) == 23 * 7
    assert published("dnerv_vmaf_uvg").citation.endswith("Table 9")


def test_a_table_that_is_not_there_is_refused() -> None:
    with pytest.raises(RequestError, match="dnerv_vmaf_uvg"):
        published("nothing")
