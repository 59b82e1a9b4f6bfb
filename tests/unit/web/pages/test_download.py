"""The report as a file: of a stored check, or of a fresh one of the server."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from mxverdict.errors import CommandNotFoundError
from mxverdict.findings import DomainReport
from mxverdict.host import Host
from mxverdict.services import check
from mxverdict.web.http import csrf
from mxverdict.web.jobs import queue
from mxverdict.web.tasks import checks
from tests.unit.evidence_maker import evidence
from tests.unit.report_maker import DOMAIN, SUMMARY
from tests.unit.web.cgi import SESSION, call, post
from tests.unit.web.conftest import Checked

KINDS = [("html", "text/html; charset=utf-8", ".html"), ("text", "text/plain; charset=utf-8", ".txt")]
FORMATS = pytest.mark.parametrize("kind, content_type, ending", KINDS, ids=["html", "text"])
TAKEN_AT = time.mktime((2026, 11, 25, 9, 5, 0, 0, 0, -1))


def finish(host: Host, domain: str = DOMAIN) -> None:
    token = csrf.make_token(host, "root", SESSION)
    assert post(host, "action=check", {"token": token, "domain": domain}).status == 303
    queue.wait(host, checks.domain_job(domain), 20)


@pytest.fixture(autouse=True)
def dated(checks: list[Callable[[Host], Checked]]) -> None:
    said = evidence(taken_at=TAKEN_AT)
    checks.append(lambda host: (said, check.judge_evidence(said)))


@FORMATS
def test_the_report_of_a_domain(
    host: Host, judged: list[DomainReport], kind: str, content_type: str, ending: str
) -> None:
    finish(host)
    answer = call(host, f"view=report&domain={DOMAIN}&format={kind}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == content_type
    name = f"mxverdict-{DOMAIN}-20261125-0905{ending}"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert SUMMARY in " ".join(answer.body.split())
    assert "STARTTLS works" in " ".join(answer.body.split())


@FORMATS
def test_the_report_of_the_server_is_a_fresh_check(
    host: Host, kind: str, content_type: str, ending: str
) -> None:
    answer = call(host, f"view=report&format={kind}")
    assert answer.status == 200
    assert (
        f'filename="mxverdict-cp1.example.net-20261125-0905{ending}"' in answer.headers["Content-Disposition"]
    )
    assert "MXToolbox will report 3 problems." in answer.body


def test_a_journal_that_cannot_be_read_does_not_block_the_report(host: Host) -> None:
    host.state.mkdir(parents=True)
    host.journal.write_bytes(b"no database" * 100)
    assert "MXToolbox will report 3 problems." in call(host, "view=report&format=text").body


@FORMATS
def test_the_file_may_do_nothing_where_it_is_shown(
    host: Host, kind: str, content_type: str, ending: str
) -> None:
    policy = call(host, f"view=report&format={kind}").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'")
    assert "script" not in policy
    assert "unsafe" not in call(host).headers["Content-Security-Policy"]


@pytest.mark.parametrize("query", ["", "&format=", "&format=exe", "&format=html%00"])
def test_other_formats_are_not_there(host: Host, query: str) -> None:
    assert call(host, f"view=report{query}").status == 404


def test_without_a_result_there_is_no_report(host: Host) -> None:
    answer = call(host, f"view=report&format=text&domain={DOMAIN}")
    assert answer.status == 404
    assert "Check it first." in answer.body
    assert not (host.state / "jobs").exists()


def test_what_is_no_domain_is_refused(host: Host) -> None:
    assert call(host, "view=report&format=text&domain=../../etc/passwd").status == 400


def test_head_checks_nothing(host: Host, checks: list[object]) -> None:
    checks.append(None)
    answer = call(host, "view=report&format=text", REQUEST_METHOD="HEAD")
    assert (answer.status, answer.body) == (200, "")
    assert not (host.state / "web.log").exists()


def test_a_check_that_fails_is_one_clear_line(host: Host, checks: list[Callable[[Host], Checked]]) -> None:
    def broken(host: Host) -> Checked:
        raise CommandNotFoundError("/usr/sbin/exim")

    checks.append(broken)
    answer = call(host, "view=report&format=text")
    assert answer.status == 503
    assert "Content-Disposition" not in answer.headers
    assert "/usr/sbin/exim is not there or cannot be run." in answer.body


@pytest.mark.parametrize(
    "hostname, shown",
    [
        ("2001:db8::1", "2001-db8-1"),
        ('a"; filename="evil.exe', "a-filename-evil.exe"),
        ("../../etc/passwd", "etc-passwd"),
        ("x\r\nSet-Cookie: a=b", "x-set-cookie-a-b"),
        ("a" * 300, "a" * 80),
        ("", None),
        ("é", None),
    ],
)
def test_file_names_are_harmless(
    host: Host, checks: list[Callable[[Host], Checked]], hostname: str, shown: str
) -> None:
    said = evidence(taken_at=TAKEN_AT, hostname=hostname)
    checks.append(lambda host: (said, check.judge_evidence(said)))
    given = call(host, "view=report&format=text").headers["Content-Disposition"]
    middle = f"-{shown}" if shown else ""
    assert given == f'attachment; filename="mxverdict{middle}-20261125-0905.txt"'


@FORMATS
def test_hostile_text_is_harmless_in_the_file(
    host: Host, judged: list[DomainReport], kind: str, content_type: str, ending: str
) -> None:
    hostile = "</pre><script>alert(1)</script>\x1b[31m\u202e\x00"
    judged[:] = [
        replace(
            judged[0], domain=hostile, findings=tuple(replace(f, why=hostile) for f in judged[0].findings)
        )
    ]
    finish(host)
    body = call(host, f"view=report&domain={DOMAIN}&format={kind}").body
    assert not {"\x1b", "\u202e", "\x00"} & set(body)
    if kind == "html":
        assert "<script" not in body
