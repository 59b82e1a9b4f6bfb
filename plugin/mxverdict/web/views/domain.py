"""What the page of a domain shows: the rows of its report by what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mxverdict.findings import DomainReport, Finding, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _

_SECTIONS = (
    (Verdict.PROBLEM, N_("Real problems")),
    (Verdict.FALSE_POSITIVE, N_("False alarms, with the proof")),
    (Verdict.ADVISORY, N_("True but harmless")),
    (Verdict.UNKNOWN, N_("Could not be checked")),
    (Verdict.NOT_RUN, N_("Never tested, whatever the report says")),
    (Verdict.OK, N_("Passed")),
)


ROWS_SHOWN = 100
"""Rows of one verdict that the page shows; the report to download holds all."""


@dataclass(frozen=True)
class Section:
    """The rows of one verdict in the order of the report; what is not `unfolded` is one line at first.
    `omitted` more rows are not shown."""

    verdict: Verdict
    title: str
    findings: tuple[Finding, ...]
    omitted: int = 0

    @property
    def unfolded(self) -> bool:
        return self.verdict is Verdict.PROBLEM


def sections(findings: Sequence[Finding]) -> tuple[Section, ...]:
    """Without the empty ones; what is real comes first."""
    made = []
    for verdict, title in _SECTIONS:
        found = _of(findings, verdict)
        if found:
            omitted = max(0, len(found) - ROWS_SHOWN)
            made.append(Section(verdict, _(title), found[:ROWS_SHOWN], omitted))
    return tuple(made)


@dataclass(frozen=True)
class DomainView:
    domain: str
    summary: str
    sections: tuple[Section, ...]


def domain_view(report: DomainReport) -> DomainView:
    return DomainView(report.domain, report.summary, sections(report.findings))


def _of(findings: Sequence[Finding], verdict: Verdict) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.verdict is verdict)
