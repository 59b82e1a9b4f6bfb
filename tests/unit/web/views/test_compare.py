"""Testers compared: what each says now and during a test window."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mxverdict import testers
from mxverdict.errors import CommandNotFoundError, MxVerdictError
from mxverdict.evidence import Evidence, Preview, Reply
from mxverdict.findings import Verdict
from mxverdict.host import Host
from mxverdict.services import check
from mxverdict.testers import UNKNOWN_HOSTS
from mxverdict.web.views.compare import Line, compare
from tests.unit.evidence_maker import MXTOOLBOX, evidence, preview
from tests.unit.web.cgi import call
from tests.unit.web.conftest import Checked
from tests.unit.window import rows as journal_rows

TESTERS = testers.load().testers
WITHOUT = next(tester for tester in TESTERS if not tester.addresses)
Checks = list[Callable[[Host], Checked]]


def met_by(tester: testers.Tester, seconds: int) -> Preview:
    address = tester.addresses[0].example if tester.addresses else UNKNOWN_HOSTS[4]
    return preview(
        connect=seconds, rcpt=seconds, tester=tester, address=address, stages=4 if tester.mail_from else 2
    )


def gathered(seconds: int = 20) -> Evidence:
    """Every tester met with that delay."""
    return evidence(
        testers=tuple(tester.name for tester in TESTERS),
        previews=tuple(met_by(tester, seconds) for tester in TESTERS),
    )


def lines(found: Evidence) -> dict[str, Line]:
    return {line.tester.name: line for line in compare(found, check.judge_evidence(found), TESTERS)}


def test_every_tester_has_a_line_in_the_order_of_the_first_page() -> None:
    found = compare(gathered(), check.judge_evidence(gathered()), TESTERS)
    assert [(line.number, line.tester.name) for line in found] == [
        (number, tester.name) for number, tester in enumerate(TESTERS, 1)
    ]


def test_a_delay_that_a_window_takes_away() -> None:
    line = lines(gathered())["mxtoolbox"]
    assert line.now.reaches == "It hangs up after 15 s without a greeting."
    assert line.now.says.startswith("Timeout waiting for response after 15 seconds.")
    assert dict(line.now.tally)[Verdict.FALSE_POSITIVE] == 3
    assert line.during is not None
    assert line.during.reaches == "It gets through in 0.1 s."
    assert line.during.change == "3 rows turn to a pass."
    assert dict(line.during.tally) == {Verdict.OK: 7}
    assert line.confirmed == max(one.date for one in MXTOOLBOX.addresses)
    assert (line.reports, line.about) == (1, "203.0.113.10")


def test_a_server_without_delay_needs_no_window() -> None:
    found = lines(gathered(0))
    assert {line.during for line in found.values()} == {None}


def test_the_testers_whose_addresses_are_unknown() -> None:
    line = lines(gathered())[WITHOUT.name]
    assert line.confirmed == ""
    assert line.during is not None
    assert line.now.says


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"connect": 20}, "It hangs up after 15 s without a greeting."),
        ({"rcpt": 20}, "It hangs up after 15 s without an answer to RCPT."),
        ({}, "It gets through in 0.1 s."),
        ({"replies": {"connect": Reply(550, ("no",))}}, "It is refused at once."),
        ({"replies": {"mail": Reply(550, ("no",))}}, "It is refused at MAIL."),
        ({"failure": "timeout"}, "Exim did not say what it does to this tester."),
        ({"failure": "crashed", "stages": 2}, "It is dropped after MAIL."),
        ({"failure": "crashed", "stages": 0}, "The connection is dropped before a greeting."),
    ],
)
def test_how_far_it_gets(changed: dict[str, Any], says: str) -> None:
    found = evidence(previews=(preview(**changed),))
    (line,) = compare(found, check.judge_evidence(found), TESTERS)
    assert line.now.reaches == says


def test_of_several_reports_the_worst_is_shown() -> None:
    fine = preview(address="18.205.72.90")
    found = evidence(previews=(fine, preview(connect=20, rcpt=20)))
    (line,) = compare(found, check.judge_evidence(found), TESTERS)
    assert line.reports == 2
    assert line.now.reaches.startswith("It hangs up")


def test_the_page_links_to_the_reports(host: Host, checks: Checks) -> None:
    found = gathered()
    checks.append(lambda _: (found, check.judge_evidence(found)))
    page = call(host, "view=testers")
    assert page.status == 200
    linked = re.findall(r'href="\?(#tester-\d+)"', page.body)
    usual = [tester for tester in TESTERS if tester.usual]
    assert linked == [f"#tester-{number}" for number in range(1, len(usual) + 1)]
    first = call(host).body
    for link in linked:
        assert f'id="{link[1:]}"' in first
    assert "Not published" in page.body
    assert "3 rows turn to a pass." in page.body


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ["As now: a test window lets it past."]),
        ({"kind": "delay_off"}, ["As now: a test window lets it past."] * len(TESTERS)),
        ({"tester": "203.0.113.77"}, []),
    ],
)
def test_a_window_that_is_open_is_said(
    host: Host, checks: Checks, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], told: list[str]
) -> None:
    found = gathered(0)
    checks.append(lambda _: (found, check.judge_evidence(found)))
    monkeypatch.setattr("mxverdict.window.open_windows", lambda _host: [journal_rows.window(id=1, **changes)])
    page = call(host, "view=testers").body
    assert re.findall("As now: [^<]*", page) == told


def test_the_page_says_why_nothing_could_be_checked(host: Host, checks: Checks) -> None:
    def fail(_host: Host) -> Checked:
        raise CommandNotFoundError("/usr/sbin/exim")

    checks.append(fail)
    page = call(host, "view=testers").body
    assert "/usr/sbin/exim is not there or cannot be run." in page
    assert MxVerdictError.hint not in page
    assert "Is this a cPanel server" in page


def test_hostile_words_stay_words(host: Host, checks: Checks) -> None:
    evil = Reply(220, ("<script>alert(1)</script>\x1b[2J",))
    found = replace(gathered(), previews=(preview(replies={"connect": evil}),))
    checks.append(lambda _: (found, check.judge_evidence(found)))
    page = call(host, "view=testers").body
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;alert" in page
