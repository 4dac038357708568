"""The text of the page; tests/bench/report/test_report_in_browser.py opens it."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nervcodec.bench.report.comparison import load_results
from nervcodec.bench.report.page import html
from nervcodec.bench.report.pictures import chosen_videos, shown_pictures
from nervcodec.bench.report.plots import corners, dash, rate_plot
from nervcodec.errors import RequestError, VideoError
from tests.bench.report.synthetic import failed, record, write

EVIL = "<script>alert('no')</script>&\"|"


def points(video: str, codec: str, share: float = 1.0, **more: Any) -> list[dict[str, Any]]:
    """Records of a short curve with PSNR and YUV-PSNR only."""
    rates = (0.01, 0.02, 0.04)
    more = {"ms_ssim": None, "vmaf": None, **more}
    return [record(video, codec, f"q={i}", share * rate, 30.0 + 2 * i, **more) for i, rate in enumerate(rates)]


def picture(folder: Path, name: str, size: tuple[int, int] = (64, 36), colour: str = "red") -> str:
    Image.new("RGB", size, colour).save(folder / name)
    return name


class Tags(HTMLParser):
    """All tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_names_and_messages_are_text(tmp_path: Path) -> None:
    records = [
        *points(EVIL, "x265"),
        *points(EVIL, f"ours{EVIL}", 0.5),
        failed(EVIL, "x265", "q=9", f"{EVIL}\n\x1b[2J"),
    ]
    for r in records:
        r.update(view=EVIL, dataset=EVIL, protocol=EVIL)
        r["environment"]["command"] = EVIL
    pictures = {"frame": 1, "decoded": picture(tmp_path, "a.png"), "source": picture(tmp_path, "s.png")}
    records[0]["pictures"] = pictures
    page = html(load_results([write(tmp_path, records)]), "x265")
    assert "alert" in page
    assert not re.search(r"<script>alert|\x1b", page)
    assert [tag for tag, _ in Tags(page).found].count("script") == 2


def test_the_page_needs_nothing_beside_it_and_is_always_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, [*points("a", "x265"), *points("a", "ours", 0.5)])
    page = html(load_results([path]), "x265")
    assert page == html(load_results([path]), "x265")
    tags = Tags(page).found
    for tag, attributes in tags:
        for name in ("src", "href", "xlink:href", "data", "srcset", "action"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    assert not re.search(r"@import|url\((?!#p\d)", page)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for reference in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page):
        assert (reference[0] or reference[1]) in ids
    assert "#0102" not in page  # a placeholder for a colour of the page


def test_figures_of_the_tables(tmp_path: Path) -> None:
    records = [*points("a", "x265"), *points("a", "ours", 0.5), failed("a", "ours", "q=9", "too large")]
    page = html(load_results([write(tmp_path, records)]), "x265", metric="psnr-yuv")
    assert page.count(">-50.00<") == 2
    assert page.index("equal YUV-PSNR") < page.index("equal PSNR, %")
    assert 'id="metric-psnr-yuv" class="switch" checked' in page
    assert 'id="metric-vmaf"' not in page
    for text in (
        "1 point failed",
        "FitError: too large",
        "torch 2.13.0",
        "nervc bench --dataset synthetic",
        ">0.0400<",
    ):
        assert text in page
    assert 'id="pictures"' not in page


def test_pictures_are_cut_and_named(tmp_path: Path) -> None:
    records = [*points("a", "x265"), *points("b", "x265")]
    (tmp_path / "p").mkdir()
    large = Image.new("RGB", (1280, 720), "blue")
    large.paste("white", (320, 180, 960, 540))
    large.save(tmp_path / "p" / "large.png")
    for r in records:
        name = picture(tmp_path, f"{r['key']}.png")
        r["pictures"] = {"frame": 7, "decoded": name, "source": "p/large.png"}
    results = load_results([write(tmp_path, records)])
    assert chosen_videos(results, "all") == ["a", "b"]
    assert chosen_videos(results, "none") == []
    shown = shown_pictures(results, chosen_videos(results, "b"))
    assert list(shown) == ["b"]
    source, decoded = shown["b"]
    assert (source.name, decoded.name) == ("source", "x265")
    assert decoded.caption == "x265 q=1, 0.0200 bpp, 32.00 dB, frame 7"
    with Image.open(io.BytesIO(base64.b64decode(source.uri.partition(",")[2]))) as cut:
        assert cut.size == (640, 360)
        assert cut.getcolors() == [(640 * 360, (255, 255, 255))]
    with pytest.raises(RequestError, match="there is no video c; there are: a, b"):
        chosen_videos(results, "a,c")


@pytest.mark.parametrize("name", ["missing.png", "../outside.png", "/etc/hostname", "text.png", "a\0b.png"])
def test_pictures_that_are_none(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    picture(tmp_path, "outside.png")
    (folder / "text.png").write_text("no picture")
    pictures = {"frame": 0, "decoded": picture(folder, "a.png"), "source": name}
    path = write(folder, [record("a", "x265", "q=1", 0.1, 30, pictures=pictures)])
    with pytest.raises(VideoError):
        shown_pictures(load_results([path]), ["a"])


def test_curves_can_be_told_apart_without_colour() -> None:
    looks = {(dash(i), tuple(corners(i, 4))) for i in range(14)}
    assert len(looks) == 14
    assert rate_plot({0: [(0.01, 30.0)]}, "PSNR").startswith('<svg viewBox="')


def test_a_page_of_what_little_there_is(tmp_path: Path) -> None:
    lone = record("a", "x265", "q=1", 0.1, 30, encode_seconds=0, decode_seconds=0, psnr_frames=[])
    page = html(load_results([write(tmp_path, [lone, failed("b", "ours", "q=1", "no")])]), "x265")
    assert page.count("<figcaption>Average BD-rate") == 0
    assert ">ours<" in page
    with pytest.raises(RequestError, match="there is no curve x265; there are: none"):
        html(load_results([write(tmp_path, [failed("b", "ours", "q=1", "no")])]), "x265")
