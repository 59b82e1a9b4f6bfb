"""Every page in every state worth a look: how the server is then, how one gets there, who looks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.browser import states
from tests.browser.conftest import SECONDS, Whm
from tests.browser.hand_made import FAIL, WAIT
from tests.unit.report_maker import DOMAIN, SUMMARY

State = Callable[[Whm], AbstractContextManager[None]]
PATIENCE = 10 * SECONDS
REPORT = """SMTP Transaction Time\t15.363 seconds - Not good! on Transaction Time
SMTP Banner Check\tReverse DNS does not match SMTP Banner
SMTP TLS\tWarning - Does not support TLS.
SMTP Open Relay\tOK - Not an open relay.
SMTP Frobnication\tWarning - Not frobnicated
"""


def _sees(selector: str) -> Callable[[Page], None]:
    return lambda page: expect(page.locator(selector).first).to_be_visible(timeout=PATIENCE)


def _sees_a_sentence(page: Page) -> None:
    _sees(".sentence")(page)


@dataclass(frozen=True)
class Scene:
    """One page in one state. `reach` goes on from the address `query` and waits; `user` is who looks."""

    name: str
    query: str = ""
    state: State = states.calm
    reach: Callable[[Page], None] = _sees_a_sentence
    user: str = "root"


def _check(page: Page) -> None:
    page.get_by_label("Domain, host name or address").first.fill(DOMAIN)
    page.get_by_role("button", name="Check", exact=True).first.click()


def _checked(page: Page) -> None:
    _check(page)
    _says(page, SUMMARY)


def _running(page: Page) -> None:
    _check(page)
    _says(page, f"Checking {DOMAIN} …")


def _failed(page: Page) -> None:
    _check(page)
    _says(page, f"{DOMAIN} could not be checked.")


def _answered(page: Page) -> None:
    page.get_by_label("Text of the report").fill(REPORT)
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("heading", name="What the report complains of")).to_be_visible(timeout=PATIENCE)


def _looked(page: Page) -> None:
    page.get_by_role("button", name="Look for new addresses").click()
    _sees("#found-title ~ table")(page)


def _says(page: Page, sentence: str) -> None:
    expect(page.locator(".sentence").first).to_have_text(sentence, timeout=PATIENCE)


SCENES = (
    Scene("main"),
    Scene("main-window", state=states.window_open),
    Scene("main-awaited", state=states.tester_awaited),
    Scene("main-busy", state=states.being_changed),
    Scene("main-failed-close", state=states.close_failed),
    Scene("domain-form", "?view=domain", reach=_sees(".ask")),
    Scene("domain-unchecked", "?view=domain&domain=new.example"),
    Scene(
        "domain-running",
        "?view=domain",
        state=lambda whm: states.said(whm, WAIT, "asking the name servers"),
        reach=_running,
    ),
    Scene(
        "domain-failed",
        "?view=domain",
        state=lambda whm: states.said(whm, FAIL, f"{DOMAIN}: 192.0.2.1 is not an address of this server"),
        reach=_failed,
    ),
    Scene("domain", "?view=domain", reach=_checked),
    Scene("explain-form", "?view=explain", reach=_sees(".ask")),
    Scene("explain", "?view=explain", reach=_answered),
    Scene("log", "?view=log&days=1", reach=_sees(".came")),
    Scene("log-found", "?view=log&days=7", reach=_looked),
    Scene("refused", "?view=nothing", reach=_sees("[role=alert]")),
)
