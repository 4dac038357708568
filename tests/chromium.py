"""The browser of the tests: Chromium, the one that NERVC_CHROMIUM names or one of the PATH."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Chromium, started with some flags; a test fails where there is none."""
    path = os.environ.get("NERVC_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not path:
        pytest.fail("Chromium is not installed: install it or say in NERVC_CHROMIUM where it is")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *flags])
        yield browser
        browser.close()
