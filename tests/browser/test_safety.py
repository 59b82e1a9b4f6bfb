"""What the page refuses, and that nothing from outside becomes markup or script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import APIResponse, Browser, Dialog, Page, expect

from tests.browser.conftest import Whm, open_whitelist
from tests.sandbox.whm.access import Token
from tests.sandbox.whm.defaults import ALICE_TOKEN, ROOT_READING_TOKEN, ROOT_TOKEN

INSTALLED = True
OPEN = {"kind": "whitelist", "tester": "mxtoolbox", "minutes": "5"}


def token(page: Page) -> str:
    value = page.locator("form.open input[name=token]").first.get_attribute("value")
    assert value
    return value


def post(page: Page, url: str, form: dict[str, str]) -> APIResponse:
    return page.request.post(url, form={**form}, max_redirects=0)


@contextmanager
def registered_for_anybody(whm: Whm) -> Iterator[None]:
    """WHM lets every login through to the page, whose own gate is then the only one."""
    conf = whm.box.root / "var/cpanel/apps/mxverdict.conf"
    registered = conf.read_text()
    conf.write_text(registered.replace("acls=software-mxverdict", "acls=any"))
    try:
        yield
    finally:
        conf.write_text(registered)


def test_a_reseller_without_the_privilege_does_not_get_past_whm(whm: Whm) -> None:
    page = whm.log_in("bob")
    answer = page.request.get(whm.address(page))
    assert answer.status == 403
    assert "MXToolbox" not in answer.text()


def test_a_reseller_whom_whm_lets_through_is_refused_by_the_page(whm: Whm) -> None:
    with registered_for_anybody(whm):
        page = whm.open("bob")
        expect(page.get_by_role("alert")).to_contain_text(
            "This page needs root privileges in WHM, or the privilege"
        )
        assert page.locator("form").count() == 0
        forged = post(page, f"{whm.address(page)}?action=open", {**OPEN, "token": "x"})
        assert forged.status == 403
    assert whm.windows() == []


@pytest.mark.parametrize(
    "given, status",
    [(ROOT_TOKEN, 200), (ROOT_READING_TOKEN, 403), (ALICE_TOKEN, 200)],
    ids=lambda value: f"{value.user}-{value.name}" if isinstance(value, Token) else str(value),
)
def test_an_api_token_counts_for_its_own_privileges(
    whm: Whm, browser: Browser, given: Token, status: int
) -> None:
    visitor = browser.new_context(
        ignore_https_errors=True, extra_http_headers={"Authorization": f"whm {given.user}:{given.secret}"}
    )
    with registered_for_anybody(whm):
        answer = visitor.request.get(f"{whm.url}{whm.path}")
    assert answer.status == status
    assert "<form" not in answer.text()


def test_a_form_without_the_right_token_changes_nothing(whm: Whm) -> None:
    page = whm.open()
    other = token(whm.open())
    own = token(page)
    assert other != own
    url = f"{whm.address(page)}?action=open"
    for wrong in ({}, {"token": ""}, {"token": other}, {"token": own[:-1]}, {"token": own + "é"}):
        answer = post(page, url, {**OPEN, **wrong})
        assert answer.status == 403
        assert "no longer valid" in answer.text()
    assert whm.windows() == []


def test_an_action_by_get_is_no_action(whm: Whm) -> None:
    page = whm.open()
    query = "&".join(f"{name}={value}" for name, value in {**OPEN, "token": token(page)}.items())
    answer = page.request.get(f"{whm.address(page)}?action=open&{query}")
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert whm.windows() == []


WRONG_FIELDS = (
    {"minutes": "0"},
    {"minutes": "241"},
    {"minutes": "9999"},
    {"minutes": "1.5"},
    {"minutes": ""},
    {"minutes": "١٥"},
    {"tester": "nobody"},
    {"tester": "swaks"},
    {"kind": "everything"},
    {"reason": "x" * 201},
)


def test_wrong_fields_are_refused_in_one_plain_line(whm: Whm) -> None:
    page = whm.open()
    right = {**OPEN, "token": token(page)}
    for wrong in WRONG_FIELDS:
        answer = post(page, f"{whm.address(page)}?action=open", {**right, **wrong})
        assert (answer.status, wrong) == (400, wrong)
        assert 'role="alert"' in answer.text()
    assert whm.windows() == []


def test_closing_a_window_that_is_not_there_says_so(whm: Whm) -> None:
    page = whm.open()
    answer = post(page, f"{whm.address(page)}?action=close", {"id": "999", "token": token(page)})
    assert answer.status == 303
    page.goto(whm.address(page) + answer.headers["location"])
    expect(page.get_by_role("alert")).to_have_text("There is no window 999.")


def test_hostile_text_is_shown_and_does_nothing(whm: Whm) -> None:
    whm.box.configure(banner="<img src=x onerror=alert(1)> \\x1b[31m <script>alert(2)</script>")
    try:
        page = whm.open()
        dialogs: list[str] = []

        def dismiss(dialog: Dialog) -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        reason = '"><script>alert(3)</script> \u202egnp.exe'
        open_whitelist(page, 5, reason)
        assert page.locator("#mxverdict img, #mxverdict script").count() == 0
        expect(page.locator(".window")).to_contain_text('"><script>alert(3)</script> \\u202egnp.exe')
        card = page.locator(".tester").first.locator("details.card").first
        card.get_by_text("Transcript").click()
        expect(card.locator("pre")).to_contain_text("<img src=x onerror=alert(1)> \\x1b[31m <script>")
        assert dialogs == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        whm.box.configure(banner=None)


def test_the_policy_forbids_inline_script(whm: Whm) -> None:
    page = whm.open()
    with page.expect_console_message(lambda said: "Content Security Policy" in said.text):
        page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
            " document.getElementById('mxverdict').append(s); }"
        )
    assert page.evaluate("window.ran") is None
    whm.complaints.clear()


def test_headers_of_the_page(whm: Whm) -> None:
    page = whm.log_in()
    headers = page.request.get(whm.address(page)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["content-security-policy"].count("'unsafe-inline'") == 1, "for WHM's styles around ours"
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers


def test_no_link_loses_the_security_token(whm: Whm) -> None:
    page = whm.open()
    ours = page.locator("#mxverdict").inner_html()
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', ours)
    assert addresses
    assert all(address.startswith(("?", "#")) for address in addresses)
