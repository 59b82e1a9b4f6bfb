"""Judges a check that still runs: the rows of what is complete, and nothing about the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from mxverdict.evidence import Evidence
from mxverdict.evidence.audience import Audience
from mxverdict.findings import DomainReport, Finding, Report
from mxverdict.judge.engine import judge
from mxverdict.testers import ImpatientSender, Tester

SMTP = "smtp"


def judge_parts(
    evidence: Evidence,
    testers: Sequence[Tester],
    senders: Sequence[ImpatientSender],
    complete: Collection[str],
    audience: Audience = Audience.ROOT,
) -> Report:
    """As `judge`, with the findings of the `complete` categories of rows alone and without a summary: what
    is not there yet is no finding. Of what no tester prints only blocklist findings are included."""
    known = evidence if SMTP in complete else replace(evidence, previews=(), probes=())
    report = judge(known, testers, senders, audience)
    return replace(
        report,
        summary="",
        delay_on=None,
        server=_of(report.server, set(complete) - {SMTP}),
        domains=tuple(
            DomainReport(domain.domain, "", _of(domain.findings, complete)) for domain in report.domains
        ),
    )


def _of(findings: Sequence[Finding], categories: Collection[str]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.row.category in categories)
