"""What the log says, on the page: visits of the stand-in tester, refused senders, the delay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SECONDS, Whm, screenshot
from tests.sandbox.box import TESTER, Sandbox

WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
WIDTHS = (360, 1280)
HOSTILE = "<img/src=x/onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def running_whm(browser: Browser) -> Iterator[Whm]:
    """The tester has been here twice: once it waited, once it gave up."""
    with Sandbox(connect_delay=2, rcpt_delay=1) as box:
        whm = Whm(box, browser)
        box.visit(patience=1.0)
        box.visit(patience=6.0)
        yield whm


def log(whm: Whm, *, javascript: bool = True, days: int = 1) -> Page:
    page = whm.log_in(javascript=javascript)
    page.goto(f"{whm.address(page)}?view=log&days={days}")
    expect(page.locator(".came").first).to_be_visible(timeout=30 * SECONDS)
    return page


def picture(page: Page, name: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        screenshot(page, f"{name}-{width}")


@WITH_AND_WITHOUT
def test_visits_are_told_with_their_end(whm: Whm, javascript: bool) -> None:
    page = whm.open(javascript=javascript)
    page.get_by_role("link", name="What the log says").click()
    rows = page.locator(".came tbody tr")
    expect(rows).to_have_count(2, timeout=30 * SECONDS)
    expect(page.locator(".sentence")).to_have_text("MXToolbox was here 2 times in the last 24 hours.")
    expect(rows.nth(0)).to_contain_text("was refused relaying, then said QUIT")
    expect(rows.nth(0)).to_contain_text("MXToolbox says: OK - Not an open relay.")
    expect(rows.nth(1)).to_contain_text("left before it said a word")
    for row in rows.all():
        expect(row).to_contain_text(TESTER)
        expect(row).to_contain_text("UTC")
    page.get_by_role("link", name="Last 7 days").click()
    expect(page.locator(".sentence")).to_have_text("MXToolbox was here 2 times in the last 7 days.")
    picture(page, "log")


def test_the_page_waits_for_the_tester_and_tells_what_it_met(whm: Whm) -> None:
    page = whm.open()
    page.get_by_label("Close earlier").check()
    page.get_by_role("button", name="Open test window").click()
    waiting = page.locator(".waiting")
    expect(waiting).to_contain_text("Waiting for the tester", timeout=30 * SECONDS)
    picture(page, "log-waiting")
    whm.box.visit(patience=6.0)
    expect(waiting).to_have_count(0, timeout=40 * SECONDS)
    notice = page.locator(".notice", has_text="The tester has been here")
    expect(notice).to_contain_text(f"The tester came from {TESTER}")
    expect(notice).to_contain_text("MXToolbox says: OK - Not an open relay.")
    picture(page, "log-tested")
