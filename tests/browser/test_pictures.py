"""Screenshots for people to look at, and that no width needs sideways scrolling."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Whm, open_whitelist, screenshot

WIDTHS = (320, 360, 1280, 2560)


def picture(page: Page, name: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        screenshot(page, f"{name}-{width}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_fit_every_width(whm: Whm, dark: bool) -> None:
    scheme = "dark" if dark else "light"
    page = whm.open(dark=dark)
    picture(page, f"first-{scheme}")
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    picture(page, f"unfolded-{scheme}")
    open_whitelist(page, 15, "ticket 4711")
    picture(page, f"window-{scheme}")


def test_the_refusal_fits_every_width(whm: Whm) -> None:
    page = whm.log_in()
    page.goto(f"{whm.address(page)}?view=nothing")
    picture(page, "refused")
