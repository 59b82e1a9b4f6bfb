"""A sandbox with the page in its WHM, and Chromium to visit it."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from mxverdict import window
from mxverdict.host import Host
from mxverdict.window import Window
from tests.sandbox.box import Sandbox
from tests.sandbox.plugin import install_plugin
from tests.sandbox.server_files import REPOSITORY
from tests.sandbox.whm.certificate import host_certificate
from tests.sandbox.whm.defaults import PASSWORDS

if TYPE_CHECKING:
    from tests.browser.looking import Looks

SECONDS = 1000
"""Playwright counts milliseconds."""
PATIENCE = 30 * SECONDS
"""For what is waited for without a bound of its own: nothing is lost by it where all is well."""
expect.set_options(timeout=PATIENCE)
SCREENSHOTS = REPOSITORY / "screenshots"
_CHROMIUM = "/usr/bin/chromium-headless-shell"
"""Opening a page in it takes a sixth of the CPU time that the whole browser takes without a screen."""
_OPTIONS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)


@dataclass(frozen=True)
class _Login:
    user: str
    javascript: bool
    context: BrowserContext
    home: str


class Whm:
    """The sandbox's WHM as visitors meet it. `complaints` gathers what no page may cause.

    A visitor's login, and what the browser keeps of our pages, outlives the pages: it is taken up again by
    the next visitor of that name. Pages are answered by `ready_page`, unless each request is to start the
    installed program as on a server.
    """

    def __init__(self, box: Sandbox, browser: Browser, *, installed: bool = False) -> None:
        self.box = box
        host_certificate(box.root).write_bytes(_certificate())
        self.url = box.start_whm()
        self.path = install_plugin(box.root)
        self.installed = installed
        if not installed:
            box.start_ready("ready_page")
        self.complaints: list[str] = []
        self._browser = browser
        self._logins: list[_Login] = []
        for context in browser.contexts:
            if not context.pages:
                context.close()

    def log_in(
        self,
        user: str = "root",
        *,
        javascript: bool = True,
        width: int = 1280,
    ) -> Page:
        """A page that shows WHM's start page after the login of `user`, which no other page shares."""
        for login in self._logins:
            if (login.user, login.javascript) == (user, javascript) and not login.context.pages:
                login.context.set_extra_http_headers({})
                page = self._new_page(login.context, width)
                page.goto(login.home)
                return page
        context = self._browser.new_context(ignore_https_errors=True, java_script_enabled=javascript)
        context.set_default_timeout(PATIENCE)
        page = self._new_page(context, width)
        page.goto(f"{self.url}/login/")
        page.fill("[name=user]", user)
        page.fill("[name=pass]", PASSWORDS[user])
        page.press("[name=pass]", "Enter")
        page.wait_for_url("**/cpsess*/**")
        self._logins.append(_Login(user, javascript, context, page.url))
        return page

    def open(
        self,
        user: str = "root",
        *,
        javascript: bool = True,
        width: int = 1280,
        query: str = "",
    ) -> Page:
        """Our page, opened after a login."""
        page = self.log_in(user, javascript=javascript, width=width)
        page.goto(self.address(page) + query)
        return page

    def address(self, page: Page) -> str:
        """The URL of our page within the login that `page` belongs to."""
        security_token = page.url.split("/")[3]
        return f"{self.url}/{security_token}{self.path}"

    def leave(self) -> None:
        """Close all pages."""
        for login in self._logins:
            for page in login.context.pages:
                page.close()

    def close_windows(self) -> None:
        done = self.box.run([sys.executable, "-m", "mxverdict.cli.main", "window", "close", "--all"])
        assert done.returncode == 0, done.stderr

    def windows(self) -> list[Window]:
        return window.open_windows(Host(self.box.root))

    def move_deadline(self, seconds: float) -> None:
        """Let the open windows end in `seconds`, as if they had been opened long ago."""
        with closing(sqlite3.connect(Host(self.box.root).journal)) as journal, journal:
            journal.execute("UPDATE windows SET deadline = ? WHERE state = 'open'", [time.time() + seconds])

    def _new_page(self, context: BrowserContext, width: int) -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda message: self._listen(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _listen(self, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)


@cache
def _certificate() -> bytes:
    """Make the key and the certificate that cpsrvd has in all sandboxes of this process."""
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout - -subj /CN=whm -days 30"
    return _openssl(request)


def _openssl(words: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words.split()], input=given, capture_output=True, check=True).stdout


def launch(playwright: Playwright) -> Browser:
    """Start a Chromium that trusts `_certificate`: it keeps no file of a server that it does not trust."""
    key = hashlib.sha256(_openssl("pkey -pubout -outform DER", _certificate())).digest()
    trusted = f"--ignore-certificate-errors-spki-list={base64.b64encode(key).decode()}"
    return playwright.chromium.launch(executable_path=_CHROMIUM, args=[*_OPTIONS, trusted])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def running_whm(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Whm]:
    """A module with INSTALLED tests the installed program."""
    with Sandbox() as box:
        yield Whm(box, browser, installed=getattr(request.module, "INSTALLED", False))


@pytest.fixture
def whm(running_whm: Whm) -> Iterator[Whm]:
    """WHM without a test window, before and after."""
    yield running_whm
    running_whm.leave()
    if running_whm.windows():
        running_whm.close_windows()
    complaints, running_whm.complaints = running_whm.complaints, []
    assert complaints == []


@pytest.fixture(scope="session")
def looks(browser: Browser, pytestconfig: pytest.Config) -> Iterator[Looks]:
    """Every page of one server, each looked at once."""
    from tests.browser import looking, states

    with Sandbox(records=states.RECORDS) as box:
        (box.root / "var/log/exim_mainlog").write_text(states.log_lines(time.time()))
        whm = Whm(box, browser)
        states.judge_by_hand(whm)
        yield looking.Looks(whm, pictures=pytestconfig.option.pictures)


def open_whitelist(page: Page, minutes: int = 15, reason: str = "") -> None:
    form = page.locator("form.open")
    form.get_by_label("Minutes").fill(str(minutes))
    form.get_by_label("Reason").fill(reason)
    form.get_by_role("button", name="Open test window").click()
    page.locator(".window.open").wait_for()
    settled(page)


def settled(page: Page) -> None:
    """Wait for the whole of the page that is coming, which is not about to load itself again."""
    page.locator("#mxverdict:not([data-busy='1'])").wait_for()
    page.wait_for_load_state()


def fits(page: Page, *widths: int, picture: str = "") -> None:
    """Laid out in each of `widths`, the page does not scroll sideways. With `picture` it is taken."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        expect(page.locator("html")).to_have_js_property("scrollWidth", width)
        if picture:
            screenshot(page, f"{picture}-{width}")


def screenshot(page: Page, name: str) -> Path:
    SCREENSHOTS.mkdir(exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
