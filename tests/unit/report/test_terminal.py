"""The report for terminals: text from outside stays in its place."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from mxverdict.findings import Finding, Report, Row, Verdict
from mxverdict.judge.engine import judge
from mxverdict.judge.outbound.report import judge_outbound
from mxverdict.report.outbound import print_outbound
from mxverdict.report.preview import preview_lines
from mxverdict.report.terminal import print_report
from mxverdict.testers import UNKNOWN_HOSTS, load
from tests.unit.evidence_maker import MXTOOLBOX, evidence, preview
from tests.unit.outbound_maker import climb, ladder
from tests.unit.report_maker import domain_report

HOSTILE = "\x1b[31m\x07\r\n  Problem              FORGED\u202e\udcff"


def printed(report: Report) -> str:
    out = io.StringIO()
    print_report(report, Console(file=out, width=10_000, highlight=False, markup=False))
    return out.getvalue()


def test_no_text_from_outside_becomes_a_line_or_a_control_character_of_ours() -> None:
    """A line end within a text could begin a finding that nobody found."""
    row = Row("dns.glue", HOSTILE, "error", HOSTILE, "dns", HOSTILE)
    finding = Finding(row, Verdict.PROBLEM, HOSTILE, (HOSTILE, HOSTILE), HOSTILE)
    report = judge(evidence(), (), ())
    report = replace(
        report, summary="", server=(finding,), remarks=(), domains=(domain_report(findings=(finding,)),)
    )
    text = printed(report)
    assert text.count("FORGED") == 14
    assert not [
        line
        for line in text.splitlines()
        if line.lstrip(" -").startswith("Problem  ") and line.count("FORGED") != 3
    ]
    assert not set(text) & {"\x1b", "\x07", "\r", "\u202e", "\udcff"}


def test_sources_that_meet_nearly_the_same_stand_in_one_title() -> None:
    """Exim's last words before a time-out differ; the rows do not."""
    first = preview(failure="timeout", stages=1)
    other = preview(failure="not_understood", stages=1, address="64.20.227.1")
    report = judge(evidence(previews=(first, other)), (MXTOOLBOX,), ())
    assert len(report.predictions) == 2
    text = printed(report)
    assert f"from {first.address}, {other.address} to 203.0.113.10\n" in text


def test_a_domain_stands_before_what_is_harmless_about_the_server() -> None:
    """What is wrong with the server comes first; a sentence that stands on top is not said again."""
    domain = domain_report()
    for verdict, order in (
        (Verdict.ADVISORY, ["shop.example", "This server"]),
        (Verdict.PROBLEM, ["This server", "shop.example"]),
    ):
        finding = Finding(Row("dns.glue", "Row", "warning", "words"), verdict, "why")
        report = replace(
            judge(evidence(), (), ()), summary=domain.summary, server=(finding,), domains=(domain,)
        )
        text = printed(report)
        assert [line for line in text.splitlines() if line in order] == order
        assert text.count(domain.summary) == 1


def test_an_unknown_address_is_called_so() -> None:
    tester = load().tester("internet.nl")
    met = preview(tester=tester, address=UNKNOWN_HOSTS[4])
    assert "Internet.nl from any unknown address to 203.0.113.10\n" in printed(
        judge(evidence(previews=(met,)), (tester,), ())
    )
    assert next(preview_lines(met)) == "192.0.2.1, as any unknown address, to 203.0.113.10 port 25"
    assert next(preview_lines(preview())) == "18.209.86.113 to 203.0.113.10 port 25"


def test_the_test_message_is_told_from_the_climb_before_it() -> None:
    tried = climb()
    made = ladder(tried, send=True, delivery=tried)
    out = io.StringIO()
    print_outbound(made, judge_outbound(made), Console(file=out, width=200, highlight=False, markup=False))
    before, said, after = out.getvalue().partition("\nThe test message:\n")
    assert said
    assert tried.address in before
    assert tried.address in after


def test_a_long_row_goes_on_below_its_words() -> None:
    report = judge(evidence(previews=(preview(),)), (MXTOOLBOX,), ())
    out = io.StringIO()
    print_report(report, Console(file=out, width=60, highlight=False, markup=False))
    lines = out.getvalue().splitlines()
    (number,) = (n for n, line in enumerate(lines) if "SMTP Valid Hostname" in line)
    assert lines[number].startswith("  OK                   SMTP Valid Hostname: OK")
    assert lines[number + 1].startswith(" " * 23 + "is a valid Hostname")


def test_what_is_fine_about_the_server_is_told_where_no_domain_was_asked_for() -> None:
    fine = Finding(
        Row("blocklist.listed", "Blocklists", "ok", "not listed by 19 blocklists", "blacklist"),
        Verdict.OK,
        "why",
    )
    report = replace(judge(evidence(), (), ()), server=(fine,))
    assert "Blocklists: not listed by 19 blocklists" in printed(report)
    assert "Blocklists" not in printed(replace(report, domains=(domain_report(),)))
