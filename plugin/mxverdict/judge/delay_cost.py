"""What the delay for unknown hosts earns and what it costs, from the log."""

from __future__ import annotations

from collections.abc import Iterator

from mxverdict.evidence.traffic import DelayedSender, Traffic
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.judge.durations import duration
from mxverdict.testers.big_senders import title_of

NAME = "Delay for unknown hosts"
LONG_WAIT = 3600.0
"""Seconds of waiting for wanted mail that are worth a word: most people look again after an hour."""
_LISTED = 10

LIMITS = (
    "The log cannot tell who would have sent spam: turned away means no more than that the address left "
    "during the delay and delivered nothing in this time.",
    "A sender that came back from another address of its pool counts as turned away here and as a new sender "
    "there.",
    "The log does not say for whom the delay was on: who left at once would have left without it too.",
    "Logged-in users are known by the mail they sent: an address that sent none counts as a stranger, "
    "whoever it is.",
)  # fmt: skip


def judge_delay_cost(traffic: Traffic) -> tuple[Finding, ...]:
    """What the delay did, and a finding for known large senders that it keeps from delivering."""
    if traffic.read_from is None:
        why = "The log holds no line that tells the time."
        return (_finding(Verdict.UNKNOWN, "no log to judge it by", why, todo="See /var/log/exim_mainlog."),)
    return tuple(_findings(traffic))


def _findings(traffic: Traffic) -> Iterator[Finding]:
    yield _sum(traffic)
    lost = [one for one in traffic.giving_up if title_of(one.name)]
    if lost:
        yield _finding(
            Verdict.ADVISORY,
            f"{_addresses(len(lost))} of large senders always gave up",
            "These hosts belong to providers whose mail is wanted, and in this time they never waited for "
            "the greeting; their mail may have come from other addresses of theirs.",
            [_line(one) for one in lost],
            "Let these addresses past the delay: WHM, Exim Configuration Manager, Access Lists, Sender "
            "verification bypass IP addresses.",
        )
    waiting = [one for one in traffic.waiting if (one.waited or 0.0) >= LONG_WAIT and title_of(one.name)]
    if waiting:
        yield _finding(
            Verdict.ADVISORY,
            f"{_addresses(len(waiting))} of large senders delivered hours later",
            "These hosts left during the delay and delivered from the same address only after "
            f"{duration(min(one.waited or 0.0 for one in waiting))} or more.",
            [_line(one) for one in waiting],
            "Let these addresses past the delay, if their mail is urgent: WHM, Exim Configuration Manager, "
            "Access Lists, Sender verification bypass IP addresses.",
        )


def _sum(traffic: Traffic) -> Finding:
    text = f"{traffic.left} of {traffic.connections} connections left during the delay"
    if not traffic.left:
        why = "Nobody left before the greeting: either the delay is off, or all who came waited."
        return _finding(Verdict.OK, text, why)
    why = (
        f"{_addresses(traffic.turned_away)} that left never delivered anything in this time; "
        f"{traffic.kept_waiting} delivered later"
    )
    if traffic.waited_median is not None and traffic.waited_longest is not None:
        why += f", half of them within {duration(traffic.waited_median)}, the last after "
        why += duration(traffic.waited_longest)
    evidence = [
        f"{traffic.left_at_once} of those that left stayed for less than 2 s, as scanners and monitors do",
        f"{_addresses(traffic.giving_up_total)} came three times or more and always gave up",
        f"{traffic.delivered} messages from {_addresses(traffic.delivering)} came in",
    ]
    return _finding(Verdict.OK, text, f"{why}.", evidence)


def _line(sender: DelayedSender) -> str:
    waited = f", waited {duration(sender.waited)}" if sender.waited is not None else ""
    return f"{title_of(sender.name)}: {sender.name} [{sender.address}] left {sender.left} times{waited}"


def _addresses(count: int) -> str:
    return "1 address" if count == 1 else f"{count} addresses"


def _finding(
    verdict: Verdict, text: str, why: str, evidence: list[str] | None = None, todo: str = ""
) -> Finding:
    level = {Verdict.OK: "ok", Verdict.ADVISORY: "warning"}.get(verdict, "unknown")
    lines = tuple((evidence or [])[:_LISTED])
    return Finding(Row(NAME, level, text, "log"), verdict, why, lines, todo, Owner.SERVER if todo else None)
