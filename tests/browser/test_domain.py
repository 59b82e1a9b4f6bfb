"""The page of a domain, the report in hand and the report to download, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.conftest import SECONDS, Whm, screenshot
from tests.browser.hand_made import HOSTILE, SLOW, STEPS
from tests.sandbox.box import Sandbox
from tests.sandbox.server_files import REPOSITORY
from tests.unit.report_maker import DOMAIN, SUMMARY

WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
WIDTHS = (360, 1280)
HOSTILE_TEXT = "</pre></q><img src=x onerror=alert(1)><script>alert(2)</script>\x1b[31m\u202egnp.exe "


@pytest.fixture(scope="module")
def running_whm(browser: Browser) -> Iterator[Whm]:
    """The page's program judges domains as `hand_made` says."""
    with Sandbox() as box:
        whm = Whm(box, browser)
        script = box.root / "usr/local/cpanel/whostmgr/docroot" / whm.path.lstrip("/")
        imported = "    from mxverdict.web.app import main"
        text = script.read_text()
        assert imported in text
        path = f"    sys.path.insert(1, {str(REPOSITORY)!r})\n    import tests.browser.hand_made\n"
        script.write_text(text.replace(imported, path + imported))
        yield whm


@contextmanager
def said(whm: Whm, name: str, text: str) -> Iterator[None]:
    file = whm.box.root / name
    file.write_text(text)
    try:
        yield
    finally:
        file.unlink()


def check(page: Page, domain: str = DOMAIN) -> None:
    page.get_by_label("Domain, host name or address").fill(domain)
    page.get_by_role("button", name="Check", exact=True).click()


def picture(page: Page, name: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        screenshot(page, f"{name}-{width}")


@WITH_AND_WITHOUT
def test_a_domain_from_the_main_page_to_its_verdict(whm: Whm, javascript: bool) -> None:
    page = whm.open(javascript=javascript)
    with said(whm, SLOW, "5"):
        check(page, " Shop.Example.")
        expect(page.locator(".sentence")).to_have_text(f"Checking {DOMAIN} …")
        expect(page.locator("[data-step]")).to_have_text(STEPS[1], timeout=4 * SECONDS)
        if javascript:
            picture(page, "domain-running")
        expect(page.locator(".sentence")).to_have_text(SUMMARY, timeout=20 * SECONDS)
    assert f"domain={DOMAIN}" in page.url
    assert page.locator("details.fold[open]").count() == 1
    if javascript:
        picture(page, "domain")
        page.evaluate("for (const part of document.querySelectorAll('details.fold')) part.open = true")
        picture(page, "domain-unfolded")
    page.goto(whm.address(page))
    if javascript:
        picture(page, "main-with-domain")
