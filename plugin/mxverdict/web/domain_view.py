"""What the page of a domain shows: the rows of its report by what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mxverdict.findings import DomainReport, Finding, Verdict
from mxverdict.language import gettext as _
from mxverdict.language import marked

_SECTIONS = (
    (Verdict.PROBLEM, marked("Real problems")),
    (Verdict.FALSE_POSITIVE, marked("False alarms, with the proof")),
    (Verdict.ADVISORY, marked("True but harmless")),
    (Verdict.UNKNOWN, marked("Could not be checked")),
    (Verdict.NOT_RUN, marked("Never tested, whatever the report says")),
    (Verdict.OK, marked("Passed")),
)


@dataclass(frozen=True)
class Section:
    """The rows of one verdict in the order of the report; what is not `unfolded` is one line at first."""

    verdict: Verdict
    title: str
    findings: tuple[Finding, ...]

    @property
    def unfolded(self) -> bool:
        return self.verdict is Verdict.PROBLEM


def sections(findings: Sequence[Finding]) -> tuple[Section, ...]:
    """Without the empty ones; what is real comes first."""
    made = (Section(verdict, _(title), _of(findings, verdict)) for verdict, title in _SECTIONS)
    return tuple(section for section in made if section.findings)


@dataclass(frozen=True)
class DomainView:
    domain: str
    summary: str
    sections: tuple[Section, ...]


def domain_view(report: DomainReport) -> DomainView:
    return DomainView(report.domain, report.summary, sections(report.findings))


def _of(findings: Sequence[Finding], verdict: Verdict) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.verdict is verdict)
