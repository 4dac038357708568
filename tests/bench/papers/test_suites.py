"""Suites ask for the fits of the papers' tables, and show their figures beside the published ones."""

from fractions import Fraction
from typing import Any

import pytest

from nervcodec.bench.papers.comparison import compare
from nervcodec.bench.papers.suites import SUITES, Task, Trial, raw_size, suite
from nervcodec.bench.record import VERSION, Record
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.segment.planning import plan_config
from nervcodec.codec.target import Target
from nervcodec.errors import RequestError
from nervcodec.models.catalogue import row_config
from nervcodec.models.sizing import NetworkRequest
from nervcodec.picture import VideoFormat

PICTURES = [(1920, 960), (960, 480), (1280, 640), (640, 320), (427, 240)]
UVG = Task(1920, 960, 600, {"epochs": 300})


def options_of(trial: Trial) -> EncodeOptions:
    """Options that a runner makes from a trial of our models."""
    setting = dict(trial.setting)
    if "target" in setting:
        setting["target"] = Target(**setting["target"])
    return EncodeOptions(**setting)


def trials_of(name: str, task: Task) -> list[Trial]:
    """All trials of a suite."""
    return suite(name).trials(task)


def record(trial: Trial, name: str, video: str, **measured: Any) -> Record:
    """The record of a trial, as a run writes it."""
    point = {"version": VERSION, "key": f"{video}{trial}", "status": "done", "dataset": "uvg", "protocol": "hnerv"}
    point |= {"suite": name, "video": video, "codec": trial.codec, "label": trial.label, "setting": trial.setting}
    point |= {"width": 640, "height": 320, "bpp": 0.0153, "psnr": 30.0, "ssim": 0.9, "vmaf": None, **measured}
    return point  # type: ignore[return-value]


@pytest.mark.parametrize("name", SUITES)
@pytest.mark.parametrize(("width", "height"), PICTURES)
def test_every_trial_can_be_asked_for_and_is_one_point(name: str, width: int, height: int) -> None:
    trials = trials_of(name, Task(width, height, 132, {"epochs": 5, "seed": 3}))
    assert len({(trial.codec, trial.label) for trial in trials}) == len(trials)
    for trial in trials:
        if trial.codec.startswith("x26"):
            assert set(trial.setting) == {"bpp"}
            continue
        options = options_of(trial)
        assert (options.epochs, options.seed) == (5, 3)
        assert trial.codec.split(":")[0] == options.base.name
        if options.row:
            row_config(options.row, NetworkRequest(height=height, width=width, frames=132, weights=1))


def test_the_papers_networks_are_used_at_their_picture_size() -> None:
    rows = {name: [trial.setting.get("row") for trial in trials_of(name, UVG)] for name in ("compression", "blocks")}
    assert [row for row in rows["compression"] if row] == ["uvg960-1.58m", "uvg960-3m", "uvg960-3m-fine"]
    assert rows["blocks"] == ["sdmn960-3m"] * 2
    bunny = trials_of("flow", Task(1280, 640, 132, {}))
    assert {trial.setting["row"] for trial in bunny} == {f"bunny-{size}m" for size in ("0.35", "0.75", "1.5", "3")}


@pytest.mark.parametrize("rate", [0.015, 0.05])
def test_raw_sizes_take_the_bits_they_are_for(rate: float) -> None:
    task = Task(640, 320, 132, {})
    options = EncodeOptions(recipe="paper", size=raw_size(task, rate))
    config = plan_config(options, VideoFormat(width=640, height=320, frame_rate=Fraction(25)), task.frames)
    embedded = sum(c * h * w for c, h, w in config.embeddings.values())
    assert 8 * (config.parameters + task.frames * embedded) == pytest.approx(rate * 640 * 320 * task.frames, rel=0.1)


def test_published_figures_stand_where_video_and_setting_match() -> None:
    trials = trials_of("compression", UVG)
    records = [record(trial, "compression", video) for video in ("honeybee", "Other") for trial in trials]
    records.append({**records[0], "key": "failed", "status": "failed"})
    (table,) = compare(suite("compression"), [*records, *records[:3]])
    assert list(table.header) == ["video", "codec", "point", "bpp", "PSNR, dB", "VMAF", "VMAF (DNeRV, published)"]
    assert len(table.rows) == 24 + 12
    assert table.rows[0] == ["honeybee", "dnerv", "bpp=0.015", "0.0153", 30.0, None, 93.71]
    assert table.rows[12][-1] is None
    assert table.rows[24][:3] == ["mean of 2", "dnerv", "bpp=0.015"]
    assert table.rows[24][-1] is None
    for words in (
        "CVPR 2023",
        "Table 9",
        "Their picture: 1920x960; ours: 640x320.",
        "Their epochs: not given",
        "Doubted",
    ):
        assert words in table.note


