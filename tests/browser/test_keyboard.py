"""The keyboard alone: each flow from its start to its end."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SECONDS, Whm, settled
from tests.browser.hand_made_files import WAIT
from tests.browser.looking import script
from tests.browser.pages import REPORT
from tests.browser.states import judge_by_hand, said
from tests.sandbox.box import Sandbox
from tests.unit.report_maker import DOMAIN, SUMMARY

_STEPS = 80
_ACTIVE = """
() => {
  const one = document.activeElement;
  const label = one.labels && one.labels[0] ? one.labels[0].textContent : one.textContent;
  return label.trim().replace(/\\s+/g, " ");
}
"""


@pytest.fixture(scope="module")
def running_whm(browser: Browser) -> Iterator[Whm]:
    with Sandbox() as box:
        whm = Whm(box, browser)
        judge_by_hand(whm)
        yield whm


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of that name has the focus; wherever it is on the way, it can be seen."""
    met = []
    for _ in range(_STEPS):
        page.keyboard.press("Tab")
        met.append(page.evaluate(_ACTIVE))
        stop = page.evaluate(script("focused.js"))
        if stop and stop["ours"]:
            assert stop["marked"], stop
        if met[-1].startswith(name):
            return
    raise AssertionError(f"Tab does not lead to {name!r}: {met}")


def write(page: Page, text: str) -> None:
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_a_window_from_opening_to_close_now(whm: Whm) -> None:
    page = whm.open()
    tab_to(page, "Open a test window for 15 minutes")
    page.keyboard.press("Enter")
    page.locator(".window.open").wait_for()
    settled(page)
    tab_to(page, "Minutes from now")
    write(page, "30")
    tab_to(page, "Extend")
    page.keyboard.press("Enter")
    expect(page.get_by_role("timer").first).to_contain_text(re.compile(r"(30:00|29:\d\d)"))
    settled(page)
    tab_to(page, "Close")
    page.keyboard.press("Space")
    expect(page.locator(".window")).to_have_count(0)


def test_a_window_with_other_choices(whm: Whm) -> None:
    page = whm.open()
    tab_to(page, "Tester")
    tab_to(page, "Minutes")
    page.keyboard.press("ArrowUp")
    tab_to(page, "Reason")
    page.keyboard.type("ticket 4711")
    tab_to(page, "Close earlier")
    page.keyboard.press("Space")
    tab_to(page, "Open test window")
    page.keyboard.press("Enter")
    expect(page.locator(".window.open")).to_contain_text("Waiting for the tester")
    assert [(one.reason, one.until_tested) for one in whm.windows()] == [("ticket 4711", True)]
    assert 15.5 * 60 < whm.windows()[0].seconds_left() <= 16 * 60


def test_a_domain_is_checked_and_its_verdict_unfolded(whm: Whm) -> None:
    page = whm.open()
    tab_to(page, "A domain")
    page.keyboard.press("Enter")
    page.wait_for_url("**view=domain")
    tab_to(page, "Domain, host name or address")
    page.keyboard.type(DOMAIN)
    page.keyboard.press("Enter")
    expect(page.locator(".sentence")).to_have_text(SUMMARY)
    settled(page)
    tab_to(page, "False alarms")
    page.keyboard.press("Enter")
    proof = page.get_by_text("certificate trusted, name matches")
    expect(proof).to_be_visible()
    page.keyboard.press("Space")
    expect(proof).to_be_hidden()


def test_a_report_is_explained(whm: Whm) -> None:
    page = whm.open()
    tab_to(page, "A report in hand")
    page.keyboard.press("Enter")
    page.wait_for_url("**view=explain")
    tab_to(page, "Text of the report")
    page.keyboard.insert_text(REPORT)
    tab_to(page, "Explain")
    page.keyboard.press("Space")
    complaints = page.get_by_role("heading", name="What the report complains of")
    expect(complaints).to_be_visible()


def test_settings_are_saved_and_a_mistake_is_told_where_it_is(whm: Whm) -> None:
    page = whm.log_in()
    page.goto(f"{whm.address(page)}?view=settings")
    tab_to(page, "Minutes proposed")
    write(page, "50")
    tab_to(page, "Most minutes")
    write(page, "40")
    tab_to(page, "Save settings")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("were not changed")
    wrong = page.locator("[aria-invalid=true]")
    expect(wrong).to_be_focused()
    about = (wrong.get_attribute("aria-describedby") or "").split()
    assert [page.locator(f"#{one}").inner_text() for one in about][-1]
    write(page, "40" if wrong.get_attribute("id") == "minutes" else "50")
    tab_to(page, "Save settings")
    page.keyboard.press("Space")
    expect(page.get_by_text("The settings are saved.")).to_be_visible()


def test_the_first_tab_stop_of_the_page_skips_to_the_content(whm: Whm) -> None:
    page = whm.open()
    tab_to(page, "Skip to the content")
    expect(page.locator("#mxverdict .skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#mxverdict-content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#mxverdict-content :focus")).to_be_visible()


def test_the_focus_outlives_what_a_running_check_puts_in(whm: Whm) -> None:
    page = whm.log_in()
    with said(whm, WAIT, "asking the name servers"):
        page.goto(f"{whm.address(page)}?view=domain&domain={DOMAIN}")
        tab_to(page, "Check")
        page.keyboard.press("Enter")
        step = page.locator("[data-step]")
        expect(step).to_have_text("asking the name servers")
        settled(page)
        tab_to(page, "History")
        (whm.box.root / WAIT).write_text('"asking the blocklists"')
        expect(step).to_have_text("asking the blocklists", timeout=10 * SECONDS)
        expect(page.get_by_role("link", name="History", exact=True)).to_be_focused()
    expect(page.locator(".sentence")).to_have_text(SUMMARY)
    expect(page.get_by_role("link", name="History", exact=True)).to_be_focused()
    expect(page.locator("#mxverdict-news")).to_have_text(SUMMARY)
