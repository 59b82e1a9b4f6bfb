"""No secret of root's reaches a reseller, by whatever page, part of a page or file: from the check of a
domain of theirs, whoever started it, done or running, and from a report they paste, our own output too."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from mxverdict.audit import log
from mxverdict.audit.actor import Actor
from mxverdict.errors import CommandFailed
from mxverdict.evidence import Evidence, to_json
from mxverdict.findings import Report
from mxverdict.host import Host
from mxverdict.report.json import report_json
from mxverdict.report.mxtoolbox_api import api_json
from mxverdict.report.plain_text import report_text
from mxverdict.services import check
from mxverdict.testers.row_texts import CATEGORIES
from mxverdict.web.auth.permissions import redact_window
from mxverdict.web.http import csrf
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.queue import JobHandle
from mxverdict.web.tasks import checks
from mxverdict.whm.frame import Frame
from mxverdict.window.journal import Journal
from mxverdict.window.model import CLOSE_FAILED, FAILED, OPEN, WindowState
from tests.unit.domain_evidence_maker import NAME
from tests.unit.root_secrets import SECRET, rich, secrets
from tests.unit.web.cgi import SESSION, Answer, call, post
from tests.unit.web.conftest import Checked
from tests.unit.window.rows import window

pytestmark = pytest.mark.slow

BOB = {"as_level": "delegated", "REMOTE_USER": "bob"}
ROOT = {"as_level": "root", "REMOTE_USER": "root"}
PAGES = (
    "",
    f"view=domain&domain={NAME}",
    f"view=domain&domain={NAME}&part=rows",
    f"view=report&domain={NAME}&format=html",
    f"view=report&domain={NAME}&format=text",
    "view=history",
    f"view=state&job={checks.domain_job(NAME)}",
    f"view=poll&job={checks.domain_job(NAME)}",
    f"view=explain&job={checks.domain_job(NAME)}",
)
_MARK = re.compile(r"SECRET[0-9]+")


@pytest.fixture(autouse=True)
def checked(
    monkeypatch: pytest.MonkeyPatch, checks: list[Callable[[Host], Checked]]
) -> tuple[Evidence, Report]:
    monkeypatch.setattr(Visitor, "owns", lambda visitor, target: visitor.is_root or target == NAME)
    monkeypatch.setattr(Visitor, "domains", (NAME,))
    answer = rich(), check.judge_evidence(rich())
    checks.append(lambda _host: answer)
    return answer


def finish(host: Host, user: str, level: str) -> None:
    form = {"token": csrf.make_token(host, user, SESSION), "domain": NAME}
    assert post(host, "action=check", form, as_level=level, REMOTE_USER=user).status == 303
    queue.wait(host, checks.domain_job(NAME), 20)
    job = queue.read(host, checks.domain_job(NAME))
    assert job is not None
    assert job.state == "done"


def read(host: Host, queries: tuple[str, ...], who: dict[str, str]) -> dict[str, Answer]:
    return {query: call(host, query, **who) for query in queries}


@pytest.mark.parametrize(("user", "level"), [("root", "root"), ("bob", "delegated")])
def test_no_page_about_a_domain_tells_it(host: Host, user: str, level: str) -> None:
    finish(host, user, level)
    for query, answer in read(host, PAGES, BOB).items():
        assert answer.status == 200, query
        assert secrets(answer.body) == set(), query
        assert secrets(str(answer.headers)) == set(), query
    assert secrets(host.audit.read_text()) == set()
    assert secrets(call(host, PAGES[1], **ROOT).body), "root sees them all the same"


def fail_with(secret: str) -> Callable[[Host], Checked]:
    def fails(_host: Host) -> Checked:
        raise CommandFailed("/usr/sbin/exim", 1, f"Exim configuration error: {secret}")

    return fails


def test_no_page_tells_why_a_check_failed(host: Host, request: pytest.FixtureRequest) -> None:
    answers: list[Callable[[Host], Checked]] = request.getfixturevalue("checks")
    answers.append(fail_with(f"{SECRET}"))
    form = {"token": csrf.make_token(host, "bob", SESSION), "domain": NAME}
    assert post(host, "action=check", form, **BOB).status == 303
    queue.wait(host, checks.domain_job(NAME), 20)
    for query, answer in read(host, (*PAGES[:3], *PAGES[5:]), BOB).items():
        assert secrets(answer.body) == set(), query
    assert "Its owner can see why." in call(host, PAGES[1], **BOB).body
    assert "owner of this server can see why" in call(host, "view=history", **BOB).body
    assert secrets(call(host, PAGES[1], **ROOT).body)
    assert secrets(call(host, "view=history", **ROOT).body)


@pytest.mark.parametrize("state", [FAILED, CLOSE_FAILED])
def test_no_page_tells_why_a_window_failed(host: Host, state: WindowState) -> None:
    bob = Actor("bob", "web", delegated=True)
    with closing(Journal(host, create=True)) as journal:
        one = window(opened_by="bob", origin="web", error=f"line {SECRET}", remark=f"remark {SECRET}")
        number = journal.insert(replace(one, state=state)).id
    log.record(host, bob, "open", window=number, kind="whitelist", result="begun")
    log.record(host, bob, "rollback", window=number, result=f"in {SECRET}")
    log.record(host, bob, CLOSE_FAILED, window=number, result=f"in {SECRET}")
    log.record(host, bob, "close", window=number, result=f"exempt by {SECRET} too")
    for query, answer in read(
        host, ("", "view=history", f"view=state&job={checks.domain_job(NAME)}"), BOB
    ).items():
        assert secrets(answer.body) == set(), query
    assert "owner of this server can see why" in call(host, "view=history", **BOB).body
    assert secrets(call(host, "view=history", **ROOT).body)


def test_of_roots_open_window_only_that_it_is_there(host: Host) -> None:
    texts = {name: f"{name} {SECRET}" for name in ("reason", "remark", "error")}
    with closing(Journal(host, create=True)) as journal:
        one = journal.insert(
            window(state=OPEN, networks=("203.0.113.99",), testers=(f"tester {SECRET}",), **texts)
        )
    bob = Visitor(host, "bob", SESSION, Frame(0, -1, b"", level="delegated", framed=False))
    seen = redact_window(bob, one)
    assert (seen.id, seen.kind, seen.state, seen.ends) == (one.id, one.kind, one.state, one.ends)
    assert [seen.tester, seen.networks, seen.opened_by, seen.reason, seen.remark, seen.error] == [
        "", (), "", "", "", "",
    ]  # fmt: skip
    for query, answer in read(host, ("", "view=history", "view=state"), BOB).items():
        assert secrets(answer.body) == set(), query
        assert "203.0.113.99" not in answer.body


@pytest.fixture
def running(host: Host) -> Iterator[None]:
    """A check that has found all and goes on."""
    found = {"evidence": to_json(rich()), "complete": sorted(CATEGORIES)}
    end = host.root / "end"

    def work(handle: JobHandle) -> str:
        import time

        handle.publish_partial(found)
        handle.step("still at it", 1, 2)
        while not end.exists():
            time.sleep(0.02)
        return "done"

    name = checks.domain_job(NAME)
    assert queue.start_with_handle(host, work, name, NAME, owner="root")
    while not queue.partial(host, name):
        pass
    yield
    end.touch()
    queue.wait(host, name, 20)


@pytest.mark.usefixtures("running")
def test_no_page_tells_it_while_the_check_runs(host: Host) -> None:
    for query, answer in read(host, (*PAGES[:3], *PAGES[5:]), BOB).items():
        assert answer.status == 200, query
        assert secrets(answer.body) == set(), query
    assert "rows are known so far" in call(host, PAGES[2], **BOB).body


def without_secrets(text: str) -> str:
    """As a reseller would make it up who knows our format and none of the secrets."""
    return _MARK.sub("x", text)


def every_row(report: Report) -> str:
    """MXToolbox's JSON with an item for each finding that there is, by our own keys."""
    every = [*report.server, *report.findings, *(f for domain in report.domains for f in domain.findings)]
    items = [
        {
            "Name": finding.row.name,
            "Info": finding.row.text,
            "MxVerdict": {"Category": finding.row.category, "Host": host, "Own": True},
        }
        for finding in every
        for host in (NAME, "")
    ]
    return json.dumps(
        {"Command": "smtp", "CommandArgument": NAME, "Failed": items, "Warnings": [], "Passed": []}
    )


