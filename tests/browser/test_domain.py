"""The page of a domain, the report in hand and the report to download, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.conftest import SECONDS, Whm, fits, settled
from tests.browser.hand_made_files import FAIL, HOSTILE, REAL, WAIT
from tests.browser.states import judge_by_hand, said
from tests.sandbox.box import Sandbox
from tests.unit.report_maker import DOMAIN, SUMMARY

WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
WIDTHS = (360, 1280)
HOSTILE_TEXT = "</pre></q><img src=x onerror=alert(1)><script>alert(2)</script>\x1b[31m\u202egnp.exe "
SHOWN = "</pre></q><img src=x onerror=alert(1)><script>alert(2)</script>\\x1b[31m\\u202egnp.exe"
REPORT = """Dear support, this is what MXToolbox says:

SMTP Transaction Time\t15.363 seconds - Not good! on Transaction Time
SMTP Banner Check\tReverse DNS does not match SMTP Banner
SMTP TLS\tWarning - Does not support TLS.
SMTP Open Relay\tOK - Not an open relay.
SMTP Frobnication\tWarning - Not frobnicated <script>alert(1)</script>\x1b[31m
"""
VERDICTS = (
    ("SMTP TLS", "False alarm"),
    ("SMTP Banner Check", "False alarm"),
    ("SMTP Open Relay", "Never tested"),
)
SECTIONS = [
    "Real problems: 1",
    "False alarms, with the proof: 2",
    "True but harmless: 1",
    "Could not be checked: 1",
    "Never tested, whatever the report says: 1",
    "Passed: 2",
]


@pytest.fixture(scope="module")
def running_whm(browser: Browser) -> Iterator[Whm]:
    """The page's program judges domains as `hand_made` says."""
    with Sandbox() as box:
        whm = Whm(box, browser)
        judge_by_hand(whm)
        yield whm


@contextmanager
def nothing_runs(page: Page) -> Iterator[None]:
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    yield
    assert dialogs == []
    expect(page.locator("#mxverdict img, #mxverdict script")).to_have_count(0)
    fits(page, 360)


def visit(whm: Whm, view: str = "domain", javascript: bool = True) -> Page:
    """A page of ours that checks nothing."""
    return whm.open(javascript=javascript, query=f"?view={view}")


def check(page: Page, domain: str = DOMAIN) -> None:
    page.get_by_label("Domain, host name or address").fill(domain)
    page.get_by_role("button", name="Check", exact=True).click()


def has_sentence(page: Page, text: str) -> None:
    expect(page.locator(".sentence")).to_have_text(text)


@WITH_AND_WITHOUT
def test_a_domain_from_the_main_page_to_its_verdict(whm: Whm, javascript: bool) -> None:
    page = whm.open(javascript=javascript)
    with said(whm, WAIT, "asking the name servers"):
        check(page, " Shop.Example.")
        has_sentence(page, f"Checking {DOMAIN} …")
        expect(page.locator("[data-step]")).to_have_text("asking the name servers")
    has_sentence(page, SUMMARY)
    expect(page).to_have_url(re.compile(rf"\?view=domain&domain={re.escape(DOMAIN)}$"))
    expect(page.locator(".bar")).to_contain_text("Checked just now")
    expect(page.locator(".fold > summary")).to_have_text(SECTIONS)
    expect(page.locator("details.fold[open]")).to_have_count(1)
    alarms = page.locator("details.fold").nth(1)
    expect(alarms.get_by_text("handshake: TLSv1.3")).to_be_hidden()
    alarms.locator("> summary").click()
    expect(alarms.get_by_text("handshake: TLSv1.3")).to_be_visible()
    page.get_by_role("link", name="A domain", exact=True).click()
    page.get_by_role("link", name=DOMAIN, exact=True).click()
    has_sentence(page, SUMMARY)


def test_two_visitors_see_the_same_check_step_by_step(whm: Whm) -> None:
    page, other = visit(whm, f"domain&domain={DOMAIN}"), visit(whm, f"domain&domain={DOMAIN}")
    with said(whm, WAIT, "asking the name servers"):
        page.get_by_role("button", name=re.compile("Check (again|now)")).click()
        has_sentence(page, f"Checking {DOMAIN} …")
        other.get_by_role("button", name=re.compile("Check (again|now)")).click()
        has_sentence(other, f"Checking {DOMAIN} …")
        fits(page, *WIDTHS, picture="domain-running")
        (whm.box.root / WAIT).write_text('"asking the blocklists"')
        for one in (page, other):
            expect(one.locator("[data-step]")).to_have_text("asking the blocklists", timeout=10 * SECONDS)
    for one in (page, other):
        has_sentence(one, SUMMARY)


def test_a_real_domain_of_the_server(whm: Whm) -> None:
    page = visit(whm)
    with said(whm, REAL, "yes"):
        check(page)
        real = "1 of them is real. 2 are true but harmless. There is 1 real problem that it does not name."
        has_sentence(page, f"MXToolbox will report 9 problems. {real}")
        expect(page.locator(".fold > summary").first).to_have_text("Real problems: 2")
        expect(page.locator(".fold > summary").nth(1)).to_have_text("False alarms, with the proof: 6")
        passed = page.locator("details.fold").last
        passed.locator("> summary").click()
        for row in ("DNS All Servers Responding", "SPF Record Published", "SMTP Valid Hostname"):
            expect(passed.get_by_text(row).first).to_be_visible()


def test_pictures_of_a_domain(whm: Whm) -> None:
    page = visit(whm)
    check(page)
    has_sentence(page, SUMMARY)
    settled(page)
    fits(page, *WIDTHS, picture="domain")
    page.evaluate("for (const part of document.querySelectorAll('details.fold')) part.open = true")
    fits(page, *WIDTHS, picture="domain-unfolded")
    page.goto(f"{whm.address(page)}?view=domain&domain=new.example")
    fits(page, *WIDTHS, picture="domain-unchecked")


def test_what_is_no_domain_is_refused_in_one_line(whm: Whm) -> None:
    page = visit(whm)
    check(page, "shop example")
    expect(page.get_by_role("alert")).to_contain_text("is no domain, host name or address.")


def test_a_check_that_fails_says_why(whm: Whm) -> None:
    page = visit(whm)
    words = f"bakery.example: {HOSTILE_TEXT} is not an address of this server"
    with said(whm, FAIL, words), nothing_runs(page):
        check(page, "bakery.example")
        has_sentence(page, "bakery.example could not be checked.")
        expect(page.get_by_role("alert")).to_contain_text("is not an address of this server")
        fits(page, *WIDTHS, picture="domain-failed")
    page.get_by_role("button", name="Check again").click()
    has_sentence(page, SUMMARY)


def test_hostile_rows_are_shown_and_do_nothing(whm: Whm) -> None:
    page = visit(whm)
    page.set_viewport_size({"width": 360, "height": 900})
    with said(whm, HOSTILE, HOSTILE_TEXT + "A" * 300), nothing_runs(page):
        check(page)
        expect(page.locator(".sentence")).to_contain_text(SHOWN)
        page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        for part in (".fold q", ".fold b", ".fold .details li", ".fold .todo", ".fold td details li"):
            expect(page.locator(part).first).to_contain_text(SHOWN)


def test_hostile_names_in_the_address_do_nothing(whm: Whm) -> None:
    page = visit(whm)
    address = whm.address(page)
    with nothing_runs(page):
        for query in ("view=domain&domain=", "view=explain&job=", "view=report&format=text&domain="):
            page.goto(f"{address}?{query}{quote(HOSTILE_TEXT)}")
            assert page.locator("#mxverdict").count() == 1


@WITH_AND_WITHOUT
def test_a_report_in_hand_is_answered_row_by_row(whm: Whm, javascript: bool) -> None:
    page = visit(whm, javascript=javascript)
    page.get_by_role("link", name="A report in hand").click()
    expect(page.get_by_label("Text of the report")).to_be_visible()
    if javascript:
        fits(page, *WIDTHS, picture="explain-form")
    with nothing_runs(page):
        page.get_by_label("Text of the report").fill(REPORT)
        page.get_by_role("button", name="Explain").click()
        complaints = page.get_by_role("heading", name="What the report complains of")
        expect(complaints).to_be_visible()
        for row, verdict in VERDICTS:
            expect(page.locator("tr", has_text=row).locator(".verdict").first).to_have_text(verdict)
        unknown = page.locator("table", has_text="What it looks like")
        expect(unknown).to_contain_text("Not frobnicated")
        if javascript:
            fits(page, *WIDTHS, picture="explain")
    page.reload()
    expect(complaints).to_be_visible()


def test_the_report_is_downloaded(whm: Whm) -> None:
    page = visit(whm)
    check(page)
    has_sentence(page, SUMMARY)
    for kind, ending in (("HTML", ".html"), ("text", ".txt")):
        with page.expect_download() as started:
            page.get_by_role("link", name=kind, exact=True).click()
        file = started.value
        assert re.fullmatch(rf"mxverdict-{DOMAIN}-\d{{8}}-\d{{4}}{ending}", file.suggested_filename)
        assert SUMMARY in " ".join(file.path().read_text().split())
