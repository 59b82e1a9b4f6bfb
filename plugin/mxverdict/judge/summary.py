"""One sentence on top: what a tester will complain of, and how much of it is real."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.findings import DomainReport, Finding, Prediction, Verdict


def summary(
    predictions: Sequence[Prediction], domains: Sequence[DomainReport], server: Sequence[Finding]
) -> str:
    """What the first tester will complain of, or MXToolbox about the domains, how much of it is real, and
    what is wrong with the server besides."""
    told = [finding for domain in domains for finding in domain.findings]
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
    else:
        return "No tester was looked at."
    passed = {f.row.name for f in told if f.row.level == "ok" and f.verdict is Verdict.PROBLEM}
    besides = sum(finding.verdict is Verdict.PROBLEM for finding in server) + len(passed)
    if besides:
        sentences.append(f"This server has {_number(besides, 'real problem')} that the report does not name.")
    return " ".join(sentences)


def complaints(title: str, findings: Sequence[Finding]) -> str:
    rows = {(f.row.name, f.verdict) for f in findings if f.row.level in ("warning", "error")}
    if not rows and any(finding.verdict is Verdict.UNKNOWN for finding in findings):
        return f"What {title} will report could not be told."
    if not rows:
        return f"{title} will report no problem."
    total = len({name for name, _ in rows})
    real = len({name for name, verdict in rows if verdict is Verdict.PROBLEM})
    unknown = len({name for name, verdict in rows if verdict is Verdict.UNKNOWN})
    answers = []
    if real == total:
        answers.append("It is real." if total == 1 else "All of them are real.")
    elif real:
        answers.append(f"{real} of them {'is' if real == 1 else 'are'} real.")
    elif not unknown:
        answers.append("It is not real." if total == 1 else "None of them is real.")
    if unknown:
        answers.append(f"{unknown} could not be checked.")
    return f"{title} will report {_number(total, 'problem')}. {' '.join(answers)}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