def test_means_are_over_the_same_videos() -> None:
    records = [
        record(trial, "quantization", v) for v in ("Bospho", "Yacht") for trial in trials_of("quantization", UVG)
    ]
    dnerv, sdmn = compare(suite("quantization"), records)
    rows = {(row[0], row[2]): row for row in sdmn.rows}
    assert rows["mean of 2", "8 bit"][-1] == pytest.approx((35.68 + 29.95) / 2)
    assert rows["Yacht", "8 bit, 10 % pruned"][-1] is None
    assert {row[1] for row in dnerv.rows} == {"dnerv:paper"}
    assert dnerv.header[-1] == "SSIM (DNeRV, published)"
    assert dnerv.rows[0][-2:] == [36.67, "0.965"]


@pytest.mark.parametrize(("epochs", "published"), [(300, 31.89), (50, 27.59), (20, None)])
def test_optimizers_stand_beside_the_column_of_their_epochs(epochs: int, published: float | None) -> None:
    trials = trials_of("optimizer", Task(1280, 640, 132, {"epochs": epochs}))
    (table,) = compare(suite("optimizer"), [record(trial, "optimizer", "bunny") for trial in trials])
    rows = {(row[1], row[2]): row for row in table.rows}
    assert rows["dnerv:adan", "learning_rate=0.003"][-2] == published
    assert rows["dnerv:muon", "learning_rate=0.02"][-2] is None


def test_blocks_and_flow_find_their_figures() -> None:
    (blocks,) = compare(suite("blocks"), [record(t, "blocks", "Beauty") for t in trials_of("blocks", UVG)])
    assert [row[-1] for row in blocks.rows] == [33.92, 33.78]
    trials = trials_of("flow", Task(1280, 640, 132, {}))
    (flow,) = compare(suite("flow"), [record(trial, "flow", "Bunny") for trial in trials])
    assert [row[-1] for row in flow.rows] == [None, 29.13, None, 29.25, None, 28.84, None, 28.70]


def test_suites_that_are_not_there_are_refused() -> None:
    with pytest.raises(RequestError, match="suites are compression, quantization, optimizer, blocks, flow, interp"):
        suite("nothing")


def test_frames_left_out_stand_beside_those_the_papers_left_out() -> None:
    trials = trials_of("interpolation", Task(1920, 960, 82, {}))
    assert [trial.codec for trial in trials] == ["dnerv", "hnerv", "sdmn", "ffnerv"]
    parts = {
        "seen": {"psnr": 31.0, "ssim": 0.9, "ms_ssim": 0.95},
        "assisted": {"psnr": 28.0, "ssim": 0.8, "ms_ssim": 0.9, "bytes": 1500},
        "average of originals": {"psnr": 25.0, "ssim": 0.7, "ms_ssim": 0.8, "bytes": None},
    }
    records = [record(t, "interpolation", v, parts=parts, bytes=1000) for v in ("blackswan", "camel") for t in trials]
    dnerv, qsnerv = compare(suite("interpolation"), records)
    rows = {tuple(row[:3]): row[3:] for row in dnerv.rows}
    assert rows["blackswan", "dnerv", "keep_every=2, seen"] == ["0.0153", 31.0, "0.900", "0.9500", 28.98, "0.874"]
    assisted = rows["blackswan", "hnerv", "keep_every=2, assisted"]
    assert assisted == [f"{0.0153 * 1.5:.4f}", 28.0, "0.800", "0.9000", 21.67, "0.589"]
    assert rows["camel", "dnerv", "keep_every=2, average of originals"][0] is None
    assert rows["camel", "sdmn", "keep_every=2, seen"][-2:] == [None, None]
    mean = rows["mean of 2", "dnerv", "keep_every=2, assisted"]
    assert mean[-2] == pytest.approx((23.89 + 21.31) / 2)
    theirs = {tuple(row[:3]): row[-2:] for row in qsnerv.rows}
    assert theirs["camel", "sdmn", "keep_every=2, assisted"] == [25.82, "0.844"]
    assert theirs["camel", "sdmn", "keep_every=2, seen"] == [None, None]
    assert "whose bits are not counted" in qsnerv.note


def test_masked_pixels_have_a_table_though_nothing_is_published() -> None:
    trials = trials_of("inpainting", Task(427, 240, 49, {"epochs": 5}))
    parts = {"masked": {"psnr": 21.0, "ssim": None, "ms_ssim": None}}
    (table,) = compare(suite("inpainting"), [record(t, "inpainting", "x", parts=parts, bytes=9) for t in trials])
    assert list(table.header) == ["video", "codec", "point", "bpp", "PSNR, dB", "SSIM", "MS-SSIM"]
    assert table.rows[0] == ["x", "dnerv", "mask=boxes:5x50, masked", "0.0153", 21.0, None, None]
