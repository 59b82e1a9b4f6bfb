"""Settings, history and testers compared, with and without JavaScript."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from mxverdict import settings
from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.host import Host
from mxverdict.settings import Settings
from mxverdict.testers import load
from tests.browser.conftest import SECONDS, Whm, fits, open_whitelist
from tests.sandbox.box import Sandbox

WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
WIDTHS = (320, 1280)
HOSTILE = "<img/src=x/onerror=alert(1)><script>alert(2)</script>" + "w" * 80
TITLES = [tester.title for tester in load().testers]


@pytest.fixture(scope="module")
def running_whm(browser: Browser) -> Iterator[Whm]:
    with Sandbox() as box:
        yield Whm(box, browser)


@pytest.fixture
def host(whm: Whm) -> Host:
    host = Host(whm.box.root)
    host.settings.unlink(missing_ok=True)
    return host


def visit(whm: Whm, name: str, *, javascript: bool = True) -> Page:
    """A page by its link, which stands on every page."""
    page = whm.open(javascript=javascript, query="?view=domain")
    page.get_by_role("navigation", name="Pages of MX Verdict").get_by_role("link", name=name).click()
    return page


@WITH_AND_WITHOUT
def test_settings_are_changed_and_hold(whm: Whm, host: Host, javascript: bool) -> None:
    page = visit(whm, "Settings", javascript=javascript)
    page.get_by_label("Minutes proposed").fill("7")
    page.get_by_label("Most minutes", exact=True).fill("60")
    page.get_by_label("They may open test windows").check()
    page.get_by_label("Most minutes for them").fill("12")
    page.get_by_label("Mail address").fill("admin@shop.example")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator(".notice.good")).to_contain_text("The settings are saved.")
    expect(page.get_by_label("Minutes proposed")).to_have_value("7")
    assert settings.read(host) == Settings(
        minutes=7,
        most_minutes=60,
        resellers_may_open=True,
        resellers_most_minutes=12,
        contact="admin@shop.example",
    )
    fits(page, *WIDTHS)
    page.get_by_role("link", name="This server").click()
    expect(page.locator("form.open").get_by_label("Minutes").first).to_have_value("7")
    done = whm.box.run([sys.executable, "-m", "mxverdict.cli.main", "window", "open", "--minutes", "61"])
    assert "60 minutes at most" in done.stderr


@WITH_AND_WITHOUT
def test_wrong_settings_keep_what_was_typed(whm: Whm, host: Host, javascript: bool) -> None:
    page = visit(whm, "Settings", javascript=javascript)
    page.get_by_label("Mail address").fill("admin@shop.example")
    page.get_by_label("Minutes proposed").fill("99")
    page.get_by_label("Most minutes", exact=True).fill("50")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("alert")).to_contain_text("The settings were not changed.")
    field = page.get_by_label("Minutes proposed")
    expect(field).to_have_value("99")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("from 1 to 50, the most minutes"))
    expect(page.get_by_label("Mail address")).to_have_value("admin@shop.example")
    fits(page, *WIDTHS)
    field.fill("50")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator(".notice.good")).to_be_visible()
    assert settings.read(host).minutes == 50


def test_a_countdown_that_ends_takes_nothing_that_is_typed(whm: Whm, host: Host) -> None:
    page = whm.open()
    open_whitelist(page)
    whm.move_deadline(10)
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Mail address").fill("half@typed")
    expect(page.get_by_role("timer")).to_have_text("0:00", timeout=16 * SECONDS)
    page.wait_for_timeout(3000)
    expect(page.get_by_label("Mail address")).to_have_value("half@typed")


@WITH_AND_WITHOUT
def test_the_history_tells_who_and_why(whm: Whm, host: Host, javascript: bool) -> None:
    page = whm.open(javascript=javascript)
    open_whitelist(page, 5, "customer <asks>")
    page.get_by_role("link", name="History").click()
    first = page.locator(".acts tbody tr").first
    expect(first).to_contain_text("MXToolbox let past the delay")
    expect(first).to_contain_text("root")
    expect(first).to_contain_text("customer <asks>")
    expect(first).to_contain_text("Open until")
    expect(first).to_contain_text("UTC")
    page.get_by_role("link", name="Checks").click()
    expect(page.get_by_role("link", name="Checks")).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("let past the delay")).to_have_count(0)
    page.get_by_role("link", name="Test windows").click()
    expect(page.locator(".acts tbody tr").first).to_contain_text("let past the delay")


@WITH_AND_WITHOUT
def test_a_long_history_is_turned_page_by_page(whm: Whm, host: Host, javascript: bool) -> None:
    for number in range(60):
        log.record(
            host,
            Actor(HOSTILE, "web"),
            "check",
            addresses=[f"d{number}.example"],
            reason=HOSTILE,
            result="1 ok",
        )
    page = visit(whm, "History", javascript=javascript)
    page.get_by_role("link", name="Checks").click()
    rows = page.locator(".acts tbody tr")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("Check of d59.example")
    fits(page, *WIDTHS)
    page.get_by_role("link", name="Older").click()
    expect(rows.first).to_contain_text("Check of d9.example")
    page.get_by_role("link", name="Newer").click()
    expect(rows.first).to_contain_text("Check of d59.example")
    expect(page.get_by_role("link", name="Newer")).to_have_count(0)


@WITH_AND_WITHOUT
def test_testers_stand_side_by_side_and_lead_to_their_reports(whm: Whm, host: Host, javascript: bool) -> None:
    page = visit(whm, "Testers compared", javascript=javascript)
    rows = page.locator(".compared tbody tr")
    expect(rows).to_have_count(len(TITLES))
    headers = rows.get_by_role("rowheader")
    assert [text.splitlines()[0].strip() for text in headers.all_inner_texts()] == TITLES
    assert headers.get_by_role("link").all_inner_texts() == [one.title for one in load().testers if one.usual]
    expect(rows.first).to_contain_text("It hangs up after 15 s without a greeting.")
    expect(rows.first).to_contain_text("3 rows turn to a pass.")
    monitor = rows.nth(TITLES.index("Monit"))
    expect(monitor).to_contain_text("5 s (settable)")
    expect(monitor).to_contain_text("if failed port 25 protocol smtp with timeout 30 seconds then alert")
    expect(page.locator(".working").last).to_be_hidden()
    fits(page, *WIDTHS)
    rows.nth(1).get_by_role("link", name=TITLES[1]).click()
    expect(page.get_by_role("heading", name=TITLES[1])).to_be_in_viewport()
