"""Chromium without a window, for tests marked `browser`; NERVC_CHROMIUM may say where it is."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
SOFTWARE = (
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
)
"""WebGL and WebGPU computed by the processor."""


@contextmanager
def launched() -> Iterator[Browser]:
    path = os.environ.get("NERVC_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not path:
        pytest.fail("Chromium is not installed: install it or say in NERVC_CHROMIUM where it is")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *SOFTWARE])
        yield browser
        browser.close()
