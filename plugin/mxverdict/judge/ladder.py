"""Judges the telnet ladder: does a mail from this server get through, and if not, where does it end and
why?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mxverdict.evidence import ProbeStage
from mxverdict.evidence.ladder import Climb, Ladder
from mxverdict.findings import Finding, LadderReport, Owner, Row, Verdict
from mxverdict.judge import port25
from mxverdict.judge.climb import NO_CONNECTION, Outcome, outcome_of
from mxverdict.judge.conclusion import conclude
from mxverdict.judge.ladder_words import (
    LEVELS,
    NO_IPV6,
    NO_POSTMASTER,
    OWN_UNREACHED,
    PORT_25_BLOCKED,
    WORDS,
    Words,
)


def judge_ladder(ladder: Ladder) -> LadderReport:
    """The conclusion first, then port 25 as such, then each mail host, then what else was seen."""
    callback = ladder.purpose == "callback"
    outcomes = [outcome_of(climb, ladder.hostname, callback) for climb in ladder.climbs]
    findings = [conclude(ladder, outcomes)] if ladder.domain else []
    findings += port25.judge_ways(ladder)
    found = port25.ways(ladder)
    for climb, outcome in zip(ladder.climbs, outcomes):
        words = _words(climb, outcome, ladder, outcomes, found)
        findings.append(_finding(climb, words, ladder))
    findings += _hosts_without_address(ladder)
    findings += _broken_tls(ladder)
    findings += _delivery(ladder)
    return LadderReport(ladder.domain, _summary(ladder, findings), tuple(findings))


def _summary(ladder: Ladder, findings: Sequence[Finding]) -> str:
    sentences = []
    if ladder.domain:
        what = "A callback" if ladder.purpose == "callback" else "Mail"
        sentences.append(f"{what} to {ladder.recipient}: {findings[0].row.text}.")
    ports = [finding for finding in findings if finding.row.name == port25.NAME]
    bad = [finding for finding in ports if finding.verdict is not Verdict.OK]
    said = bad if ladder.domain else bad or ports
    sentences += [f"{port25.NAME} ({finding.row.host}): {finding.row.text}." for finding in said]
    return " ".join(sentences)


def _words(
    climb: Climb,
    outcome: Outcome,
    ladder: Ladder,
    outcomes: Sequence[Outcome],
    found: Sequence[port25.Way],
) -> Words:
    words = WORDS[outcome]
    same = [(c, o) for c, o in zip(ladder.climbs, outcomes) if c.source == climb.source]
    through = next((c for c, o in same if o is Outcome.ACCEPTED), None)
    if outcome in NO_CONNECTION and not climb.connected:
        over_four = any(c.connected and ":" not in c.address for c, _ in same)
        if ":" in climb.address and over_four:
            return NO_IPV6
        if port25.is_blocked(climb, found):
            return PORT_25_BLOCKED
        if climb.own:
            return OWN_UNREACHED
    if outcome is Outcome.UNKNOWN_USER and not ladder.recipient_chosen:
        return NO_POSTMASTER
    if words.verdict is Verdict.PROBLEM and through is not None:
        what = "The callback works" if ladder.purpose == "callback" else "Mail gets through"
        by = through.host.replace("{", "{{").replace("}", "}}")
        why = f"{words.why} {what} all the same, by {by} [{through.address}]."
        return replace(words, verdict=Verdict.ADVISORY, why=why)
    return words


def _finding(climb: Climb, words: Words, ladder: Ladder) -> Finding:
    values = _values(climb, ladder)
    several = len({one.source for one in ladder.climbs}) > 1
    about = _name(climb) + (f" from {values['source']}" if several else "")
    why = words.why.format(**values)
    if climb.own:
        why += " This mail host is this server itself: Exim delivers here without the network."
    row = Row("Mail host", LEVELS[words.verdict], words.text.format(**values), "outbound", about)
    exchanges = [stage for stage in climb.stages if stage.name not in ("rset", "quit")]
    evidence = tuple(stage_line(stage) for stage in exchanges[-1:])
    return Finding(row, words.verdict, why, evidence, words.todo.format(**values), words.owner)


def _name(climb: Climb) -> str:
    return f"{climb.host} [{climb.address}]"


def stage_line(stage: ProbeStage) -> str:
    """One exchange in one line."""
    said = "no reply" if stage.reply is None else f"{stage.reply.code} {' / '.join(stage.reply.lines)}"
    return f"{stage.command or 'connection'} -> {said} ({stage.seconds:.1f} s)"


def _values(climb: Climb, ladder: Ladder) -> dict[str, str]:
    reply = climb.reply(climb.failed_at or "connect")
    stages = {"connect": "the greeting", "message": "the message"}
    return {
        "host": climb.host,
        "address": climb.address,
        "source": climb.local_address or climb.source.address or "this server",
        "helo": climb.source.helo,
        "domain": ladder.domain,
        "sender": ladder.sender or "<>",
        "recipient": ladder.recipient,
        "failure": climb.failure,
        "stage": stages.get(climb.failed_at, climb.failed_at.upper()),
        "seconds": f"{climb.waited:.0f} s",
        "reply": "" if reply is None else f"{reply.code} {' '.join(reply.lines)}",
    }


def _hosts_without_address(ladder: Ladder) -> Iterator[Finding]:
    if ladder.route is None or not ladder.climbs:
        return
    for host in ladder.route.hosts:
        if host.addresses:
            continue
        if host.errors:
            row = Row("Mail host", "unknown", "could not be looked up", "outbound", host.name)
            yield Finding(row, Verdict.UNKNOWN, "Its addresses could not be looked up.", host.errors)
        else:
            row = Row("Mail host", "warning", "has no address", "outbound", host.name)
            why = "Senders skip this MX record and use the others."
            yield Finding(row, Verdict.ADVISORY, why, (), "Correct or remove the MX record.", Owner.ZONE)


def _broken_tls(ladder: Ladder) -> Iterator[Finding]:
    for climb in ladder.climbs:
        if climb.tls is None or (climb.tls.handshake and not climb.tls.problem):
            continue
        name = _name(climb)
        evidence = (climb.tls.problem,)
        if climb.tls.handshake:
            row = Row("TLS", "warning", "the certificate cannot be trusted", "outbound", name)
            why = (
                "Mail goes through, encrypted, for mail servers take any certificate unless a policy "
                "(MTA-STS, DANE) forbids it."
            )
            todo = "Tell the people who run it; senders with such a policy do not deliver."
        else:
            row = Row("TLS", "warning", "does not work", "outbound", name)
            why = "Exim goes on without TLS, so mail to this host travels unencrypted."
            todo = "Tell the people who run it; senders that insist on TLS do not deliver."
        yield Finding(row, Verdict.ADVISORY, why, evidence, todo, Owner.OTHER_SERVER)


def _delivery(ladder: Ladder) -> Iterator[Finding]:
    if not ladder.send:
        return
    climb = ladder.delivery
    about = ladder.recipient
    if climb is None:
        row = Row("Test message", "unknown", "not sent", "outbound", about)
        yield Finding(row, Verdict.UNKNOWN, "No mail host took the recipient, so nothing was sent.")
        return
    outcome = outcome_of(climb, ladder.hostname)
    values = _values(climb, ladder)
    evidence = (f"Message-ID {ladder.message_id}", *map(stage_line, climb.stages))
    if outcome is Outcome.ACCEPTED:
        taken = climb.reply("message")
        text = f"taken by {climb.host}: {taken.code} {' '.join(taken.lines)}" if taken else "taken"
        row = Row("Test message", "ok", text, "outbound", about)
        why = "The mail host has taken the message; whether it reaches the inbox shows only there."
        yield Finding(row, Verdict.OK, why, evidence)
        return
    words = WORDS[outcome]
    row = Row("Test message", LEVELS[words.verdict], words.text.format(**values), "outbound", about)
    why, todo = words.why.format(**values), words.todo.format(**values)
    yield Finding(row, words.verdict, why, evidence, todo, words.owner)
