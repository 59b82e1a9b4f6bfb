"""The page of the history: the audit trail in words, with the journal's word on each window."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from html import unescape
from typing import Any, Optional
from urllib.parse import quote

import pytest

from mxverdict import settings
from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.audit.log import Outcome, RefusedAction
from mxverdict.errors import CommandNotFoundError, MxVerdictError, UsageError
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.settings import Settings
from mxverdict.web import routes
from mxverdict.web.http import csrf
from mxverdict.web.jobs import queue
from mxverdict.web.tasks.checks import domain_job
from mxverdict.whm.frame import DELEGATED, NONE
from mxverdict.window import Window
from mxverdict.window.journal import Journal
from mxverdict.window.model import CLOSE_FAILED, CLOSED, FAILED
from tests.unit.web.cgi import SESSION, call, post
from tests.unit.web.conftest import Checked
from tests.unit.window import rows as journal_rows

Checks = list[Callable[[Host], Checked]]
ROOT = Actor("root", "web")
BOB = Actor("bob", "cli")
KEEPER = Actor("keeper", "keeper")


def rows(host: Host, query: str = "") -> list[list[str]]:
    """The text of each cell."""
    body = call(host, f"view=history{query}").body
    found = re.findall(r"<tr role=\"row\">\s*<td.*?</tr>", body, re.S)
    return [[text(cell) for cell in re.findall(r"<td.*?>(.*?)</td>", row, re.S)] for row in found]


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def link(host: Host, query: str, name: str) -> Optional[str]:
    body = call(host, f"view=history{query}").body
    found = re.search(rf'href="\?view=history([^"]*)" rel="{name}"', body)
    return unescape(found[1]) if found else None


def in_journal(host: Host, window: Window) -> Window:
    with closing(Journal(host, create=True)) as journal:
        return journal.insert(window)


def opened(host: Host, window: Window, actor: Actor = BOB) -> None:
    for outcome, result in (
        (Outcome.BEGUN, Message("begun, for {minutes} minutes", minutes=15)),
        (Outcome.DONE, Message("open for {minutes} minutes", minutes=15)),
    ):
        log.record(
            host,
            actor,
            "open",
            window=window.id,
            kind=window.kind,
            addresses=window.networks,
            reason=window.reason,
            result=result,
            outcome=outcome,
        )


def test_nothing_so_far(host: Host) -> None:
    answer = call(host, "view=history")
    assert answer.status == 200
    assert "Nothing of this kind so far." in answer.body


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, r"Open until [-0-9]+ [:0-9]+ .*\."),
        ({"state": CLOSED, "closed_at": 1_800_000_000.0}, r"Closed 2027-01-15 .*\."),
        ({"state": FAILED, "error": "Exim is broken"}, r"Did not open: Exim is broken\."),
        ({"state": CLOSE_FAILED, "error": "/etc/x cannot be changed"}, r"Could not be closed: /etc/x .*\."),
    ],
)
def test_a_window_is_told_once_with_its_end(
    host: Host, changes: dict[str, Any], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "mxverdict.web.pages.page_version.close_expired", lambda _host: None
    )  # the row is due by this boot's clock
    window = in_journal(host, journal_rows.window(reason="ticket <7>", **changes))
    opened(host, window)
    log.record(host, KEEPER, "close", window=window.id, kind=window.kind, result="closed")
    ((when, who, what, came),) = rows(host)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", when)
    assert who == "bob on the command line"
    assert what == f"Test window {window.id}: MXToolbox let past the delay Reason: ticket <7>"
    assert re.fullmatch(outcome, came)


def test_without_the_journal_the_trail_still_tells(host: Host) -> None:
    opened(host, journal_rows.window(id=3))
    host.journal.write_text("no database")
    ((_, _, what, came),) = rows(host)
    assert "let past the delay" in what
    assert came == "Begun, for 15 minutes."


def test_what_people_do_with_windows_and_what_fails(host: Host) -> None:
    about: dict[str, Any] = {"window": 3, "kind": "whitelist", "addresses": ["192.0.2.7"]}
    log.record(host, BOB, "extend", result="asked for 30 minutes from that time", **about)
    log.record(host, BOB, "close", result="closed", **about)
    log.record(host, KEEPER, "close_failed", result="no space", **about)
    log.record(host, BOB, "close", result="closed", window=4, kind="permanent", addresses=["192.0.2.8"])
    log.record(host, BOB, "close", result="closed", window=5, kind="common_mail_providers")
    log.record_refusal(host, BOB, RefusedAction.OPEN, UsageError("there is no such window"), window=0)
    assert [(who, what, came) for _, who, what, came in rows(host)] == [
        ("bob on the command line", "Refused: opening a test window", "There is no such window."),
        ("bob on the command line", "Common Mail Providers no longer exempt from the delay", ""),
        ("bob on the command line", "No longer let past for good: 192.0.2.8", ""),
        ("MX Verdict by itself", "Test window 3: could not be closed", "No space."),
        ("bob on the command line", "Test window 3: closed", ""),
        ("bob on the command line", "Test window 3: a new deadline", "Asked for 30 minutes from that time."),
    ]


def test_changes_of_the_settings_in_words(host: Host) -> None:
    settings.write(host, Settings(minutes=20, resellers_may_open=True, contact="a@b.example"), ROOT)
    with pytest.raises(MxVerdictError):
        settings.write(host, Settings(minutes=500), ROOT)
    refused, changed = rows(host)
    assert changed[1:] == [
        "root",
        "Settings changed",
        "Minutes proposed: 15 → 20; Resellers may open test windows: no → yes; "
        "Mail address: none → a@b.example.",
    ]
    assert refused[2:] == [
        "Refused: changing the settings",
        "Minutes proposed: This is a number from 1 to 240, the most minutes of a test window.",
    ]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (
            "",
            [
                "Refused",
                "Check of shop.example",
                "Test window 3: closed",
                "Tester address 192.0.2.9 added",
                "new kind",
            ],
        ),
        ("windows", ["Test window 3: closed"]),
        ("checks", ["Check of shop.example"]),
        ("refusals", ["Refused"]),
        ("settings", ["Tester address 192.0.2.9 added"]),
    ],
)
def test_one_kind_alone(host: Host, kind: str, told: list[str]) -> None:
    log.record(host, ROOT, "new_kind", result="of a later version")
    log.record(host, ROOT, "add_tester_address", addresses=["192.0.2.9"], result="mxtoolbox: x")
    log.record(host, ROOT, "close", window=3, kind="whitelist", result="closed")
    log.record(host, ROOT, "check", kind="domain", addresses=["shop.example"], result="1 problem.")
    log.record(host, ROOT, "refused", result="x.example is not a domain of your accounts.")
    assert [row[2] for row in rows(host, f"&kind={kind}" if kind else "")] == told


def test_pages_of_fifty(host: Host) -> None:
    for number in range(120):
        log.record(host, ROOT, "check", addresses=[f"d{number}.example"], result="x")

    def targets(query: str) -> list[str]:
        return [row[2].rpartition(" ")[2] for row in rows(host, query)]

    def names(first: int, end: int) -> list[str]:
        return [f"d{number}.example" for number in range(first, end, -1)]

    assert targets("") == names(119, 69)
    assert link(host, "", "prev") is None
    second = link(host, "", "next")
    assert second is not None
    assert targets(second) == names(69, 19)
    third = link(host, second, "next")
    assert third is not None
    assert targets(third) == names(19, -1)
    assert link(host, third, "next") is None
    back = link(host, third, "prev")
    assert back is not None
    assert targets(back) == names(69, 19)
    first = link(host, back, "prev")
    assert first is not None
    assert targets(first) == names(119, 69)


@pytest.mark.parametrize(
    "query", ["&kind=x", "&before=x", "&before=-1", "&after=", "&after=²", "&before=" + "9" * 30]
)
def test_no_such_page(host: Host, query: str) -> None:
    assert call(host, f"view=history{query}").status == 404


def test_hostile_entries_stay_text(host: Host) -> None:
    evil = "<script>alert(1)</script>\x1b[2J\u202e"
    log.record(host, Actor(evil, "web"), "check", addresses=[evil], reason=evil, result=evil)
    body = call(host, "view=history").body
    assert "<script>alert" not in body
    assert "\x1b" not in body
    assert "\u202e" not in body
    assert len(rows(host)) == 1


@pytest.mark.parametrize(
    ("query", "form", "told"),
    [
        ("view=domain&domain=https://cake.example/x?key=1", {}, "the page of a domain cake.example"),
        ("view=log", {}, "what the log says"),
        ("action=permanent", {"address": "192.0.2.7/24"}, "letting an address past for good 192.0.2.7/24"),
        ("action=close", {"id": "7"}, "closing test window 7"),
        ("action=extend", {"id": "8", "minutes": "5"}, "a new deadline for test window 8"),
        ("action=extend", {"id": "9" * 50, "minutes": "5"}, "a new deadline"),
    ],
)
def test_a_refused_request_is_told_with_what_it_tried(
    host: Host, query: str, form: dict[str, str], told: str
) -> None:
    """Nobody without the privilege gets further, so that each is refused whatever its fields are."""
    if form:
        form = {**form, "token": csrf.make_token(host, "bob", SESSION)}
        post(host, query, form, as_level=NONE, REMOTE_USER="bob")
    else:
        call(host, query, as_level=NONE, REMOTE_USER="bob")
    ((_, who, what, came),) = rows(host)
    assert (who, what) == ("bob", f"Refused: {told}")
    assert came.startswith("This page needs root privileges in WHM")
    assert not any(secret in host.audit.read_text() for secret in ("key=1", form.get("token", "key=1")))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("view=", "a page that does not exist"),
        ("action=", "an action that does not exist"),
        ("view=domain&domain=", "the page of a domain"),
    ],
)
def test_hostile_words_of_a_request_stay_text(host: Host, query: str, told: str) -> None:
    call(host, query + quote("<script>\x1b\u202e"), as_level=NONE, REMOTE_USER="bob")
    assert rows(host)[0][2] == rf"Refused: {told} <script>\x1b\u202e"
    body = call(host, "view=history").body
    assert not any(text in body for text in ("<script>\\", "\x1b", "\u202e"))
    call(host, query + "x" * 5000, as_level=NONE, REMOTE_USER="bob")
    assert len(host.audit.read_bytes().splitlines()[1]) < 800


def test_a_refusal_of_an_older_version_is_told(host: Host) -> None:
    log.record(host, ROOT, "refused", result="Window 5 is not one that you opened.")
    assert rows(host)[0][2:] == ["Refused", "Window 5 is not one that you opened."]


def test_every_page_and_action_has_words(host: Host) -> None:
    for name in [
        *(f"view={one}" for one in routes.VIEWS),
        *(f"action={one}" for one in routes.ACTIONS),
    ]:
        log.record(host, ROOT, "refused", kind=name, result="x.")
        assert not re.search("^Refused$|does not exist|view|action", rows(host)[0][2])


def test_damage_is_told(host: Host) -> None:
    log.record(host, ROOT, "check", addresses=["shop.example"], result="x")
    with host.audit.open("a") as file:
        file.write("{\n{\n")
    assert "2 damaged lines of the file are left out." in call(host, "view=history").body
    host.audit.unlink()
    host.audit.mkdir()
    assert "The history cannot be read." in call(host, "view=history").body


def test_checks_are_noted_with_what_came_out(host: Host) -> None:
    token = csrf.make_token(host, "root", SESSION)
    post(host, "action=check", {"token": token, "domain": "shop.example"})
    queue.wait(host, domain_job("shop.example"), 20)
    report = "SMTP TLS\tWarning - Does not support TLS.\nSMTP Open Relay\tOK - Not an open relay.\n"
    place = post(host, "action=explain", {"token": token, "text": report}).headers["Location"]
    queue.wait(host, place.rpartition("=")[2], 20)
    assert [row[1:] for row in rows(host)] == [
        ["root", "Check of a report in hand", "False alarm: 1 · Never tested: 1."],
        ["root", "Check of shop.example", "False alarm: 3 · True but harmless: 1 · Never tested: 2 · OK: 4."],
    ]


def test_a_check_that_fails_is_noted_with_the_reason(host: Host, checks: Checks) -> None:
    def fail(_host: Host) -> Checked:
        raise CommandNotFoundError("/usr/sbin/exim, 2 problem")

    checks.append(fail)
    token = csrf.make_token(host, "root", SESSION)
    post(host, "action=check", {"token": token, "domain": "shop.example"})
    queue.wait(host, domain_job("shop.example"), 20)
    ((_, who, what, came),) = rows(host)
    assert (who, what) == ("root", "Check of shop.example")
    assert came == "/usr/sbin/exim, 2 problem is not there or cannot be run."


def test_a_user_alone(host: Host) -> None:
    log.record(host, Actor("bob", "web"), "check", addresses=["shop.example"], result="1 ok")
    log.record(host, Actor("bob", "cli"), "check", addresses=["other.example"], result="1 ok")
    log.record(host, ROOT, "check", addresses=["root.example"], result="1 ok", reason='"user": "bob"')
    in_journal(host, journal_rows.window(opened_by="root", reason="secret"))
    log.record(host, Actor("bob", "web"), "join", window=1, kind="whitelist", result="joined, for 5 minutes")

    body = call(host, "view=history", as_level=DELEGATED, REMOTE_USER="bob").body
    assert "What you did" in body
    assert "shop.example" in body
    assert "Test window 1: joined" in body
    assert not any(text in body for text in ("other.example", "root.example", "secret", "audit.jsonl"))
    assert "shop.example" not in call(host, "view=history", as_level=DELEGATED, REMOTE_USER="").body
    assert call(host, "view=history&kind=checks", as_level=DELEGATED, REMOTE_USER="bob").status == 200
    assert call(host, "view=history&kind=settings", as_level=DELEGATED, REMOTE_USER="bob").status == 404
    assert call(host, "view=history", as_level=NONE, REMOTE_USER="bob").status == 403


def test_lines_of_earlier_versions_are_still_understood(host: Host) -> None:
    """They have neither outcome nor details, and their results stay as they are."""
    window = in_journal(host, journal_rows.window(state=CLOSED, closed_at=1_800_000_000.0))
    lines: list[dict[str, Any]] = [
        {"action": "open", "window": window.id, "kind": window.kind, "result": "begun, for 15 minutes"},
        {"action": "open", "window": window.id, "kind": window.kind, "result": "open for 15 minutes"},
        {"action": "join", "window": window.id, "kind": window.kind, "result": "begun"},
        {"action": "check", "addresses": ["shop.example"], "result": "2 problem, 1 ok"},
        {"action": "check", "addresses": ["shop.example"], "result": "WHM did not answer version: broken"},
        {"action": "refuse", "kind": "permanent", "result": "open for good: no such address"},
        {"action": "settings", "result": "minutes: 15 to 20"},
        {"action": "close", "window": window.id, "kind": window.kind, "result": "closed"},
    ]
    usual: dict[str, Any] = {
        "time": "2026-11-01T10:00:00+00:00",
        "user": "bob",
        "origin": "web",
        "window": None,
        "kind": "",
        "addresses": [],
        "reason": "",
    }
    host.audit.write_text("".join(json.dumps({**usual, **line}) + "\n" for line in lines))
    assert [(what, came) for _, _, what, came in rows(host)][:-1] == [
        (f"Test window {window.id}: closed", ""),
        ("Settings changed", "Minutes: 15 to 20."),
        ("Refused: letting an address past for good", "No such address."),
        ("Check of shop.example", "WHM did not answer version: broken."),
        ("Check of shop.example", "Problem: 2 · OK: 1."),
    ]
    assert len(rows(host)) == 6
