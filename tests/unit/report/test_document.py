"""The report that goes to a customer: as text, as a page, and in the shape of MXToolbox's API."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, Optional

import pytest
from rich.console import Console

from mxverdict import testers
from mxverdict.evidence import Reply
from mxverdict.findings import Finding, Report, Row, Verdict
from mxverdict.judge.engine import judge
from mxverdict.pasted import answer, recognise
from mxverdict.report.document import letter
from mxverdict.report.html import report_html
from mxverdict.report.mxtoolbox_api import api_json
from mxverdict.report.pasted import explanation_json, print_explanation
from mxverdict.report.plain_text import WIDTH, report_text
from tests.unit.evidence_maker import BANNER, MXTOOLBOX, evidence, preview
from tests.unit.report_maker import FINDINGS, domain_report
from tests.unit.window.rows import NOW, window

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"'&{{7*7}}" + "y" * 5000


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server's time zone, without asking the machine's."""
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def report(**changes: Any) -> Report:
    made = judge(evidence(**changes), [MXTOOLBOX], testers.load().senders)
    return replace(made, domains=(domain_report(),))


def hostile() -> Report:
    """A report in which every text from outside is an attack."""
    bad = Reply(220, (HOSTILE, HOSTILE))
    finding = Finding(
        Row("dns.glue", HOSTILE, "error", HOSTILE, "dns", HOSTILE, (HOSTILE,)),
        Verdict.PROBLEM,
        HOSTILE,
        (HOSTILE,),
        HOSTILE,
    )
    made = report(previews=(preview(replies={"connect": bad}),), hostname=HOSTILE, exim_version=HOSTILE)
    return replace(
        made,
        remarks=(HOSTILE,),
        server=(*made.server, finding),
        domains=(domain_report(domain=HOSTILE, summary=HOSTILE, findings=(finding,)),),
    )


