"""The page in Chromium: `make test-browser`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from nervcodec.bench.report.comparison import METRICS, Results, differences, load_results
from nervcodec.bench.report.page import html
from tests.bench.report.synthetic import curves, failed, with_pictures, write
from tests.chromium import chromium

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    """The page of six codecs on three videos, and the results that it was made from."""
    folder = tmp_path_factory.mktemp("report")
    records = [*with_pictures(folder, curves()), failed("Jockey", "dnerv", "quality=75", "<b>no</b>")]
    results = load_results([write(folder, records)])
    page = folder / "report.html"
    page.write_text(html(results, "x265"), encoding="utf-8")
    return page, results


@pytest.fixture
def page(browser: Browser, report: tuple[Path, Results]) -> Iterator[Page]:
    """The page in a browser; any message or further request of the page is a failure."""
    opened = browser.new_page(viewport={"width": 1200, "height": 900})
    complaints: list[str] = []
    requests: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(report[0].as_uri())
    yield opened
    opened.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith("data:image/png;base64,")] == [report[0].as_uri()]


def revealed(page: Page) -> float:
    """Share of the drawn picture's width that shows the left picture."""
    clip = page.locator("#picture-left").evaluate("image => getComputedStyle(image).clipPath")
    hidden = page.evaluate(
        """clip => {
             const probe = document.createElement('div');
             const width = clip.match(/inset\\(0px (.+) 0px 0px\\)/)[1];
             probe.style.cssText = `position: absolute; height: 0; width: ${width}`;
             document.getElementById('stage').append(probe);
             const share = probe.getBoundingClientRect().width / probe.parentElement.clientWidth;
             probe.remove();
             return share;
           }""",
        clip,
    )
    return 1 - float(hidden)


def test_the_slider_by_keyboard(page: Page) -> None:
    assert revealed(page) == pytest.approx(0.5)
    page.locator("#share").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert revealed(page) == pytest.approx(0.6)
    assert page.locator("#share").get_attribute("aria-valuetext") == "60 % source, the rest x264"
    page.keyboard.press("Home")
    assert revealed(page) == pytest.approx(0)


def test_the_slider_by_mouse(page: Page) -> None:
    stage = page.locator("#stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.1 * box["width"], middle)
    assert revealed(page) == pytest.approx(0.5)
    page.mouse.down()
    assert revealed(page) == pytest.approx(0.1, abs=0.01)
    page.mouse.move(box["x"] + 0.8 * box["width"], middle, steps=3)
    assert revealed(page) == pytest.approx(0.8, abs=0.01)
    page.mouse.up()
    page.mouse.move(box["x"] + 0.2 * box["width"], middle)
    assert revealed(page) == pytest.approx(0.8, abs=0.01)
    assert page.locator("#share").input_value() == "80"


def test_what_is_left_right_and_shown_can_be_chosen(page: Page, report: tuple[Path, Results]) -> None:
    left, right = page.locator("#picture-left"), page.locator("#picture-right")
    assert page.locator("#caption-left").text_content() == "source, frame 10"
    first = right.get_attribute("src")
    page.select_option("#right", "dnerv")
    assert right.get_attribute("src") != first
    points = report[1].curves["Beauty", "dnerv"]
    caption = page.locator("#caption-right").text_content()
    assert caption in [f"dnerv {r['label']}, {r['bpp']:.4f} bpp, {r['psnr']:.2f} dB, frame 10" for r in points]
    before = left.get_attribute("src")
    page.select_option("#video", "Jockey")
    assert left.get_attribute("src") != before
    assert page.locator("#right").input_value() == "dnerv"
    assert page.locator("#caption-right").text_content() != caption
    assert "Jockey, dnerv" in (right.get_attribute("alt") or "")
    assert left.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [320, 180]


def cells(table: Locator) -> list[list[str]]:
    return [row.locator("th, td").all_text_contents() for row in table.locator("tbody tr").all()]


def test_tables_hold_the_figures_of_the_records(page: Page, report: tuple[Path, Results]) -> None:
    results = report[1]
    for title, name in (("PSNR", "psnr"), ("VMAF", "vmaf")):
        page.locator(".switch + label", has_text=title).first.click()
        table = page.locator(f"figure:has(> figcaption:text-is('BD-rate against x265 at equal {title}, %')) table")
        assert table.is_visible()
        expected = [
            [codec, *(f"{value:.2f}" for value in (*found.by_video.values(), found.average)), "3"]
            for codec, found in differences(results, "x265", METRICS[name]).items()
        ]
        assert cells(table) == expected
    page.locator("summary", has_text="All 93 points").click()
    rows = cells(page.locator("figure:has(> figcaption:text-is('Points')) table"))
    assert [(*row[:4], row[6]) for row in rows] == [
        (video, codec, r["label"], f"{r['bpp']:.4f}", f"{r['psnr']:.2f}")
        for (video, codec), curve in results.curves.items()
        for r in curve
    ]
    assert cells(page.locator("#failed table")) == [["Jockey", "dnerv", "quality=75", "FitError: <b>no</b>"]]


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_reads_without_scripts(browser: Browser, report: tuple[Path, Results]) -> None:
    context = browser.new_context(java_script_enabled=False, color_scheme="dark")
    page = context.new_page()
    page.goto(report[0].as_uri())
    assert page.get_by_text("The pictures need JavaScript").is_visible()
    assert not page.locator("#viewer").is_visible()
    assert page.locator(".part-psnr").is_visible()
    assert not page.locator(".part-vmaf").is_visible()
    page.locator(".switch + label", has_text="VMAF").click()
    assert page.locator(".part-vmaf").is_visible()
    context.close()
