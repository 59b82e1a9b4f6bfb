"""What a server owner does on the page, with and without JavaScript."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SECONDS, Whm, fits, open_whitelist, screenshot, settled
from tests.browser.states import held_build

WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])


def has_sentence(page: Page, text: str) -> None:
    expect(page.locator(".sentence")).to_have_text(text)


def left(page: Page) -> int:
    """Seconds on the countdown."""
    return seconds(page.get_by_role("timer").inner_text())


def seconds(shown: str) -> int:
    minutes, rest = shown.split(":")
    return int(minutes) * 60 + int(rest)


@WITH_AND_WITHOUT
def test_the_first_page_answers_the_question(whm: Whm, javascript: bool) -> None:
    page = whm.open(javascript=javascript)
    has_sentence(page, "MXToolbox will report 3 problems. None of them is real.")
    assert "on" in page.locator(".state .on").inner_text()
    card = page.locator(".tester").first.locator("details.card").first
    assert card.get_attribute("open") is not None
    verdicts = card.locator("tbody .verdict").all_inner_texts()
    assert [text.strip() for text in verdicts] == ["False alarm"] * 3 + ["Never tested"] * 2 + ["OK"] * 2
    expect(card.get_by_text("Reverse DNS does not match SMTP Banner")).to_be_visible()
    now, during = page.locator(".pictures svg").all()
    expect(now).to_be_visible()
    assert now.locator("text.patience").text_content() == "waits 15 s"
    assert (now.locator(".missed text.name").count(), during.locator(".missed text.name").count()) == (3, 0)
    card.get_by_text("Transcript").click()
    expect(card.locator("pre")).to_contain_text("Connecting to 203.0.113.1")
    expect(page.locator(".working")).to_be_hidden()


@WITH_AND_WITHOUT
def test_whitelist_window_from_opening_to_close_now(whm: Whm, javascript: bool) -> None:
    page = whm.open(javascript=javascript)
    open_whitelist(page, 2, "ticket 4711")
    assert 100 < left(page) <= 120
    card = page.locator(".window")
    expect(card).to_contain_text("opened by root")
    expect(card).to_contain_text("ticket 4711")
    expect(card).to_contain_text("18.209.86.113")
    expect(card).to_contain_text("UTC, server time")
    has_sentence(page, "MXToolbox will report no problem.")
    expect(page.locator("form.open")).to_have_count(0)

    card.get_by_label("Minutes from now").fill("30")
    card.get_by_role("button", name="Extend").click()
    expect(page.get_by_role("timer")).to_contain_text(re.compile(r"(30:00|29:\d\d)"))
    settled(page)

    page.get_by_role("button", name="Close now").click()
    expect(page.locator(".window")).to_have_count(0)
    expect(page.locator(".notice.good")).to_contain_text("closed")
    has_sentence(page, "MXToolbox will report 3 problems. None of them is real.")
    page.locator(".history summary").click()
    expect(page.locator(".history")).to_contain_text("ticket 4711")


@WITH_AND_WITHOUT
def test_delay_off_window_from_opening_to_close_now(whm: Whm, javascript: bool) -> None:
    page = whm.open(javascript=javascript)
    page.get_by_text("Or switch the delay off for everybody").click()
    form = page.locator("details.open form")
    form.get_by_label("Minutes").fill("5")
    form.get_by_role("button", name="Switch delay off").click()
    page.locator(".window.open").wait_for(timeout=60 * SECONDS)
    settled(page)
    expect(page.locator(".window h3")).to_have_text("Delay off for everybody")
    expect(page.locator(".state .off").first).to_contain_text("Delay for unknown hosts")
    has_sentence(page, "MXToolbox will report no problem.")

    page.get_by_role("button", name="Close now").click()
    expect(page.locator(".window")).to_have_count(0, timeout=60 * SECONDS)
    expect(page.locator(".state .on")).to_contain_text("Delay for unknown hosts")


def test_the_countdown_ticks(whm: Whm) -> None:
    page = whm.open()
    open_whitelist(page)
    began, shown = time.monotonic(), page.get_by_role("timer").inner_text()
    expect(page.get_by_role("timer")).not_to_have_text(shown, timeout=3 * SECONDS)
    assert 0 < seconds(shown) - left(page) <= time.monotonic() - began + 1


def test_a_page_that_is_open_sees_the_window_close_at_its_deadline(whm: Whm) -> None:
    page = whm.open()
    open_whitelist(page)
    whm.move_deadline(10)
    page.reload()
    assert left(page) <= 10
    expect(page.locator(".window")).to_have_count(0, timeout=60 * SECONDS)
    has_sentence(page, "MXToolbox will report 3 problems. None of them is real.")


def test_what_is_half_typed_outlives_the_window(whm: Whm) -> None:
    page = whm.open()
    open_whitelist(page)
    field = page.get_by_label("Domain, host name or address")
    notice = page.locator("#mxverdict-stale")
    expect(notice).to_have_count(1)
    expect(notice).to_be_hidden()
    field.fill("half.exam")
    whm.move_deadline(5)
    expect(notice).to_be_visible()
    expect(page.get_by_role("timer")).to_have_text("0:00")
    expect(field).to_have_value("half.exam")
    notice.get_by_role("button", name="Reload").click()
    expect(page.locator(".window")).to_have_count(0)


def test_a_form_on_its_way_is_not_called_back(whm: Whm) -> None:
    page = whm.open()
    open_whitelist(page)

    def hold(route: Route) -> None:
        whm.move_deadline(500)
        time.sleep(7)
        route.continue_()

    page.route("**/*action=close", hold)
    page.get_by_role("button", name="Close now").click()
    expect(page.locator(".notice.good")).to_contain_text("closed")
    assert whm.windows() == []


def test_a_failed_close_is_shown_loudly_and_can_be_repeated(whm: Whm) -> None:
    page = whm.open()
    page.get_by_text("Or switch the delay off for everybody").click()
    page.get_by_role("button", name="Switch delay off").click()
    page.locator(".window.open").wait_for(timeout=60 * SECONDS)
    settled(page)
    script = whm.box.root / "usr/local/cpanel/scripts/buildeximconf"
    hidden = script.rename(script.with_name("hidden"))
    try:
        page.get_by_role("button", name="Close now").click()
        card = page.locator(".window.close_failed")
        card.wait_for(timeout=60 * SECONDS)
        expect(card).to_contain_text("Could not be closed")
        expect(card).to_contain_text("tries again by itself")
        expect(page.get_by_role("alert").first).to_contain_text("did not close")
        screenshot(page, "failed-close-1280")
    finally:
        hidden.rename(script)
    page.get_by_role("button", name="Close now").click()
    expect(page.locator(".window")).to_have_count(0, timeout=60 * SECONDS)
    expect(page.locator(".state .on")).to_contain_text("Delay for unknown hosts")


@WITH_AND_WITHOUT
def test_while_exim_is_changed_the_page_waits(whm: Whm, javascript: bool) -> None:
    with held_build(whm) as hold:
        page = whm.open(javascript=javascript)
        page.get_by_text("Or switch the delay off for everybody").click()
        page.get_by_role("button", name="Switch delay off").click()
        expect(page.locator(".sentence")).to_have_text("Exim is being changed.")
        expect(page.locator(".window")).to_contain_text("Opening")
        expect(page.locator("form")).to_have_count(0)
        screenshot(page, "busy-1280")
        hold.unlink()
        page.locator(".window.open").wait_for(timeout=60 * SECONDS)


@WITH_AND_WITHOUT
def test_a_pasted_bounce_is_answered(whm: Whm, javascript: bool) -> None:
    page = whm.open(javascript=javascript, query="?view=explain")
    page.get_by_label("Text of the report").fill(
        "<jane@partner.example>: host mx.partner.example[198.51.100.25] said: 550 5.7.25 The sending address "
        "has no PTR record (in reply to end of DATA command)"
    )
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("table.findings").first).to_contain_text("reverse DNS", timeout=90 * SECONDS)
    expect(page.get_by_role("heading", name="Not recognised")).to_have_count(0)
    fits(page, 360, 1280, picture="explain-bounce")
