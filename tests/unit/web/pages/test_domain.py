"""The verdict page of a domain: who starts its check, what it shows and when."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest

from mxverdict.errors import MxVerdictError, NoLocalTargetError
from mxverdict.findings import DomainReport, Finding, Row, Verdict
from mxverdict.host import Host
from mxverdict.web.http import csrf
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import checks
from mxverdict.web.views.domain import sections
from mxverdict.web.views.timestamps import age
from tests.unit.report_maker import DOMAIN, FINDINGS, SUMMARY
from tests.unit.web.cgi import SESSION, Answer, call, post
from tests.unit.web.conftest import Checked

PAGE = f"view=domain&domain={DOMAIN}"
NAME = checks.domain_job(DOMAIN)
Checks = list[Callable[[Host], Checked]]


def start(host: Host, domain: str = DOMAIN, **fields: str) -> Answer:
    return post(
        host, "action=check", {"token": csrf.make_token(host, "root", SESSION), "domain": domain, **fields}
    )


def finished(host: Host, domain: str = DOMAIN) -> str:
    """The page of a domain after its check."""
    assert start(host, domain).status == 303
    queue.wait(host, checks.domain_job(domain), 20)
    return call(host, f"view=domain&domain={domain}").body


def folds(page: str) -> list[tuple[bool, str]]:
    """(unfolded, title) of the sections."""
    found = re.findall(
        r'<details class="card fold" id="[^"]+"( open)?>\s*<summary>.*?</svg> (.*?)</span>', page
    )
    return [(bool(unfolded), title) for unfolded, title in found]


def test_a_check_from_the_form_to_the_verdict(host: Host, judged: list[DomainReport]) -> None:
    answer = start(host, " Shop.Example. ")
    assert (answer.status, answer.headers["Location"]) == (303, f"?{PAGE}")
    queue.wait(host, NAME, 20)
    page = call(host, PAGE)
    assert page.status == 200
    assert SUMMARY in page.body
    assert folds(page.body) == [
        (True, "Real problems: 1"),
        (False, "False alarms, with the proof: 2"),
        (False, "True but harmless: 1"),
        (False, "Could not be checked: 1"),
        (False, "Never tested, whatever the report says: 1"),
        (False, "Passed: 2"),
    ]
    assert "Check again" in page.body
    assert "Whose job: the owner of this server" in page.body
    assert "Serial year was 0." in page.body


def test_false_alarms_show_their_proof_when_they_are_unfolded(host: Host, judged: list[DomainReport]) -> None:
    page = finished(host)
    alarms = page[page.index("False alarms, with the proof") : page.index("True but harmless")]
    assert len(re.findall(r'<details id="row-\w+" open>', alarms)) == 2
    assert "handshake: TLSv1.3" in alarms
    assert " open>" not in page[page.index("True but harmless") :]


def test_rows_of_our_own_are_no_quotation(host: Host, judged: list[DomainReport]) -> None:
    page = finished(host)
    assert page.count("(no tester prints this row)") == 1
    ours, others = page.split("(no tester prints this row)")
    assert "Listed <span" in ours
    assert "<q>Warning - Does not support TLS.</q>" in others
    assert "</b> could not be told" in others


def test_rows_keep_the_order_of_the_report() -> None:
    backwards = sections(tuple(reversed(FINDINGS)))
    assert [section.verdict for section in backwards] == [section.verdict for section in sections(FINDINGS)]
    assert backwards[1].findings == tuple(reversed(sections(FINDINGS)[1].findings))


def test_sections_without_rows_are_not_there() -> None:
    assert [one.verdict for one in sections(FINDINGS[-2:])] == [Verdict.OK]
    assert sections(()) == ()


def test_an_address_shows_what_each_tester_meets(host: Host) -> None:
    page = finished(host, "203.0.113.10")
    assert folds(page) == []
    assert '<h2 class="subject">203.0.113.10</h2>' in page
    assert "MXToolbox will report 3 problems." in page
    assert '<details class="card" id="card-1-1" open>' in page
    assert "Findings that no tester prints" in page


def test_looking_starts_nothing(host: Host, checks: Checks) -> None:
    page = call(host, PAGE)
    assert page.status == 200
    assert f"{DOMAIN} has not been checked yet." in page.body
    assert "Check now" in page.body
    assert not (host.state / "jobs").exists()


def test_head_shows_nothing(host: Host) -> None:
    answer = call(host, PAGE, REQUEST_METHOD="HEAD")
    assert (answer.status, answer.body) == (200, "")


@pytest.mark.parametrize(
    "domain", ["localhost", "a..b", "<script>alert(1)</script>", "shop.example/", "a%00.example", "x" * 300]
)
def test_what_is_no_domain_is_refused_in_one_plain_line(host: Host, domain: str) -> None:
    for answer in (start(host, domain), call(host, f"view=domain&domain={domain}")):
        assert answer.status == 400
        assert "is no domain, host name or address" in answer.body
        assert "<script>alert" not in answer.body
        assert "--help" not in answer.body
    assert not (host.state / "jobs").exists()


@pytest.mark.parametrize("form", [{}, {"domain": ""}])
def test_a_form_without_a_domain_is_refused(host: Host, form: dict[str, str]) -> None:
    answer = post(host, "action=check", {"token": csrf.make_token(host, "root", SESSION), **form})
    assert answer.status == 400


def test_without_a_domain_the_page_asks_for_one(host: Host) -> None:
    page = call(host, "view=domain")
    assert page.status == 200
    assert 'action="?action=check"' in page.body


def test_a_check_needs_post_and_token(host: Host) -> None:
    assert call(host, f"action=check&domain={DOMAIN}").status == 405
    assert post(host, "action=check", {"domain": DOMAIN}).status == 403
    assert start(host, token="0" * 64).status == 403
    assert not (host.state / "jobs").exists()


def test_others_than_root_are_refused(host: Host, judged: list[DomainReport]) -> None:
    finished(host)
    for query in (PAGE, f"view=report&format=html&domain={DOMAIN}", "view=explain", "view=domain"):
        answer = call(host, query, REMOTE_USER="alice")
        assert answer.status == 403
        assert DOMAIN not in answer.body
    token = csrf.make_token(host, "alice", SESSION)
    assert post(host, "action=check", {"token": token, "domain": DOMAIN}, REMOTE_USER="alice").status == 403


def test_a_running_check_is_found_again_and_not_started_twice(
    host: Host,
    checks: Checks,
    judged: list[DomainReport],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("mxverdict.web.tasks.checks.PATIENCE", 0.0)
    runs, go_on = tmp_path / "runs", tmp_path / "go-on"

    def counted(host: Host) -> Checked:
        with runs.open("a") as file:
            file.write("x")
        while not go_on.exists():
            time.sleep(0.01)
        return checks[0](host)

    checks.append(counted)
    start(host)
    assert start(host).headers["Location"] == f"?{PAGE}"
    page = call(host, PAGE).body
    assert f"Checking {DOMAIN} …" in page
    assert f'data-job="{NAME}"' in page
    assert 'data-running="1"' in page
    assert f"url=?view=domain&amp;domain={DOMAIN}" in page
    assert "Check again" not in page
    assert '"busy": true' in call(host, f"view=state&job={NAME}").body
    go_on.touch()
    queue.wait(host, NAME, 20)
    assert runs.read_text() == "x"
    assert '"busy": false' in call(host, f"view=state&job={NAME}").body
    assert SUMMARY in call(host, PAGE).body


def test_a_check_that_fails_says_so_and_keeps_the_earlier_result(
    host: Host, checks: Checks, judged: list[DomainReport]
) -> None:
    def nowhere(host: Host) -> Checked:
        raise NoLocalTargetError("shop.example: 192.0.2.1 is not an address of this server")

    checks.append(nowhere)
    page = finished(host)
    assert "shop.example: 192.0.2.1 is not an address of this server." in page
    assert escape(NoLocalTargetError.hint).replace("&#x27;", "&#39;") in page
    assert f"{DOMAIN} could not be checked." in page
    checks.append(checks[0])
    assert SUMMARY in finished(host)
    checks.append(nowhere)
    page = finished(host)
    assert "is not an address of this server." in page
    assert SUMMARY in page


def test_a_killed_check_can_be_started_again(
    host: Host, checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxverdict.web.tasks.checks._PROCESS_TIMEOUT", 1)

    def endless(host: Host) -> Checked:
        time.sleep(30)
        return checks[0](host)

    checks.append(endless)
    page = finished(host)
    assert "The work was interrupted." in page
    assert "Check again" in page


def test_a_result_of_another_version_is_none(host: Host, judged: list[DomainReport]) -> None:
    finished(host)
    (host.state / "jobs" / f"{NAME}.json").write_text('{"evidence": {"schema": 0}}')
    assert f"The result for {DOMAIN} cannot be read any more." in call(host, PAGE).body


def test_the_age_of_a_result_is_shown(host: Host, checks: Checks, judged: list[DomainReport]) -> None:
    said, report = checks[0](host)
    aged = replace(said, taken_at=time.time() - 185)
    checks.append(lambda host: (aged, report))
    assert "Checked 3 minutes ago" in finished(host)


@pytest.mark.parametrize(
    "seconds, shown",
    [
        (-5, "just now"),
        (59, "just now"),
        (61, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3601, "1 hour ago"),
        (90_000, "1 day ago"),
        (180_000, "2 days ago"),
    ],
)
def test_age(seconds: float, shown: str) -> None:
    assert age(time.time() - seconds) == shown


def test_the_main_page_leads_to_the_latest_checks(host: Host, judged: list[DomainReport]) -> None:
    assert "Checked lately" not in call(host).body
    finished(host)
    finished(host, "203.0.113.10")
    page = call(host).body
    assert f'<a href="?view=domain&amp;domain={DOMAIN}">{DOMAIN}</a> (just now)' in page
    assert page.index(">203.0.113.10</a>") < page.index(f">{DOMAIN}</a>")
    yesterday = time.time() - 90_000
    for path in (host.state / "jobs").iterdir():
        os.utime(path, (yesterday, yesterday))
    finished(host, "203.0.113.11")
    page = call(host).body
    assert ">203.0.113.11</a>" in page
    assert f">{DOMAIN}</a>" not in page


def test_without_a_session_of_whm_nothing_can_be_started(host: Host) -> None:
    for query in ("view=domain", PAGE, ""):
        assert "<form" not in call(host, query, cp_security_token="").body


def test_a_journal_that_cannot_be_read_does_not_block_a_check(host: Host, judged: list[DomainReport]) -> None:
    host.state.mkdir(parents=True)
    host.journal.write_bytes(b"no database" * 100)
    page = finished(host)
    assert SUMMARY in page
    assert "Test windows do not work right now." in page
    assert call(host, f"view=state&job={NAME}").status == 200


def test_outside_text_cannot_leave_its_place(host: Host, judged: list[DomainReport]) -> None:
    hostile = "</pre><script>alert(1)</script>\x1b[31m\u202e\x00" + "A" * 5000
    row = Row("dns.glue", hostile, "error", hostile, "dns", hostile, (hostile,))
    for verdict in Verdict:
        judged[:] = [DomainReport(hostile, hostile, (Finding(row, verdict, hostile, (hostile,), hostile),))]
        page = finished(host)
        assert "<script>alert" not in page
        assert not {"\x1b", "\u202e", "\x00"} & set(page)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\u202e\\x00" in page
        assert len(page) < 400_000


def test_a_bug_in_a_check_is_an_incident(host: Host, checks: Checks) -> None:
    def broken(host: Host) -> Checked:
        raise ZeroDivisionError("a secret of the inside")

    checks.append(broken)
    page = finished(host)
    assert "incident" in page
    assert "secret of the inside" not in page


def test_advice_comes_with_every_other_error(host: Host, checks: Checks) -> None:
    def broken(host: Host) -> Checked:
        raise MxVerdictError("it is broken")

    checks.append(broken)
    assert "It is broken." in finished(host)


def test_of_many_rows_some_are_shown_and_the_rest_is_counted() -> None:
    many = FINDINGS[:1] * 250
    (section,) = sections(many)
    assert (len(section.findings), section.omitted) == (100, 150)
