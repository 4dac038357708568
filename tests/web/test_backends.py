"""The GPU backends of the web player in a worker of Chromium, whose GPU is software: `make test-browser`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route

from tests.chromium import chromium

pytestmark = pytest.mark.browser
WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WEBGPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
PLACE = "http://localhost/"
FOLDERS = (Path(__file__).parent, Path(__file__).parents[2] / "nervcodec" / "web")
ASK = """name => new Promise((resolve, reject) => {
    const worker = new Worker("operations_worker.js", { type: "module" });
    worker.onmessage = event => resolve(event.data);
    worker.onerror = event => reject(new Error(event.message));
    worker.postMessage(name);
})"""
TOLERANCE = 4e-6
"""Most by which numbers of about 1 differ from those in float64; a code value of 8 bits is 4e-3."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(*WEBGL, *WEBGPU) as launched:
        yield launched


def serve(route: Route) -> None:
    """Answer with a module of the player or of the tests; any other address is an empty page."""
    name = route.request.url.removeprefix(PLACE)
    found = [folder / name for folder in FOLDERS if name and (folder / name).is_file()]
    if found:
        route.fulfill(path=found[0], content_type="text/javascript")
    else:
        route.fulfill(body="", content_type="text/html")


@pytest.fixture(scope="module", params=["WebGL2", "WebGPU"])
def answer(browser: Browser, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the worker says of a backend."""
    context = browser.new_context()
    context.route("**/*", serve)
    page = context.new_page()
    page.goto(PLACE)
    said: dict[str, Any] = page.evaluate(ASK, request.param)
    context.close()
    assert "error" not in said, said["error"]
    if "absent" in said:
        pytest.skip(f"this Chromium has no {request.param}")
    assert said["name"] == request.param
    assert said["software"]
    return said


def test_computes_what_the_reference_computes(answer: dict[str, Any]) -> None:
    wrong = {name: difference for name, difference in answer["differences"] if not difference < TOLERANCE}
    assert wrong == {}


def test_uses_the_memory_of_a_frame_again(answer: dict[str, Any]) -> None:
    first, *others = answer["allocations"]
    assert first > 3
    assert others == [first, first]


def test_says_when_the_gpu_is_lost(answer: dict[str, Any]) -> None:
    assert answer["complaint"].startswith(f"{answer['name']} was lost")
