"""One sentence on top: what a tester will complain of, and how much of it is real."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.findings import DomainReport, Finding, Prediction, Verdict
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.catalog import ngettext
from mxverdict.testers.row_texts import printed

_COMPLAINTS = ("warning", "error")


def summary(
    predictions: Sequence[Prediction], domains: Sequence[DomainReport], server: Sequence[Finding]
) -> str:
    """Return what the first tester will complain of, or MXToolbox about the domains, how much of it is real,
    and what is wrong with the server besides."""
    besides = sum(finding.verdict is Verdict.PROBLEM for finding in server)
    sentences = []
    if len(domains) == 1:
        sentences.append(domains[0].summary)
    elif domains:
        real = sum(any(f.verdict is Verdict.PROBLEM for f in domain.findings) for domain in domains)
        sentences.append(
            ngettext(
                "{count} domain was looked at, {real} of them with real problems.",
                "{count} domains were looked at, {real} of them with real problems.",
                len(domains),
            ).format(count=len(domains), real=real)
        )
    elif predictions:
        first = predictions[0]
        findings = [f for p in predictions if p.tester == first.tester for f in p.findings]
        sentences.append(complaints(first.title, findings))
        besides += len({f.id for f in findings if f.row.level == "ok" and f.verdict is Verdict.PROBLEM})
    else:
        return _("No tester was looked at.")
    if besides:
        sentences.append(
            ngettext(
                "This server has {count} real problem that the report does not name.",
                "This server has {count} real problems that the report does not name.",
                besides,
            ).format(count=besides)
        )
    return " ".join(sentences)


def about_domain(title: str, findings: Sequence[Finding]) -> str:
    """Return what MXToolbox, called `title`, will complain of in its report about a domain, and what is wrong
    with it besides: in rows that pass and in those that only we look at."""
    named = [finding for finding in findings if printed(finding.row)]
    besides = sum(
        finding.verdict is Verdict.PROBLEM and not (finding.row.level in _COMPLAINTS and printed(finding.row))
        for finding in findings
    )
    sentences = [complaints(title, named)]
    if besides:
        sentences.append(
            ngettext(
                "There is {count} real problem that it does not name.",
                "There are {count} real problems that it does not name.",
                besides,
            ).format(count=besides)
        )
    return " ".join(sentences)


def complaints(title: str, findings: Sequence[Finding]) -> str:
    """Return how many rows of the tester's report will complain, and how many of them with reason."""
    rows = {
        (f.row.category, f.row.host, f.row.name, f.verdict) for f in findings if f.row.level in _COMPLAINTS
    }
    if not rows and any(finding.verdict is Verdict.UNKNOWN for finding in findings):
        return _("What {tester} will report could not be told.").format(tester=title)
    if not rows:
        return _("{tester} will report no problem.").format(tester=title)
    total = len({row[:-1] for row in rows})
    real, harmless, unknown = (
        len({row[:-1] for row in rows if row[-1] is verdict})
        for verdict in (Verdict.PROBLEM, Verdict.ADVISORY, Verdict.UNKNOWN)
    )
    reported = ngettext(
        "{tester} will report {count} problem.", "{tester} will report {count} problems.", total
    )
    sentences = [reported.format(tester=title, count=total)]
    if real or not unknown:
        sentences.append(_real(total, real, harmless))
    if harmless and total > 1:
        said = ngettext("{count} is true but harmless.", "{count} are true but harmless.", harmless)
        sentences.append(said.format(count=harmless))
    if unknown:
        said = ngettext("{count} could not be checked.", "{count} could not be checked.", unknown)
        sentences.append(said.format(count=unknown))
    return " ".join(sentences)


def _real(total: int, real: int, harmless: int) -> str:
    if total == 1 and real:
        return _("It is real.")
    if total == 1:
        return _("It is true but harmless.") if harmless else _("It is not real.")
    if real == total:
        return _("All of them are real.")
    if real:
        return ngettext("{count} of them is real.", "{count} of them are real.", real).format(count=real)
    return _("None of them is a real problem.") if harmless else _("None of them is real.")
