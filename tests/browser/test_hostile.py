"""Hostile texts from everywhere, in every place where they are shown: they are read, and nothing happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from mxverdict.host import Host
from tests.browser.conftest import SECONDS, Whm, settled
from tests.browser.hand_made_files import FAIL, HOSTILE, REAL, WAIT
from tests.browser.hostile import (
    Payload,
    Watched,
    label,
    payloads,
    printable,
    strings,
    together,
    window_that_says,
    write_audit,
    write_log,
)
from tests.browser.states import RECORDS, judge_by_hand, said
from tests.sandbox.box import Sandbox
from tests.sandbox.peers import Peers
from tests.unit.report_maker import DOMAIN

LANGUAGES = pytest.mark.parametrize("language", ["en", "de"])
ALL = payloads()
SHORT = tuple(one for one in ALL if len(one.text) < 200)


@pytest.fixture(scope="module")
def running_whm(browser: Browser) -> Iterator[Whm]:
    with Sandbox(records=RECORDS) as box:
        whm = Whm(box, browser)
        judge_by_hand(whm)
        write_log(whm, ALL)
        yield whm


@pytest.fixture
def watched(whm: Whm, browser: Browser) -> Watched:
    return Watched(whm, browser)


def written(some: tuple[Payload, ...]) -> str:
    """For a file of text: half a character cannot stand in one."""
    return together(some).encode(errors="replace").decode()


def test_the_watch_sees_what_runs(watched: Watched, whm: Whm) -> None:
    page = watched.go("?view=domain")
    with page.expect_console_message():
        page.evaluate(
            "document.getElementById('mxverdict').innerHTML += '<img src=x onerror=__hit=1 class=hostile>'"
        )
    page.evaluate(
        "new Promise((seen) => {"
        "  const look = () => window.__broken.length ? seen() : setTimeout(look);"
        "  look();"
        "})"
    )
    harm = " ".join(watched.harm())
    assert all(one in harm for one in ("console: ", "against the policy: ", "grown: <img"))
    whm.complaints.clear()


def test_the_banner_and_the_name_of_the_server(whm: Whm, watched: Watched) -> None:
    some = tuple(one for one in printable() if one.name not in ("word", "quotes", "controls"))
    for half in (some[::2], some[1::2]):
        banner = together(half).replace("\\", "\\\\").replace("$", "\\$").replace('"', '\\"')
        whm.box.configure(banner=banner.replace("\\$", "\\\\$"))
        try:
            watched.go()
            expect(watched.page.locator(".card").first).to_be_visible()
            assert watched.harm() == []
            assert "hostile" in watched.text() or "__hit" in watched.text()
        finally:
            whm.box.configure(banner=None)


@LANGUAGES
def test_the_log(watched: Watched, language: str) -> None:
    watched.go("?view=log&days=7", language)
    expect(watched.page.locator("[data-busy='0'] .came")).to_be_visible()
    assert watched.harm([one for one in ALL if one.name in ("script", "image", "vector", "closing")]) == []
    watched.go("", language)
    expect(watched.page.locator(".card").first).to_be_visible()
    assert watched.harm() == []


@LANGUAGES
def test_windows(whm: Whm, watched: Watched, language: str) -> None:
    with window_that_says(whm, together(SHORT)):
        for query in ("", "?view=domain", "?view=history", "?view=testers", "?view=settings"):
            watched.go(query, language)
            assert watched.harm(SHORT if query == "" else ()) == []
    watched.go("", language)
    assert watched.harm(SHORT) == []
    with window_that_says(whm, next(one.text for one in ALL if one.name == "word")):
        watched.go("", language)
        assert watched.harm() == []


def test_the_reason_that_a_visitor_types(whm: Whm, watched: Watched) -> None:
    some = tuple(one for one in SHORT if "\n" not in one.text and "\udcff" not in one.text)
    watched.go()
    for part in (some[0:3], some[6:10]):
        watched.page.locator("#whitelist-reason").fill(together(part)[:200])
        watched.page.locator("form:has(#whitelist-reason) button").click()
        expect(watched.page.locator(".window.open")).to_be_visible()
        settled(watched.page)
        assert watched.harm(part[:2]) == []
        whm.close_windows()
        watched.go()


@LANGUAGES
def test_the_history(whm: Whm, watched: Watched, language: str) -> None:
    write_audit(whm, ALL)
    for kind in ("", "&kind=windows", "&kind=checks", "&kind=refusals", "&kind=settings"):
        watched.go(f"?view=history{kind}", language)
        expect(watched.page.locator(".acts tbody tr").first).to_be_visible()
        assert watched.harm() == []


@LANGUAGES
def test_judged_rows_and_their_report(whm: Whm, watched: Watched, language: str) -> None:
    with said(whm, HOSTILE, written(ALL)):
        watched.go("?view=domain", language)
        watched.page.locator("#ask-domain").fill(DOMAIN)
        watched.page.locator("#ask-domain").press("Enter")
        expect(watched.page.locator(".bar")).to_be_visible()
        assert watched.harm(SHORT) == []
        answer = watched.page.request.get(f"{watched.address}?view=report&format=html&domain={DOMAIN}")
        page = watched.page.context.new_page()
        page.set_content(answer.text())
        assert page.evaluate("window.__hit") is None
        assert page.locator(".hostile, img, iframe, script").count() == 0
        page.set_viewport_size({"width": 360, "height": 900})
        assert page.evaluate("document.scrollingElement.scrollWidth") == 360
        text = watched.page.request.get(f"{watched.address}?view=report&format=text&domain={DOMAIN}").text()
        assert not any(one in text for one in ("\x07", "\x1b", "\x00", "\u202e", "\u200b"))


@pytest.mark.parametrize("part", [SHORT[0::2], SHORT[1::2]], ids=["one", "other"])
def test_dns(whm: Whm, watched: Watched, part: tuple[Payload, ...]) -> None:
    name, domain = label(together(part[:2])), label(part[0].text)
    records = {
        "TXT": (
            strings(f"v=spf1 {part[0].text}"),
            strings(f"v=spf1 {part[1].text}"),
            strings(together(part)),
        ),
        "MX": ("0 cp1.example.net", f"10 {name}.{domain}.example"),
        "SOA": (f"ns1.example.net. {name}.{domain}.example. 1 3600 1800 1209600 86400",),
    }
    before = dict(whm.box.dns.records)
    for kind, values in records.items():
        whm.box.set_records(DOMAIN, kind, *values)
    whm.box.set_records(f"_dmarc.{DOMAIN}", "TXT", strings("v=DMARC1; p=" + together(part)))
    whm.box.set_records(f"{name}.{domain}.example", "A", "198.51.100.7")
    whm.box.set_records(f"www.{DOMAIN}", "CNAME", f"{name}.{domain}.example")
    whm.box.set_records("203.0.113.11", "PTR", f"{name}.{domain}.example")
    whm.box.reload_dns()
    try:
        with said(whm, REAL, "yes"):
            for target in (DOMAIN, f"www.{DOMAIN}", "203.0.113.11"):
                watched.go("?view=domain")
                watched.page.locator("#ask-domain").fill(target)
                watched.page.locator("#ask-domain").press("Enter")
                expect(watched.page.locator(".bar, .notice.bad").first).to_be_visible(timeout=60 * SECONDS)
                assert watched.harm() == []
            watched.go()
            assert watched.harm() == []
    finally:
        whm.box.dns.records.clear()
        whm.box.dns.records.update(before)
        whm.box.reload_dns()


def test_a_mail_host_that_answers_so(whm: Whm, watched: Watched) -> None:
    before = dict(whm.box.dns.records)
    with Peers(whm.box) as peers:
        peers.rude("hostile", "198.51.100.20", name="mx.remote.example")
        whm.box.set_records(DOMAIN, "MX", "0 cp1.example.net", "10 mx.remote.example")
        whm.box.reload_dns()
        try:
            with said(whm, REAL, "yes"):
                for _ in range(3):  # a busy machine may answer too late for the first check
                    watched.go("?view=domain")
                    watched.page.locator("#ask-domain").fill(DOMAIN)
                    watched.page.locator("#ask-domain").press("Enter")
                    expect(watched.page.locator(".bar")).to_be_visible(timeout=60 * SECONDS)
                    if "__hit=1" in watched.text():
                        break
            assert watched.harm() == []
            assert "__hit=1" in watched.text()
        finally:
            whm.box.dns.records.clear()
            whm.box.dns.records.update(before)
            whm.box.reload_dns()


@LANGUAGES
def test_the_name_of_the_host_and_of_its_exim(whm: Whm, watched: Watched, language: str) -> None:
    with said(whm, HOSTILE, written(SHORT)):
        watched.go("", language)
        assert watched.harm(SHORT) == []


@contextmanager
def account(whm: Whm, *domains: str) -> Iterator[None]:
    file = whm.box.root / "var/cpanel/users/shop"
    before = file.read_text()
    lines = "".join(f"DNS{number}={domain}\n" for number, domain in enumerate(domains, 1))
    file.write_bytes((before + lines).encode(errors="surrogateescape"))
    try:
        yield
    finally:
        file.write_text(before)


def test_domains_that_a_reseller_names(whm: Whm, browser: Browser) -> None:
    some = [one for one in SHORT if "\n" not in one.text and one.name != "invalid"]
    watched = Watched(whm, browser, "alice")
    with account(whm, *(one.text for one in some)):
        for query in ("", "?view=domain", "?view=history"):
            watched.go(query)
            assert watched.harm() == []


@LANGUAGES
def test_a_pasted_report(watched: Watched, language: str) -> None:
    rows = [f"SMTP TLS\t{one.text}\n{one.text}\tWarning - {one.text}" for one in SHORT]
    for text in ("\n".join(rows), together(ALL), f"SMTP Banner Check\t{ALL[-1].text}"):
        watched.go("?view=explain", language)
        watched.page.locator("#paste-text").evaluate("(field, text) => { field.value = text; }", text)
        watched.page.locator("form:has(#paste-text) button").click()
        expect(watched.page.locator("[data-step]")).to_have_count(0)
        expect(watched.page.locator("#paste-text")).to_be_visible()
        assert watched.harm() == []


PARAMETERS = (
    "?view=",
    "?action=",
    "?view=domain&domain=",
    "?view=explain&job=",
    "?view=log&days=",
    "?view=history&kind=",
    "?view=history&before=",
    "?view=report&format=html&domain=",
    "?view=report&format=",
    "?view=state&job=",
    "?view=settings&saved=",
    "?job=",
    "?static=",
    "?",
)


@pytest.mark.parametrize(("language", "parameters"), [("en", PARAMETERS), ("de", PARAMETERS[:4])])
def test_what_stands_in_the_address(watched: Watched, language: str, parameters: tuple[str, ...]) -> None:
    text = quote(together(SHORT), errors="surrogateescape")
    watched.page.set_extra_http_headers({"Accept-Language": language})
    for parameter in parameters:
        answer = watched.page.goto(watched.address + parameter + text)
        assert answer and answer.status < 500, parameter
        if answer.headers["content-type"].startswith("text/html"):
            assert watched.harm() == []


FIELDS = (
    "tester",
    "kind",
    "minutes",
    "reason",
    "address",
    "until_tested",
    "id",
    "domain",
    "contact",
    "language",
)
ACTIONS = (
    "open",
    "extend",
    "close",
    "permanent",
    "add-tester-address",
    "remove-tester-address",
    "check",
    "settings",
)


def test_what_stands_in_a_form(whm: Whm, watched: Watched) -> None:
    send = """
    ([action, fields, text]) => {
      const form = document.querySelector("#mxverdict form").cloneNode(true);
      form.noValidate = true;
      for (const name of fields) {
        const field = document.createElement("textarea");
        field.name = name;
        field.value = text;
        for (const old of form.querySelectorAll(`[name="${name}"]`)) old.remove();
        form.append(field);
      }
      form.action = `?action=${action}`;
      document.querySelector("#mxverdict").append(form);
      form.submit();
    }
    """
    for action in ACTIONS:
        watched.go("?view=domain")
        with watched.page.expect_navigation():
            watched.page.evaluate(send, [action, list(FIELDS), together(SHORT)])
        assert watched.harm() == []
    assert whm.windows() == []


def test_a_contact_that_is_none_comes_back_into_its_field(watched: Watched) -> None:
    for one in (SHORT[0], SHORT[1], SHORT[11]):
        watched.go("?view=settings")
        watched.page.locator("#contact").evaluate("(field, text) => { field.value = text; }", f"{one.text}@x")
        with watched.page.expect_navigation():
            watched.page.locator("form.settings").evaluate("form => form.submit()")
        assert watched.harm() == []


def test_files_that_somebody_else_wrote(whm: Whm, watched: Watched) -> None:
    state = Host(whm.box.root).state
    own = {
        "address": "198.51.100.99",
        "tester": "mxtoolbox",
        **dict.fromkeys(("name", "date", "source"), written(SHORT)),
    }
    files = {
        "settings.json": json.dumps(
            dict.fromkeys(("contact", "tester", "language", "minutes"), written(SHORT))
        ),
        "testers.json": json.dumps({"schema": 1, "addresses": [own]}),
    }
    for name, text in files.items():
        file = state / name
        before: Optional[bytes] = file.read_bytes() if file.exists() else None
        file.write_text(text)
        try:
            for query in ("", "?view=settings", "?view=testers", "?view=log&days=7"):
                watched.go(query)
                assert watched.harm() == []
        finally:
            file.unlink() if before is None else file.write_bytes(before)


@LANGUAGES
def test_steps_and_failures_of_work(whm: Whm, watched: Watched, language: str) -> None:
    watched.go("?view=domain", language)
    with said(whm, FAIL, written(SHORT)):
        watched.page.locator("#ask-domain").fill("bakery.example")
        watched.page.locator("#ask-domain").press("Enter")
        expect(watched.page.locator(".notice.bad")).to_be_visible()
        assert watched.harm() == []
    with said(whm, WAIT, written(SHORT[6:9])):
        watched.go("?view=domain", language)
        watched.page.locator("#ask-domain").fill("bakery.example")
        watched.page.locator("#ask-domain").press("Enter")
        expect(watched.page.locator("[data-step]")).to_contain_text("{0.__class__}")
        assert watched.harm() == []
    expect(watched.page.locator(".bar")).to_be_visible()
