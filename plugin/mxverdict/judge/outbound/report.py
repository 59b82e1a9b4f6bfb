"""Judges the telnet ladder: does a mail from this server get through, and if not, where does it end and
why?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from mxverdict.evidence import ProbeStage
from mxverdict.evidence.outbound import OutboundEvidence, SmtpAttempt
from mxverdict.findings import Finding, LadderReport, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.outbound import port25
from mxverdict.judge.outbound.conclusion import conclude
from mxverdict.judge.outbound.messages import (
    LEVELS,
    NO_IPV6,
    NO_POSTMASTER,
    OWN_UNREACHED,
    PORT_25_BLOCKED,
    WORDS,
    OutcomeMessage,
)
from mxverdict.judge.outbound.outcome import NO_CONNECTION, Outcome, outcome_of

_MAIL_HOST = N_("Mail host")
_TEST_MESSAGE = N_("Test message")


def judge_ladder(ladder: OutboundEvidence) -> LadderReport:
    """The conclusion first, then port 25 as such, then each mail host, then what else was seen."""
    callback = ladder.purpose == "callback"
    outcomes = [outcome_of(climb, ladder.hostname, callback) for climb in ladder.climbs]
    findings = [conclude(ladder, outcomes)] if ladder.domain else []
    findings += port25.judge_ways(ladder)
    found = port25.ways(ladder)
    for climb, outcome in zip(ladder.climbs, outcomes):
        special = _special(climb, outcome, ladder, found)
        through = None if special else _through(climb, ladder, outcomes)
        findings.append(_finding(climb, special or WORDS[outcome], ladder, through))
    findings += _hosts_without_address(ladder)
    findings += _broken_tls(ladder)
    findings += _delivery(ladder)
    return LadderReport(ladder.domain, _summary(ladder, findings), tuple(findings))


def _summary(ladder: OutboundEvidence, findings: Sequence[Finding]) -> str:
    sentences = []
    if ladder.domain:
        sentence = (
            _("A callback to {recipient}: {outcome}.")
            if ladder.purpose == "callback"
            else _("Mail to {recipient}: {outcome}.")
        )
        sentences.append(sentence.format(recipient=ladder.recipient, outcome=findings[0].row.text))
    ports = [finding for finding in findings if finding.id == "outbound.port25"]
    bad = [finding for finding in ports if finding.verdict is not Verdict.OK]
    said = bad if ladder.domain else bad or ports
    sentences += [f"{_(port25.NAME)} ({finding.row.host}): {finding.row.text}." for finding in said]
    return " ".join(sentences)


def _special(
    climb: SmtpAttempt,
    outcome: Outcome,
    ladder: OutboundEvidence,
    found: Sequence[port25.SourceReachability],
) -> Optional[OutcomeMessage]:
    """What is said instead of the usual words, where the other climbs explain more; None for nothing."""
    if outcome in NO_CONNECTION and not climb.connected:
        same = [other for other in ladder.climbs if other.source == climb.source]
        over_four = any(other.connected and ":" not in other.address for other in same)
        if ":" in climb.address and over_four:
            return NO_IPV6
        if port25.is_blocked(climb, found):
            return PORT_25_BLOCKED
        if climb.own:
            return OWN_UNREACHED
    if outcome is Outcome.UNKNOWN_USER and not ladder.recipient_chosen:
        return NO_POSTMASTER
    return None


def _through(
    climb: SmtpAttempt, ladder: OutboundEvidence, outcomes: Sequence[Outcome]
) -> Optional[SmtpAttempt]:
    """The climb from the same source that got through, if one did."""
    others = (
        c for c, o in zip(ladder.climbs, outcomes) if c.source == climb.source and o is Outcome.ACCEPTED
    )
    return next(others, None)


def _finding(
    climb: SmtpAttempt, words: OutcomeMessage, ladder: OutboundEvidence, through: Optional[SmtpAttempt]
) -> Finding:
    values = _values(climb, ladder)
    about = _name(climb)
    if len({one.source for one in ladder.climbs}) > 1:
        about = _("{host} from {source}").format(host=about, source=values["source"])
    verdict = words.verdict
    why = [_(words.why).format(**values)]
    if verdict is Verdict.PROBLEM and through is not None:
        verdict = Verdict.ADVISORY
        works = (
            _("The callback works all the same, by {host}.")
            if ladder.purpose == "callback"
            else _("Mail gets through all the same, by {host}.")
        )
        why.append(works.format(host=_name(through)))
    if climb.own:
        why.append(_("This mail host is this server itself: Exim delivers here without the network."))
    row = Row("outbound.host", _MAIL_HOST, LEVELS[verdict], _(words.text).format(**values), "outbound", about)
    exchanges = [stage for stage in climb.stages if stage.name not in ("rset", "quit")]
    evidence = tuple(stage_line(stage) for stage in exchanges[-1:])
    return Finding(row, verdict, " ".join(why), evidence, _(words.todo).format(**values), words.owner)


def _name(climb: SmtpAttempt) -> str:
    return f"{climb.host} [{climb.address}]"


def stage_line(stage: ProbeStage) -> str:
    """One exchange in one line."""
    said = _("no reply") if stage.reply is None else f"{stage.reply.code} {' / '.join(stage.reply.lines)}"
    asked = stage.command or _("connection")
    return f"{asked} -> {said} ({stage.seconds:.1f} s)"


def _values(climb: SmtpAttempt, ladder: OutboundEvidence) -> dict[str, str]:
    reply = climb.reply(climb.failed_at or "connect")
    stages = {"connect": _("the greeting"), "message": _("the message")}
    return {
        "host": climb.host,
        "address": climb.address,
        "source": climb.local_address or climb.source.address or _("this server"),
        "helo": climb.source.helo,
        "domain": ladder.domain,
        "sender": ladder.sender or "<>",
        "recipient": ladder.recipient,
        "failure": translate(climb.failure),
        "stage": stages.get(climb.failed_at, climb.failed_at.upper()),
        "seconds": f"{climb.waited:.0f}",
        "reply": "" if reply is None else f"{reply.code} {' '.join(reply.lines)}",
    }


def _hosts_without_address(ladder: OutboundEvidence) -> Iterator[Finding]:
    if ladder.route is None or not ladder.climbs:
        return
    for host in ladder.route.hosts:
        if host.addresses:
            continue
        if host.errors:
            errors = tuple(map(translate, host.errors))
            row = Row(
                "outbound.host.address",
                _MAIL_HOST,
                "unknown",
                _("could not be looked up"),
                "outbound",
                host.name,
            )
            yield Finding(row, Verdict.UNKNOWN, _("Its addresses could not be looked up."), errors)
        else:
            row = Row(
                "outbound.host.address", _MAIL_HOST, "warning", _("has no address"), "outbound", host.name
            )
            why = _("Senders skip this MX record and use the others.")
            todo = _("Correct or remove the MX record.")
            yield Finding(row, Verdict.ADVISORY, why, (), todo, Owner.ZONE)


def _broken_tls(ladder: OutboundEvidence) -> Iterator[Finding]:
    for climb in ladder.climbs:
        if climb.tls is None or (climb.tls.handshake and not climb.tls.problem):
            continue
        name = _name(climb)
        evidence = (translate(climb.tls.problem),)
        if climb.tls.handshake:
            row = Row(
                "outbound.tls", "TLS", "warning", _("the certificate cannot be trusted"), "outbound", name
            )
            why = _(
                "Mail goes through, encrypted, for mail servers take any certificate unless a policy "
                "(MTA-STS, DANE) forbids it."
            )
            todo = _("Tell the people who run it; senders with such a policy do not deliver.")
        else:
            row = Row("outbound.tls", "TLS", "warning", _("does not work"), "outbound", name)
            why = _("Exim goes on without TLS, so mail to this host travels unencrypted.")
            todo = _("Tell the people who run it; senders that insist on TLS do not deliver.")
        yield Finding(row, Verdict.ADVISORY, why, evidence, todo, Owner.OTHER_SERVER)


def _delivery(ladder: OutboundEvidence) -> Iterator[Finding]:
    if not ladder.send:
        return
    climb = ladder.delivery
    about = ladder.recipient
    if climb is None:
        row = Row("outbound.message", _TEST_MESSAGE, "unknown", _("not sent"), "outbound", about)
        yield Finding(row, Verdict.UNKNOWN, _("No mail host took the recipient, so nothing was sent."))
        return
    outcome = outcome_of(climb, ladder.hostname)
    values = _values(climb, ladder)
    evidence = (f"Message-ID {ladder.message_id}", *map(stage_line, climb.stages))
    if outcome is Outcome.ACCEPTED:
        taken = climb.reply("message")
        reply = f"{taken.code} {' '.join(taken.lines)}" if taken else ""
        told = _("taken by {host}: {reply}") if taken else _("taken")
        row = Row(
            "outbound.message",
            _TEST_MESSAGE,
            "ok",
            told.format(host=climb.host, reply=reply),
            "outbound",
            about,
        )
        why = _("The mail host has taken the message; whether it reaches the inbox shows only there.")
        yield Finding(row, Verdict.OK, why, evidence)
        return
    words = WORDS[outcome]
    text, why, todo = (_(said).format(**values) for said in (words.text, words.why, words.todo))
    row = Row("outbound.message", _TEST_MESSAGE, LEVELS[words.verdict], text, "outbound", about)
    yield Finding(row, words.verdict, why, evidence, todo, words.owner)