FORMS: dict[str, Callable[[Evidence, Report], str]] = {
    "each row, with MxVerdict.category": lambda _evidence, report: every_row(report),
    "our API JSON": lambda evidence, report: json.dumps(api_json(report, evidence)),
    "our API JSON without the server": lambda evidence, report: json.dumps(
        api_json(dataclasses.replace(report, server=()), evidence)
    ),
    "our JSON": lambda _evidence, report: json.dumps(report_json(report)),
    "our text": lambda evidence, report: report_text(report, evidence),
    "saved evidence": lambda evidence, _report: json.dumps(to_json(evidence)),
    "saved evidence, one value a line": lambda evidence, _report: json.dumps(to_json(evidence), indent=1),
}


def paste(host: Host, user: str, level: str, text: str, about: str) -> str:
    """The job; "" when it was refused."""
    form = {"token": csrf.make_token(host, user, SESSION), "text": text, "about": about}
    answer = post(host, "action=explain", form, as_level=level, REMOTE_USER=user)
    assert secrets(answer.body) == set()
    job = answer.headers.get("Location", "").rpartition("=")[2]
    if job:
        queue.wait(host, job, 20)
    return job


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("about", [NAME, ""])
def test_no_pasted_text_is_answered_with_it(
    host: Host, checked: tuple[Evidence, Report], form: str, about: str
) -> None:
    text = without_secrets(FORMS[form](*checked)).replace("cp1.example.net", NAME)
    job = paste(host, "bob", "delegated", text, about)
    views = ("explain", "state", "poll", "domain", "report&format=text", "report&format=html")
    queries = (f"view=explain&job={job}&part=rows", *(f"view={view}&job={job}" for view in views))
    for query, answer in read(host, ("", "view=history", *(queries if job else ())), BOB).items():
        assert secrets(answer.body) == set(), query
    assert secrets(host.audit.read_text() if host.audit.exists() else "") == set()


def test_the_pasted_rows_are_answered_for_root(host: Host, checked: tuple[Evidence, Report]) -> None:
    """The same text, pasted by root, is answered with the secrets: the test above is not empty."""
    text = without_secrets(every_row(checked[1]))
    job = paste(host, "root", "root", text, NAME)
    assert len(secrets(call(host, f"view=explain&job={job}", **ROOT).body)) > 10
    mine = paste(host, "bob", "delegated", text, NAME)
    assert "row-" in call(host, f"view=explain&job={mine}", **BOB).body
    assert call(host, f"view=report&format=text&job={mine}", **BOB).status == 200
    assert call(host, f"view=explain&job={job}", **BOB).status == 403
