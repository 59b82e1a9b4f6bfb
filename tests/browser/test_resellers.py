"""What resellers do on the page: a delegated one with and without JavaScript, a plain one not at all."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SECONDS, Whm, settled
from tests.browser.states import resellers_may_open

WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
REPORT = (
    "SMTP Banner Check\tReverse DNS does not match SMTP Banner\nSMTP TLS\tWarning - Does not support TLS."
)


def clicks(page: Page, *names: str) -> None:
    """Links or buttons, one after the other from the first page: two at most."""
    assert len(names) <= 2
    for name in names:
        page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name)).first.click()


@WITH_AND_WITHOUT
def test_they_come_through_the_menu_and_check_their_domain(whm: Whm, javascript: bool) -> None:
    page = whm.log_in("alice", javascript=javascript)
    page.get_by_role("link", name="MX Verdict").click()
    expect(page.locator(".sentence")).to_have_text("Check what mail testers say about your domains.")
    listed = page.get_by_role("region", name="Your domains")
    expect(listed).to_contain_text("shop.example")
    expect(listed).not_to_contain_text("bakery.example")
    clicks(page, "Check shop.example")
    expect(page.locator(".bar")).to_contain_text("from cp1.example.net", timeout=90 * SECONDS)
    expect(page.locator("#server-title")).to_have_count(0)
    with page.expect_download() as loading:
        page.get_by_role("link", name="HTML").click()
    assert "shop.example" in loading.value.path().read_text()


@WITH_AND_WITHOUT
def test_they_open_extend_and_close_a_window_when_they_may(whm: Whm, javascript: bool) -> None:
    page = whm.open("alice", javascript=javascript)
    expect(page.get_by_role("region", name="Open a test window")).to_contain_text("may not open")
    with resellers_may_open(whm):
        page.reload()
        expect(page.get_by_text("switch the delay off for everybody")).to_have_count(0)
        form = page.locator("form.open")
        assert form.get_by_label("Minutes").get_attribute("max") == "30"
        form.get_by_label("Reason").fill("ticket 12")
        form.get_by_role("button", name="Open test window").click()
        card = page.locator(".window.open")
        expect(card).to_contain_text("opened by alice")
        settled(page)
        card.get_by_label("Minutes from now").fill("20")
        card.get_by_role("button", name="Extend").click()
        expect(page.get_by_role("timer")).to_contain_text(re.compile(r"20:00|19:5"))
        settled(page)
        page.get_by_role("button", name="Close now").click()
        expect(page.locator(".window")).to_have_count(0)
        clicks(page, "History")
        expect(page.get_by_role("table")).to_contain_text("ticket 12")
        expect(page.get_by_role("table")).not_to_contain_text("root")


@WITH_AND_WITHOUT
def test_what_is_not_theirs_is_refused_in_a_plain_sentence(whm: Whm, javascript: bool) -> None:
    page = whm.open("alice", javascript=javascript)
    page.get_by_label("One of your domains").fill("bakery.example")
    page.get_by_role("button", name="Check", exact=True).last.click()
    expect(page.get_by_role("alert")).to_contain_text("bakery.example is not a domain of your accounts.")
    clicks(page, "A report in hand")
    page.get_by_label("Text of the report").fill(REPORT)
    page.get_by_label("What it is about").fill("bakery.example")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("alert")).to_contain_text("is not a domain of your accounts.")
    for view in ("log", "settings", "testers"):
        page.goto(f"{whm.address(page)}?view={view}")
        expect(page.get_by_role("alert")).to_contain_text("This needs root privileges in WHM.")
    trail = (whm.box.root / "var/lib/mxverdict/audit.jsonl").read_text().splitlines()
    refused = [line for line in trail if '"alice"' in line and '"refused"' in line]
    assert any("bakery.example is not a domain" in line for line in refused)


@WITH_AND_WITHOUT
def test_their_report_in_hand_is_answered(whm: Whm, javascript: bool) -> None:
    page = whm.open("alice", javascript=javascript)
    clicks(page, "A report in hand")
    page.get_by_label("Text of the report").fill(REPORT)
    page.get_by_label("What it is about").fill("mail.shop.example")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".sentence")).not_to_contain_text("Going through", timeout=90 * SECONDS)
    expect(page.locator("table.findings").first).to_contain_text("SMTP Banner Check")


@WITH_AND_WITHOUT
def test_another_window_is_shown_without_who_and_why(whm: Whm, javascript: bool) -> None:
    root = whm.open(javascript=javascript)
    root.locator("form.open").get_by_label("Reason").fill("secret of root")
    root.get_by_role("button", name="Open test window").click()
    root.locator(".window.open").wait_for()
    page = whm.open("alice", javascript=javascript)
    card = page.locator(".window.open")
    expect(card).to_contain_text("was opened by somebody else")
    expect(card.get_by_role("button")).to_have_count(0)
    assert "secret of root" not in page.content()


@WITH_AND_WITHOUT
def test_a_reseller_without_the_privilege_sees_nothing_of_it(whm: Whm, javascript: bool) -> None:
    page = whm.log_in("bob", javascript=javascript)
    expect(page.get_by_role("link", name="MX Verdict")).to_have_count(0)
    answer = page.goto(whm.address(page))
    assert answer is not None
    assert answer.status == 403
    assert "MXToolbox" not in page.content()
