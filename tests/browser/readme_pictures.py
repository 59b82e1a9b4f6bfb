"""Takes the pictures of the README: `PYTHONPATH=plugin .venv-tests/main/bin/python -m
tests.browser.readme_pictures`."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import states
from tests.browser.conftest import Whm, launch
from tests.sandbox.box import Sandbox
from tests.sandbox.server_files import REPOSITORY

_FOLDER = REPOSITORY / "docs"
_WIDTH, _HEIGHT = 1280, 860
_LIMIT = 200_000
"""Bytes of a picture."""


def main() -> None:
    with sync_playwright() as playwright, Sandbox() as box:
        whm = Whm(box, launch(playwright))
        page = whm.open(width=_WIDTH)
        _take(page, _FOLDER / "first.png")
        with states.window_open(whm):
            page.reload()
            page.locator(".window.open").wait_for()
            _take(page, _FOLDER / "window.png")


def _take(page: Page, file: Path) -> None:
    page.locator(".sentence").wait_for()
    page.wait_for_load_state()
    page.set_viewport_size({"width": _WIDTH, "height": _HEIGHT})
    page.screenshot(path=file, animations="disabled")
    size = file.stat().st_size
    assert size < _LIMIT, f"{file}: {size} bytes"
    print(f"{file.relative_to(REPOSITORY)}: {size} bytes")


if __name__ == "__main__":
    main()
