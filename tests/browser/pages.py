"""Every page in every state worth a look: how the server is then, how one gets there, who looks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from playwright.sync_api import Page, expect

from mxverdict.i18n.message import Message
from tests.browser import states
from tests.browser.conftest import SECONDS, Whm
from tests.browser.hand_made_files import FAIL, WAIT
from tests.unit.report_maker import DOMAIN

State = Callable[[Whm], AbstractContextManager[None]]
PATIENCE = 10 * SECONDS
_CALM = "[data-busy='0']"
"""A page that is not about to load itself again."""
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
    """One page in one state. `reach` goes on from the address `query` and waits; `user` is who looks, with a
    browser that asks for `language`."""

    name: str
    query: str = ""
    state: State = states.calm
    reach: Callable[[Page], None] = _sees_a_sentence
    user: str = "root"
    language: str = "en"


def _check(page: Page, until: str) -> None:
    page.locator("#ask-domain").fill(DOMAIN)
    page.locator("#ask-domain").press("Enter")
    _sees(until)(page)


def _checked(page: Page) -> None:
    _check(page, ".bar")


def _running(page: Page) -> None:
    _check(page, "[data-step]")


def _failed(page: Page) -> None:
    _check(page, ".notice.bad")


def _answered(page: Page) -> None:
    page.locator("#paste-text").fill(REPORT)
    page.locator("form:has(#paste-text) button").click()
    _sees("tr.not_run")(page)


def _looked(page: Page) -> None:
    page.locator("form[action='?action=find-testers'] button").click()
    _sees(f"{_CALM} #found-title ~ table")(page)


def _saved(page: Page) -> None:
    page.locator(".settings button.main").click()
    _sees(".notice.good")(page)


def _mistaken(page: Page) -> None:
    page.locator("#contact").fill("nobody@-.example.")
    page.locator(".settings").evaluate("form => { form.noValidate = true; }")
    page.locator(".settings button.main").click()
    _sees(".complaint")(page)


def _opened(page: Page) -> None:
    page.locator("#whitelist-reason").fill("I test my shop")
    page.locator("form:has(#whitelist-reason) button").click()
    _sees(f"{_CALM} .window.open")(page)


def _downloaded(page: Page) -> None:
    """The file alone, as a customer opens it."""
    answer = page.request.get(page.url.split("?")[0] + "?view=report&format=html")
    assert answer.status == 200
    with NamedTemporaryFile(suffix=".html") as file:
        file.write(answer.body())
        file.flush()
        page.goto(Path(file.name).as_uri())


_ENGLISH = (
    Scene("main"),
    Scene("main-window", state=states.window_open),
    Scene("main-awaited", state=states.tester_awaited),
    Scene("main-busy", state=states.being_changed),
    Scene("main-failed-close", state=states.close_failed),
    Scene("main-alone", state=states.alone),
    Scene("domain-form", "?view=domain", state=states.window_open, reach=_sees(".ask")),
    Scene("domain-unchecked", "?view=domain&domain=new.example", state=states.close_failed),
    Scene(
        "domain-running",
        "?view=domain",
        state=lambda whm: states.said(whm, WAIT, Message("asking the name servers")),
        reach=_running,
    ),
    Scene(
        "domain-failed",
        "?view=domain",
        state=lambda whm: states.said(
            whm, FAIL, Message("{name} does not resolve: it does not exist, or has no address", name=DOMAIN)
        ),
        reach=_failed,
    ),
    Scene("domain", "?view=domain", reach=_checked),
    Scene("explain-form", "?view=explain", reach=_sees(".ask")),
    Scene("explain", "?view=explain", reach=_answered),
    Scene("rule", "?view=rule&id=smtp.transaction.time", reach=_sees(".rule")),
    Scene("rules", "?view=rule", reach=_sees(".rules")),
    Scene("testers", "?view=testers", reach=_sees(".compared")),
    Scene("testers-window", "?view=testers", state=states.window_open, reach=_sees(".compared")),
    Scene("log", "?view=log&days=1", reach=_sees(f"{_CALM} .came")),
    Scene(
        "log-permanent",
        "?view=log&days=1",
        state=states.let_past_for_good,
        reach=_sees(f"{_CALM} .kept"),
    ),
    Scene("log-found", "?view=log&days=7", reach=_looked),
    Scene("history", "?view=history", reach=_sees(".acts tbody tr")),
    Scene("settings", "?view=settings", reach=_sees(".settings")),
    Scene("settings-mistaken", "?view=settings", reach=_mistaken),
    Scene("settings-saved", "?view=settings", reach=_saved),
    Scene("settings-alone", "?view=settings", state=states.alone, reach=_sees(".settings")),
    Scene("no-such-page", "?view=nothing", reach=_sees("[role=alert]")),
    Scene("report", reach=_downloaded),
    Scene("reseller", user="alice"),
    Scene("reseller-window", state=states.resellers_may_open, reach=_opened, user="alice"),
    Scene("reseller-domain", "?view=domain", reach=_checked, user="alice"),
    Scene("reseller-history", "?view=history", reach=_sees("h2"), user="alice"),
    Scene("reseller-refused", "?view=log", reach=_sees("[role=alert]"), user="alice"),
)
_GERMAN = (
    "main",
    "main-window",
    "main-failed-close",
    "domain-failed",
    "domain",
    "explain",
    "testers",
    "log",
    "history",
    "settings",
    "reseller",
)
SCENES = (
    *_ENGLISH,
    *(replace(scene, name=f"{scene.name}-de", language="de") for scene in _ENGLISH if scene.name in _GERMAN),
)
