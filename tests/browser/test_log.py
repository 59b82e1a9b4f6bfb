"""What the log says, on the page: visits of the stand-in tester, refused senders, the delay."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.conftest import SECONDS, Whm, fits, open_whitelist, settled
from tests.sandbox.box import TESTER, Sandbox
from tests.sandbox.names import Records

WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
WIDTHS = (360, 1280)
STRANGER = "198.51.100.7"
NEW, LIAR = "198.51.100.201", "198.51.100.202"
NAME = "keeper-eu-west-1a.mxtoolbox.com"
RECORDS: Records = {(NEW, "PTR"): (NAME,), (NAME, "A"): (NEW,), (LIAR, "PTR"): ("host.liar.example",)}
HOSTILE = "<img/src=x.y/onerror=alert(1)><script>alert(2)</script>"

_REFUSED = """
import smtplib
with smtplib.SMTP("203.0.113.10", source_address=(%r, 0)) as client:
    client.ehlo(%r)
    client.docmd("MAIL", "FROM:<news@nope.invalid>")
    client.docmd("RCPT", "TO:<info@shop.example>")
"""


def before(now: float) -> str:
    """The log of the day before the sandbox was there, with hostile names wherever a visitor chooses one."""
    lines = []
    for hour in range(20, 0, -1):
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now - hour * 3600))
        for number in range(4 + hour % 7):
            peer = f"[198.51.100.{10 + number}]:{4000 + hour}"
            lines += [f"{at} SMTP connection from {peer} (TCP/IP connection count = 1)"]
            lines += [
                f"{at} SMTP connection from {peer} " + ("lost D=1s" if number % 3 else "closed by QUIT")
            ]
        host = f"H=mx.example.org ({HOSTILE}) [198.51.100.200]:{4000 + hour}"
        said = f"Could not complete sender verify callout: {HOSTILE}"
        lines += [f"{at} {host} sender verify defer for <{HOSTILE}@slow.example>: {said}"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def running_whm(browser: Browser) -> Iterator[Whm]:
    """The tester has been here twice: once it waited, once it gave up. A stranger was refused."""
    with Sandbox(records=RECORDS, connect_delay=1, rcpt_delay=0) as box:
        box.add_outside(NEW, LIAR)
        now = time.time()
        (box.root / "var/log/exim_mainlog-20261124").write_text(before(now))
        whm = Whm(box, browser)
        with ThreadPoolExecutor(4) as pool:
            visits = [pool.submit(box.visit, address, patience=6.0, ehlo=NAME) for address in (NEW, LIAR)]
            visits += [pool.submit(box.visit, patience=0.5)]
            words = [sys.executable, "-c", _REFUSED % (STRANGER, HOSTILE)]
            box.run(words, namespace=box.outside, check=True)
            for visit in visits:
                visit.result()
        box.visit(patience=6.0, ehlo=HOSTILE)
        yield whm


def log(whm: Whm, *, javascript: bool = True, days: int = 1) -> Page:
    page = whm.log_in(javascript=javascript)
    page.goto(f"{whm.address(page)}?view=log&days={days}")
    read(page)
    return page


def read(page: Page) -> None:
    """Wait for a page that is not about to tell more, because the log is read."""
    expect(page.locator("[data-busy='0'] .came").first).to_be_visible()
    settled(page)


@WITH_AND_WITHOUT
def test_visits_are_told_with_their_end(whm: Whm, javascript: bool) -> None:
    page = whm.open(javascript=javascript)
    page.get_by_role("link", name="What the log says").click()
    rows = page.locator(".came tbody tr")
    expect(rows).to_have_count(2)
    expect(page.locator(".sentence")).to_have_text("MXToolbox was here 2 times in the last 24 hours.")
    expect(rows.nth(0)).to_contain_text("got through and was rightly refused relaying, then said QUIT")
    expect(rows.nth(0)).to_contain_text("MXToolbox says: OK - Not an open relay.")
    expect(rows.nth(1)).to_contain_text("left before it said a word")
    for row in rows.all():
        expect(row).to_contain_text(TESTER)
        expect(row).to_contain_text("UTC")
    page.get_by_role("link", name="Last 7 days").click()
    expect(page.locator(".sentence")).to_have_text("MXToolbox was here 2 times in the last 7 days.")


def test_the_page_waits_for_the_tester_and_tells_what_it_met(whm: Whm) -> None:
    page = whm.open()
    page.get_by_label("Close earlier").check()
    page.get_by_role("button", name="Open test window").click()
    waiting = page.locator(".waiting")
    expect(waiting).to_contain_text("Waiting for the tester")
    fits(page, *WIDTHS, picture="log-waiting")
    whm.box.visit(patience=6.0)
    expect(waiting).to_have_count(0, timeout=40 * SECONDS)
    notice = page.locator(".notice", has_text="The tester has been here")
    expect(notice).to_contain_text(f"The tester came from {TESTER}")
    expect(notice).to_contain_text("MXToolbox says: OK - Not an open relay.")
    fits(page, *WIDTHS, picture="log-tested")


def test_a_window_that_stays_open_tells_who_came(whm: Whm) -> None:
    page = whm.open()
    open_whitelist(page)
    expect(page.get_by_text("Waiting for the tester")).to_be_visible()
    whm.box.visit(patience=6.0)
    expect(page.locator(".waiting li")).to_contain_text("got through")
    expect(page.get_by_text("Waiting for the tester")).to_be_hidden()
    assert [one.state for one in whm.windows()] == ["open"]


def test_a_refused_sender_is_let_past_with_one_click(whm: Whm) -> None:
    page = log(whm)
    row = page.locator("#refused-title + p + table tbody tr", has_text=STRANGER)
    expect(row).to_contain_text("nope.invalid")
    expect(row).to_contain_text("The domain takes no mail")
    row.get_by_label("Minutes").fill("5")
    row.get_by_role("button", name="Let past").click()
    expect(page.locator(".notice.good")).to_have_text("The test window is open.")
    page.get_by_role("link", name="Show").click()
    window = page.locator(".window.open")
    expect(window.locator(".waiting")).to_have_count(0)
    expect(window.locator("h3")).to_have_text(f"{STRANGER} let past the delay")
    assert [one.networks for one in whm.windows()] == [(STRANGER,)]


def test_what_the_delay_does_is_a_picture_and_a_table(whm: Whm) -> None:
    page = log(whm)
    expect(page.get_by_role("img", name=re.compile("^Connections by time"))).to_be_visible()
    assert page.locator("svg rect.delay").count() == page.locator(".figures tbody tr").count() > 20
    assert "left during the delay" in (page.locator("svg desc").text_content() or "")
    fits(page, *WIDTHS, picture="log")
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    fits(page, *WIDTHS, picture="log-unfolded")


def test_hostile_names_in_the_log_do_nothing(whm: Whm) -> None:
    page = whm.log_in()
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.goto(f"{whm.address(page)}?view=log&days=7")
    read(page)
    expect(page.locator(".came")).to_contain_text(HOSTILE)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    expect(page.locator(".refused").first).to_contain_text(HOSTILE)
    assert dialogs == []
    assert page.locator("#mxverdict img, #mxverdict script").count() == 0


def test_a_refused_sender_is_let_past_for_good_and_no_more(whm: Whm) -> None:
    page = log(whm)
    row = page.locator("#refused-title + p + table tbody tr", has_text=STRANGER)
    row.get_by_role("button", name="For good").click()
    entry = page.locator(".kept li", has_text=STRANGER)
    expect(entry).to_be_visible()
    listed = whm.box.root / "etc/senderverifybypasshosts"
    assert STRANGER in listed.read_text()
    page.get_by_role("link", name="What the log says").click()
    expect(page.locator(".notice.good")).to_have_count(0)
    expect(entry).to_be_visible()
    fits(page, *WIDTHS, picture="log-permanent")
    entry.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The address is no longer let past.")).to_be_visible()
    assert STRANGER not in listed.read_text()
    expect(entry).to_have_count(0)


def test_new_addresses_of_a_tester_are_offered_added_and_removed(whm: Whm) -> None:
    page = log(whm, javascript=False)
    page.get_by_role("button", name="Look for new addresses").click()
    new, liar = (page.locator("#found-title ~ table tr", has_text=one) for one in (NEW, LIAR))
    expect(new).to_contain_text(f"its reverse name is {NAME}")
    expect(liar).to_contain_text("is not under mxtoolbox.com")
    expect(liar.get_by_role("button")).to_have_count(0)
    fits(page, *WIDTHS, picture="log-found")
    new.get_by_role("button", name="Add").click()
    kept = page.get_by_text(f"{NEW} is kept as an address of MXToolbox.")
    expect(kept).to_be_visible()
    page.get_by_role("link", name="What the log says").click()
    expect(new).to_have_count(0)
    page.locator(".kept li", has_text=NEW).get_by_role("button", name="Remove").click()
    expect(page.get_by_text(f"{NEW} is forgotten")).to_be_visible()
