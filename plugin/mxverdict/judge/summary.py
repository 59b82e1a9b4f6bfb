"""One sentence on top: what a tester will complain of, and how much of it is real."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.findings import DomainReport, Finding, Prediction, Verdict
from mxverdict.testers.rows import printed

_COMPLAINTS = ("warning", "error")


def summary(
    predictions: Sequence[Prediction], domains: Sequence[DomainReport], server: Sequence[Finding]
) -> str:
    """What the first tester will complain of, or MXToolbox about the domains, how much of it is real, and
    what is wrong with the server besides."""
    besides = sum(finding.verdict is Verdict.PROBLEM for finding in server)
    sentences = []
    if len(domains) == 1:
        sentences.append(domains[0].summary)
    elif domains:
        real = sum(any(f.verdict is Verdict.PROBLEM for f in domain.findings) for domain in domains)
        sentences.append(f"{len(domains)} domains were looked at, {real} of them with real problems.")
    elif predictions:
        first = predictions[0]
        told = [f for p in predictions if p.tester == first.tester for f in p.findings]
        sentences.append(complaints(first.title, told))
        besides += len({f.row.name for f in told if f.row.level == "ok" and f.verdict is Verdict.PROBLEM})
    else:
        return "No tester was looked at."
    if besides:
        sentences.append(f"This server has {_number(besides, 'real problem')} that the report does not name.")
    return " ".join(sentences)


def about_domain(title: str, findings: Sequence[Finding]) -> str:
    """What MXToolbox, called `title`, will complain of in its report about a domain, and what is wrong with
    it besides: in rows that pass and in those that only we look at."""
    named = [finding for finding in findings if printed(finding.row)]
    besides = sum(
        finding.verdict is Verdict.PROBLEM and not (finding.row.level in _COMPLAINTS and printed(finding.row))
        for finding in findings
    )
    sentences = [complaints(title, named)]
    if besides:
        sentences.append(f"There {_is(besides)} {_number(besides, 'real problem')} that it does not name.")
    return " ".join(sentences)


def complaints(title: str, findings: Sequence[Finding]) -> str:
    """How many rows of the tester's report will complain, and how many of them with reason."""
    rows = {
        (f.row.category, f.row.host, f.row.name, f.verdict) for f in findings if f.row.level in _COMPLAINTS
    }
    if not rows and any(finding.verdict is Verdict.UNKNOWN for finding in findings):
        return f"What {title} will report could not be told."
    if not rows:
        return f"{title} will report no problem."
    total = len({row[:-1] for row in rows})
    real, harmless, unknown = (
        len({row[:-1] for row in rows if row[-1] is verdict})
        for verdict in (Verdict.PROBLEM, Verdict.ADVISORY, Verdict.UNKNOWN)
    )
    answers = [_real(total, real, harmless)] if real or not unknown else []
    if harmless and total > 1:
        answers.append(f"{harmless} {_is(harmless)} true but harmless.")
    if unknown:
        answers.append(f"{unknown} could not be checked.")
    return f"{title} will report {_number(total, 'problem')}. {' '.join(answers)}"


def _real(total: int, real: int, harmless: int) -> str:
    if total == 1:
        return "It is real." if real else "It is true but harmless." if harmless else "It is not real."
    if real == total:
        return "All of them are real."
    if real:
        return f"{real} of them {_is(real)} real."
    return "None of them is a real problem." if harmless else "None of them is real."


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
