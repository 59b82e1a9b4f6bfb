"""A check that runs: the bar moves, rows appear, and nothing that a visitor does is lost over it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from mxverdict.host import Host
from mxverdict.services import check
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import checks
from tests.browser.conftest import SECONDS, Whm, fits
from tests.browser.states import import_first
from tests.sandbox.box import Sandbox
from tests.unit.domain_evidence_maker import NAME, PARTS, whole
from tests.unit.steered_check import END, FAR, FOLDER

WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
SOON = 15 * SECONDS
SUMMARY = check.judge_evidence(whole()).domains[0].summary
PASTED = "SMTP TLS\tWarning - Does not support TLS.\nDNS Record Published\tDNS Record not found\n"


class Steered:
    """The check that runs on `whm`; `go_on` lets it find parts."""

    def __init__(self, whm: Whm) -> None:
        self.whm = whm
        self.folder = whm.box.root / FOLDER

    def go_on(self, *parts: str) -> None:
        for part in parts:
            (self.folder / part).touch()

    def far(self, count: int) -> None:
        draft = self.folder / "draft"
        draft.write_text(str(count))
        draft.replace(self.folder / FAR)

    def visit(self, javascript: bool = True, view: str = f"domain&domain={NAME}") -> Page:
        page = self.whm.log_in(javascript=javascript)
        page.goto(f"{self.whm.address(page)}?view={view}")
        return page

    def start(self, page: Page) -> None:
        page.get_by_role("button", name=re.compile("Check (again|now)")).click()
        expect(page.locator("progress")).to_be_visible(timeout=SOON)


@pytest.fixture(scope="module")
def running_whm(browser: Browser) -> Iterator[Whm]:
    with Sandbox() as box:
        whm = Whm(box, browser)
        import_first(whm, "tests.browser.steered")
        yield whm


@pytest.fixture
def steered(whm: Whm) -> Iterator[Steered]:
    folder: Path = whm.box.root / FOLDER
    folder.mkdir()
    yield Steered(whm)
    (folder / END).touch()
    queue.wait(Host(whm.box.root), checks.domain_job(NAME), 20)
    shutil.rmtree(folder)


def rows(page: Page) -> Locator:
    return page.locator("#mxverdict-check td.said")


def known(page: Page) -> int:
    """How many rows the page says it has while others are looked for."""
    told = page.get_by_role("status").filter(has_text="so far").inner_text()
    return int(told.removesuffix(" rows are known so far."))


def row(page: Page, name: str) -> Locator:
    return page.locator("#mxverdict-check tr", has=page.locator("b", has_text=name))


def value(page: Page) -> float:
    far, whole = (page.locator("progress").get_attribute(name) for name in ("value", "max"))
    return float(far or 0) / float(whole or 1)


def fold(page: Page, title: str) -> Locator:
    return page.locator("details.fold", has=page.locator("> summary", has_text=title))


def mark(page: Page) -> Locator:
    """What is gone from a page that is loaded again."""
    page.evaluate("document.documentElement.dataset.marked = ''")
    return page.locator("html[data-marked]")


@WITH_AND_WITHOUT
def test_rows_appear_and_the_bar_moves(steered: Steered, javascript: bool) -> None:
    page = steered.visit(javascript)
    steered.start(page)
    expect(page.get_by_text("Name servers are still being asked.")).to_be_visible(timeout=SOON)
    expect(rows(page)).to_have_count(0)
    steered.go_on("settings", "zone")
    expect(row(page, "DNS Record Published")).to_be_attached(timeout=SOON)
    expect(page.get_by_text("Name servers are still being asked.")).to_have_count(0)
    before, first = value(page), known(page)
    expect(rows(page)).to_have_count(first)
    assert 0 < before < 1
    steered.go_on("policy", "outgoing")
    expect(rows(page).nth(first)).to_be_attached(timeout=SOON)
    steered.go_on(*(part for part in PARTS if part != "blocklists"))
    steered.far(12)
    expect(page.locator("[data-step]")).to_have_text("12 of 31 blocklists asked", timeout=SOON)
    assert before < (between := value(page)) < 1
    steered.far(30)
    expect(page.locator("[data-step]")).to_have_text("30 of 31 blocklists asked", timeout=SOON)
    assert between < value(page) < 1
    expect(page.locator("ul.looking li")).to_have_text(["Blocklists are still being asked."])
    if javascript:
        fits(page, 360, 1280, 2560, picture="progress")
    steered.go_on(END)
    expect(page.locator(".sentence")).to_have_text(SUMMARY, timeout=SOON)
    expect(page.locator("progress")).to_have_count(0)


def test_what_is_unfolded_and_where_the_keyboard_is_stay(steered: Steered) -> None:
    page = steered.visit()
    steered.start(page)
    marked = mark(page)
    steered.go_on("zone")
    passed = fold(page, "Passed")
    passed.locator("> summary").click(timeout=SOON)
    proof = passed.locator("td details").first
    name = proof.get_attribute("id")
    proof.locator("> summary").focus()
    page.keyboard.press("Enter")
    expect(proof).to_have_attribute("open", "")
    count = rows(page).count()
    for parts in (("policy", "outgoing"), ("hosts",), ("previews", "greeting", "names", "log"), (END,)):
        steered.go_on(*parts)
        expect(rows(page).nth(count)).to_be_attached(timeout=SOON)
        count = rows(page).count()
        expect(passed).to_have_attribute("open", "")
        expect(page.locator(f"#{name}")).to_have_attribute("open", "")
        focused = page.evaluate("[document.activeElement.tagName, document.activeElement.parentElement.id]")
        assert focused == ["SUMMARY", name]
    expect(page.locator(".sentence")).to_have_text(SUMMARY, timeout=SOON)
    expect(marked, "the page was not loaded again").to_have_count(1)


def test_what_is_at_the_top_of_the_screen_stays_there(steered: Steered) -> None:
    page = steered.visit()
    page.set_viewport_size({"width": 1280, "height": 300})
    steered.start(page)
    steered.go_on("zone", "policy", "outgoing")
    passed = fold(page, "Passed")
    passed.locator("> summary").click(timeout=SOON)
    expect(row(page, "SPF Record Published")).to_be_attached(timeout=SOON)
    seen = page.locator(f"#{passed.locator('td details').nth(5).get_attribute('id')}")
    seen.evaluate("element => element.scrollIntoView()")
    assert page.evaluate("scrollY") > 0
    top = seen.evaluate("element => element.getBoundingClientRect().top")
    steered.go_on("blocklists")
    expect(page.get_by_text("Blocklists are still being asked.")).to_have_count(0, timeout=SOON)
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    after = seen.evaluate("element => element.getBoundingClientRect().top")
    assert abs(after - top) < 60, "no row jumped away"


def test_a_text_that_is_being_marked_is_left_alone(steered: Steered) -> None:
    page = steered.visit()
    steered.start(page)
    steered.go_on("zone")
    fold(page, "Passed").locator("> summary").click(timeout=SOON)
    count = rows(page).count()
    rows(page).first.evaluate("cell => getSelection().selectAllChildren(cell)")
    chosen = page.evaluate("String(getSelection())")
    steered.go_on("policy", "outgoing")
    fresh = 0
    while fresh <= count:  # it is asked for again until it can be put in
        with page.expect_response(re.compile("part=rows"), timeout=SOON) as answer:
            pass
        fresh = answer.value.text().count('class="said"')
    page.wait_for_timeout(500)
    assert rows(page).count() == count
    assert page.evaluate("String(getSelection())") == chosen
    page.evaluate("getSelection().removeAllRanges()")
    expect(rows(page).nth(count)).to_be_attached(timeout=SOON)


def test_rows_that_cannot_be_told_are_not_asked_for_over_and_over(steered: Steered) -> None:
    page = steered.visit()
    steered.start(page)
    marked = mark(page)
    page.route(
        re.compile("part=rows"),
        lambda route: route.fulfill(
            content_type="text/html", body='<p role="alert">Something went wrong.</p>'
        ),
    )
    steered.go_on("settings", "zone")
    expect(marked).to_have_count(0, timeout=SOON)


def test_two_visitors_see_the_same_check(steered: Steered) -> None:
    first, second = steered.visit(), steered.visit()
    steered.start(first)
    steered.start(second)
    steered.go_on("zone")
    for page in (first, second):
        expect(rows(page).first).to_be_attached(timeout=SOON)
    assert rows(first).count() == rows(second).count()
    steered.far(7)
    steered.go_on(*(part for part in PARTS if part != "blocklists"))
    for page in (first, second):
        expect(page.locator("[data-step]")).to_have_text("7 of 31 blocklists asked", timeout=SOON)
    steered.go_on(END)
    for page in (first, second):
        expect(page.locator(".sentence")).to_have_text(SUMMARY, timeout=SOON)
    lines = (steered.whm.box.root / "var/lib/mxverdict/jobs" / checks.domain_job(NAME)).read_text()
    assert lines.count('"done", "text"') == 1, "one check for both"


@WITH_AND_WITHOUT
def test_who_leaves_finds_the_check_again(steered: Steered, javascript: bool) -> None:
    page = steered.visit(javascript)
    steered.start(page)
    steered.go_on("zone")
    page.get_by_role("link", name="A report in hand").click()
    page.get_by_role("link", name="A domain", exact=True).click()
    expect(page.locator(".lately")).to_contain_text(f"{NAME} (now)")
    page.get_by_role("link", name=NAME, exact=True).click()
    expect(rows(page).first).to_be_attached(timeout=SOON)
    expect(page.locator("progress")).to_be_visible()
    steered.go_on(END)
    expect(page.locator(".sentence")).to_have_text(SUMMARY, timeout=SOON)


def test_who_comes_back_by_the_browser_finds_it_too(steered: Steered) -> None:
    page = steered.visit()
    steered.start(page)
    steered.go_on("zone")
    expect(rows(page).first).to_be_attached(timeout=SOON)
    page.get_by_role("link", name="A report in hand").click()
    steered.go_on("policy", "outgoing")
    page.go_back()
    expect(row(page, "SPF Record Published")).to_be_attached(timeout=SOON)


def test_a_killed_check_says_so_and_can_be_started_again(steered: Steered) -> None:
    page = steered.visit()
    steered.start(page)
    marked = mark(page)
    steered.go_on("zone")
    expect(rows(page).first).to_be_attached(timeout=SOON)
    job = steered.whm.box.root / "var/lib/mxverdict/jobs" / checks.domain_job(NAME)
    done = steered.whm.box.run(["fuser", "-k", "-s", str(job)])
    assert done.returncode == 0, done.stderr
    expect(page.get_by_role("alert")).to_contain_text("The work was interrupted.", timeout=SOON)
    expect(marked).to_have_count(1)
    steered.start(page)
    steered.go_on(END)
    expect(page.locator(".sentence")).to_have_text(SUMMARY, timeout=SOON)


@WITH_AND_WITHOUT
def test_a_pasted_report_is_answered_row_by_row_as_checks_arrive(steered: Steered, javascript: bool) -> None:
    page = steered.visit(javascript, "explain")
    page.get_by_label("Text of the report").fill(PASTED)
    page.get_by_label("What it is about").fill(NAME)
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("0 of 2 rows are answered so far.")).to_be_visible(timeout=SOON)
    steered.go_on("zone")
    expect(page.get_by_text("1 of 2 rows are answered so far.")).to_be_visible(timeout=SOON)
    expect(row(page, "DNS Record Published")).to_be_visible()
    expect(row(page, "SMTP TLS")).to_have_count(0)
    steered.go_on(END)
    expect(row(page, "SMTP TLS").locator(".verdict")).to_have_text("OK", timeout=SOON)
    expect(page.locator("progress")).to_have_count(0)
