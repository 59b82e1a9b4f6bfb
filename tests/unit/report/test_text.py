"""The report for terminals: text from outside stays in its place."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from mxverdict.findings import Finding, Report, Row, Verdict
from mxverdict.judge import judge
from mxverdict.report.text import print_report
from tests.unit.evidence_maker import MXTOOLBOX, evidence, preview
from tests.unit.report_maker import domain_report

HOSTILE = "\x1b[31m\x07\r\n  Problem              FORGED\u202e\udcff"


def printed(report: Report) -> str:
    out = io.StringIO()
    print_report(report, Console(file=out, width=10_000, highlight=False, markup=False))
    return out.getvalue()


def test_no_text_from_outside_becomes_a_line_or_a_control_character_of_ours() -> None:
    """A line end within a text could begin a finding that nobody found."""
    row = Row(HOSTILE, "error", HOSTILE, "dns", HOSTILE)
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