class _Page(HTMLParser):
    """What a page holds: elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Optional[str]]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_what_is_real_comes_first_then_false_alarms_then_the_rest() -> None:
    made = letter(report(), evidence(), [window()])
    assert [section.kind for section in made.sections] == ["problem", "false_positive", "unknown", "rest"]
    assert [section.folded for section in made.sections] == [False, False, False, True]
    verdicts = {
        section.kind: {item.finding.verdict.value for item in section.items} for section in made.sections
    }
    assert verdicts["problem"] == {"problem"}
    assert verdicts["rest"] == {"advisory", "not_run", "ok"}


def test_findings_alike_at_several_addresses_stand_once() -> None:
    made = report()
    slower = tuple(
        replace(f, row=replace(f.row, text=f.row.text.replace("15.000", "15.007")))
        for f in made.predictions[0].findings
    )
    second = replace(made.predictions[0], server_address="203.0.113.11", findings=slower)
    twice = replace(made, predictions=(*made.predictions, second))
    tls = [
        item
        for section in letter(twice).sections
        for item in section.items
        if item.finding.row.name in ("SMTP TLS", "SMTP Transaction Time") and "203.0.113.10" in item.places
    ]
    assert [item.places for item in tls] == [("203.0.113.10", "203.0.113.11")] * 2


def test_what_no_tester_prints_is_not_put_into_its_mouth() -> None:
    own = Finding(
        Row("blocklist.resolver", "Blocklists", "unknown", "refused", "blacklist"),
        Verdict.UNKNOWN,
        "No answer.",
    )
    made = replace(report(), domains=(domain_report(findings=(*domain_report().findings, own)),))
    testers_of = {i.finding.row.name: i.tester for section in letter(made).sections for i in section.items}
    assert (testers_of["Blocklists"], testers_of["SPF Record Published"]) == ("", "MXToolbox")
    owns = {i["Name"]: i["MxVerdict"]["Own"] for name in ("Passed", "Timeouts") for i in api_json(made)[name]}
    assert (owns["Blocklists"], owns["SPF Record Published"]) == (True, False)


def test_words_for_what_could_not_be_told_are_not_the_testers() -> None:
    row = Row("dns.glue", "DNS Bad Glue Detected", "unknown", "could not be told", "dns")
    finding = Finding(row, Verdict.UNKNOWN, "The zone above could not be asked.")
    made = replace(report(), domains=(domain_report(findings=(finding,)),))
    assert "MXToolbox says: could not be told" not in report_text(made)
    assert "Found: could not be told" in report_text(made)


def test_a_session_in_which_nothing_was_said_has_no_transcript() -> None:
    tester = testers.load().tester("internet.nl")
    for delay, shown in ((20, False), (0, True)):
        seen = preview(connect=delay, tester=tester, address=testers.UNKNOWN_HOSTS[4])
        made = judge(evidence(previews=(seen,)), [tester], ())
        assert any("Internet.nl" in one.title for one in letter(made).transcripts) is shown


def test_the_title_names_the_domain_or_else_the_server() -> None:
    made = report()
    assert report_text(made).startswith("Mail tester report for shop.example\n")
    assert "<title>Mail tester report for shop.example</title>" in report_html(made)
    assert report_text(replace(made, domains=())).startswith("Mail tester report for cp1.example.net\n")


def test_times_name_the_zone_and_windows_their_end() -> None:
    (line,) = letter(report(), None, [window(closed_at=NOW.wall + 60, state="closed")]).done or ()
    assert line == (
        "2027-01-15 09:00:00 CET (UTC+0100): test window 0 for MXToolbox (18.209.86.113, 64.20.227.0/24), "
        "closed at 2027-01-15 09:01:00 CET (UTC+0100)"
    )
    assert letter(report()).facts[1] == ("Checked", "2026-11-18 12:06:40 CET (UTC+0100)")


def test_text_says_all_of_it_within_the_width() -> None:
    text = report_text(report(), evidence(), [window()])
    assert max(map(len, text.splitlines())) <= WIDTH
    told = " ".join(text.split())
    for words in (
        "MXToolbox says: Warning - Does not support TLS.",
        "What is true: STARTTLS works, handshake included",
        "Exim at CONNECT: delay of 20 s by ACL acl_smtp_connect, /etc/exim.conf 24",
        "Real handshake: TLSv1.3",
        "Connecting to 203.0.113.10 SendSMTPCommand: Timeout waiting for response after 15 seconds.",
        "The real conversation with 203.0.113.10 ----",
        "220-cp1.example.net ESMTP Exim 4.99.1",
        "test window 0 for MXToolbox",
    ):
        assert words in told, words


def test_without_windows_or_evidence_the_text_does_not_claim_to_know_them() -> None:
    text = report_text(report())
    assert "What was done" not in text
    assert "real conversation with" not in text
    assert "No test window was opened lately." in report_text(report(), None, [])


@pytest.mark.parametrize("made", ["usual", "hostile"])
def test_the_page_needs_nothing_and_runs_nothing(made: str) -> None:
    page = _Page(
        report_html(report() if made == "usual" else hostile(), evidence(), [window(reason=HOSTILE)])
    )
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "form", "a", "base", "svg"}
    attributes = {key for _, attrs in page.elements for key in attrs}
    harmless = {"lang", "charset", "name", "content", "http-equiv", "class", "aria-label", "role", "scope"}
    assert attributes <= harmless


def test_hostile_text_comes_out_escaped_everywhere() -> None:
    page = report_html(hostile(), evidence(), [window(reason=HOSTILE)])
    text = report_text(hostile(), evidence(), [window(reason=HOSTILE)])
    for written in (page, text):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", written)
    assert "<script" not in page
    assert "{{7*7}}" in page
    assert max(map(len, text.splitlines())) <= WIDTH


def test_the_api_has_every_key_and_each_row_in_its_list() -> None:
    data = json.loads(json.dumps(api_json(report(), evidence())))
    asked = "Command CommandArgument TimeRecorded ReportingNameServer TimeToComplete"
    told = "Failed Warnings Passed Timeouts Errors Information Transcript RelatedLookups"
    assert {*asked.split(), *told.split()} <= data.keys()
    levels = {"Failed": "error", "Warnings": "warning", "Passed": "ok", "Timeouts": "unknown"}
    printed = {(f.row.name, f.row.level) for f in report().findings if f not in report().server}
    assert {(item["Name"], levels[name]) for name in levels for item in data[name]} == printed
    for item in (item for name in levels for item in data[name]):
        assert {"ID", "Name", "Info", "Url", "AdditionalInfo", "IsExcludedByUser"} <= item.keys()
        assert isinstance(item["AdditionalInfo"], list)
    serial = next(item for item in data["Warnings"] if item["Name"] == "DNS SOA Serial Number Format")
    assert serial["ID"] == 315
    assert serial["AdditionalInfo"][0] == "ns1.example.net reported Serial 1 : Serial year was 0."
    assert serial["MxVerdict"]["Verdict"] == "false_positive"
    assert data["TimeRecorded"] == "2026-11-18T12:06:40+01:00"
    assert data["Information"][0]["Banner"] == f"220 {BANNER.lines[0]}"


def test_a_row_of_a_domain_and_of_its_mail_server_stands_once() -> None:
    made = report()
    tls = next(f for f in made.predictions[0].findings if f.row.name == "SMTP TLS")
    same = replace(tls, row=replace(tls.row, host="203.0.113.10"))
    data = api_json(replace(made, domains=(domain_report(findings=(same,)),)))
    assert [item["Name"] for item in data["Warnings"]].count("SMTP TLS") == 1


def test_the_api_of_one_address_is_the_look_up_that_was_asked() -> None:
    data = api_json(replace(report(), domains=()), evidence())
    assert (data["Command"], data["CommandArgument"], data["ArgumentType"]) == ("smtp", "203.0.113.10", "ip")
    assert [item["Name"] for item in data["Failed"]] == ["SMTP Transaction Time"]
    assert [item["Name"] for item in data["Warnings"]] == ["SMTP Banner Check", "SMTP TLS"]


@pytest.mark.parametrize("version", ["this", "earlier"])
def test_what_the_api_says_is_read_back_whole(version: str) -> None:
    """An earlier version gave no identifiers: its own rows are known by their names."""
    own = Finding(
        Row("mx.name.alias", "MX name", "warning", "an alias", "mx", "a.test"), Verdict.ADVISORY, "why"
    )
    made = replace(report(), domains=(domain_report(findings=(*FINDINGS, own)),))
    known = {f.row.name for f in made.findings if f not in made.server}
    data = api_json(made, evidence())
    if version == "earlier":
        for item in (item for name in ("Failed", "Warnings", "Passed", "Timeouts") for item in data[name]):
            del item["MxVerdict"]["Id"]
    pasted = recognise(json.dumps(data, indent=2))
    rules = {f.id for f in made.findings if f not in made.server}
    assert {row.rule for row in pasted.rows} - {""} == rules - ({own.id} if version == "earlier" else set())
    assert pasted.unrecognised == ()
    assert {row.name for row in pasted.rows} == known
    assert not [detail for row in pasted.rows for detail in row.details if "MxVerdict" in detail]
    answered = answer(pasted, made)
    mine = {(one.row.category, one.row.name, one.row.host): one.verdict for one in answered.answers}
    for domain in made.domains:
        for finding in domain.findings:
            if finding.row.category != "smtp":
                assert mine[finding.row.category, finding.row.name, finding.row.host] is finding.verdict


def _rows(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.startswith("  "))


def test_an_explanation_is_printed_without_harm() -> None:
    rows = "SMTP TLS\tWarning - Does not support TLS.\n❌ SMTP Banner Check\n"
    pasted = recognise(f"smtp:203.0.113.10\n{rows}SMTP Foo\t{HOSTILE}\n")
    made = answer(pasted, hostile())
    console = Console(width=10_000, force_terminal=False, highlight=False, markup=False)
    with console.capture() as capture:
        print_explanation(made, console)
    printed = capture.get()
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert "Not recognised" in printed
    assert "SMTP Foo alert(1)" in printed
    assert "SMTP Banner Check: error" in printed
    assert any("SMTP TLS" in line for line in _rows(printed))
    assert explanation_json(made)["exit_status"] == made.exit_status
