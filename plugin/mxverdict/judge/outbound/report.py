"""Judges the outbound test: does a mail from this server get through, and if not, where does it end and
why?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from mxverdict.evidence import ProbeStage
from mxverdict.evidence.outbound import OutboundEvidence, SmtpAttempt
from mxverdict.findings import Finding, OutboundReport, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.outbound import port25
from mxverdict.judge.outbound.conclusion import conclude
from mxverdict.judge.outbound.messages import (
    NO_IPV6,
    NO_POSTMASTER,
    OWN_UNREACHED,
    PORT_25_BLOCKED,
    OutcomeMessage,
    cause_of,
    message_of,
)
from mxverdict.judge.outbound.outcome import NO_CONNECTION, End, Outcome, outcome_of
from mxverdict.refusals import RefusalClass

_MAIL_HOST = N_("Mail host")
_TEST_MESSAGE = N_("Test message")


def judge_outbound(outbound: OutboundEvidence) -> OutboundReport:
    """Return the conclusion, then findings on port 25, on each mail host, and on what else was seen."""
    callback = outbound.purpose == "callback"
    outcomes = [outcome_of(attempt, outbound.hostname, callback) for attempt in outbound.climbs]
    findings = [conclude(outbound, outcomes)] if outbound.domain else []
    findings += port25.judge_paths(outbound)
    found = port25.paths(outbound)
    for attempt, outcome in zip(outbound.climbs, outcomes):
        special = _special(attempt, outcome, outbound, found)
        through = None if special else _through(attempt, outbound, outcomes)
        findings.append(
            _finding(attempt, outcome, special or message_of(outcome, attempt), outbound, through)
        )
    findings += _hosts_without_address(outbound)
    findings += _broken_tls(outbound)
    findings += _delivery(outbound)
    return OutboundReport(outbound.domain, _summary(outbound, findings), tuple(findings))


def _summary(outbound: OutboundEvidence, findings: Sequence[Finding]) -> str:
    sentences = []
    if outbound.domain:
        sentence = (
            _("A callback to {recipient}: {outcome}.")
            if outbound.purpose == "callback"
            else _("Mail to {recipient}: {outcome}.")
        )
        sentences.append(sentence.format(recipient=outbound.recipient, outcome=findings[0].row.text))
    ports = [finding for finding in findings if finding.id == "outbound.port25"]
    bad = [finding for finding in ports if finding.verdict is not Verdict.OK]
    said = bad if outbound.domain else bad or ports
    sentences += [f"{_(port25.NAME)} ({finding.row.host}): {finding.row.text}." for finding in said]
    return " ".join(sentences)


def _special(
    attempt: SmtpAttempt,
    outcome: End,
    outbound: OutboundEvidence,
    found: Sequence[port25.SourceReachability],
) -> Optional[OutcomeMessage]:
    """Return the message that replaces the usual one where the other attempts explain more, or None."""
    if outcome in NO_CONNECTION and not attempt.connected:
        same = [other for other in outbound.climbs if other.source == attempt.source]
        over_four = any(other.connected and ":" not in other.address for other in same)
        if ":" in attempt.address and over_four:
            return NO_IPV6
        if port25.is_blocked(attempt, found):
            return PORT_25_BLOCKED
        if attempt.own:
            return OWN_UNREACHED
    if outcome is RefusalClass.RECIPIENT_UNKNOWN and not outbound.recipient_chosen:
        return NO_POSTMASTER
    return None


def _through(
    attempt: SmtpAttempt, outbound: OutboundEvidence, outcomes: Sequence[End]
) -> Optional[SmtpAttempt]:
    """Return the attempt from the same source that got through, if one did."""
    others = (
        c for c, o in zip(outbound.climbs, outcomes) if c.source == attempt.source and o is Outcome.ACCEPTED
    )
    return next(others, None)


def _finding(
    attempt: SmtpAttempt,
    end: End,
    message: OutcomeMessage,
    outbound: OutboundEvidence,
    through: Optional[SmtpAttempt],
) -> Finding:
    values = _values(attempt, end, outbound)
    about = _name(attempt)
    if len({one.source for one in outbound.climbs}) > 1:
        about = _("{host} from {source}").format(host=about, source=values["source"])
    verdict = message.verdict
    why = [_(message.why).format(**values)]
    if (verdict is Verdict.PROBLEM or isinstance(end, RefusalClass)) and through is not None:
        verdict = Verdict.ADVISORY
        works = (
            _("The callback works all the same, by {host}.")
            if outbound.purpose == "callback"
            else _("Mail gets through all the same, by {host}.")
        )
        why.append(works.format(host=_name(through)))
    if attempt.own:
        why.append(_("This mail host is this server itself: Exim delivers here without the network."))
    row = Row("outbound.host", _MAIL_HOST, verdict.level, _(message.text).format(**values), "outbound", about)
    exchanges = [stage for stage in attempt.stages if stage.name not in ("rset", "quit")]
    evidence = tuple(stage_line(stage) for stage in exchanges[-1:])
    return Finding(row, verdict, " ".join(why), evidence, _(message.todo).format(**values), message.owner)


def _name(attempt: SmtpAttempt) -> str:
    return f"{attempt.host} [{attempt.address}]"


def stage_line(stage: ProbeStage) -> str:
    """Return one exchange in one line."""
    said = _("no reply") if stage.reply is None else f"{stage.reply.code} {' / '.join(stage.reply.lines)}"
    asked = stage.command or _("connection")
    return f"{asked} -> {said} ({stage.seconds:.1f} s)"


def _values(attempt: SmtpAttempt, end: End, outbound: OutboundEvidence) -> dict[str, str]:
    reply = attempt.reply(attempt.failed_at or "connect")
    stages = {"connect": _("the greeting"), "message": _("the message")}
    return {
        "host": attempt.host,
        "address": attempt.address,
        "source": attempt.local_address or attempt.source.address or _("this server"),
        "helo": attempt.source.helo,
        "domain": outbound.domain,
        "sender": outbound.sender or "<>",
        "recipient": outbound.recipient,
        "cause": _(cause_of(end)),
        "failure": translate(attempt.failure),
        "stage": stages.get(attempt.failed_at, attempt.failed_at.upper()),
        "seconds": f"{attempt.waited:.0f}",
        "reply": "" if reply is None else f"{reply.code} {' '.join(reply.lines)}",
    }


def _hosts_without_address(outbound: OutboundEvidence) -> Iterator[Finding]:
    if outbound.route is None or not outbound.climbs:
        return
    for host in outbound.route.hosts:
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


def _broken_tls(outbound: OutboundEvidence) -> Iterator[Finding]:
    for attempt in outbound.climbs:
        if attempt.tls is None or (attempt.tls.handshake and not attempt.tls.problem):
            continue
        name = _name(attempt)
        evidence = (translate(attempt.tls.problem),)
        if attempt.tls.handshake:
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


def _delivery(outbound: OutboundEvidence) -> Iterator[Finding]:
    if not outbound.send:
        return
    attempt = outbound.delivery
    about = outbound.recipient
    if attempt is None:
        row = Row("outbound.message", _TEST_MESSAGE, "unknown", _("not sent"), "outbound", about)
        yield Finding(row, Verdict.UNKNOWN, _("No mail host took the recipient, so nothing was sent."))
        return
    outcome = outcome_of(attempt, outbound.hostname)
    values = _values(attempt, outcome, outbound)
    evidence = (f"Message-ID {outbound.message_id}", *map(stage_line, attempt.stages))
    if outcome is Outcome.ACCEPTED:
        taken = attempt.reply("message")
        reply = f"{taken.code} {' '.join(taken.lines)}" if taken else ""
        text = _("taken by {host}: {reply}") if taken else _("taken")
        row = Row(
            "outbound.message",
            _TEST_MESSAGE,
            "ok",
            text.format(host=attempt.host, reply=reply),
            "outbound",
            about,
        )
        why = _("The mail host has taken the message; whether it reaches the inbox shows only there.")
        yield Finding(row, Verdict.OK, why, evidence)
        return
    message = message_of(outcome, attempt)
    text, why, todo = (_(said).format(**values) for said in (message.text, message.why, message.todo))
    row = Row("outbound.message", _TEST_MESSAGE, message.verdict.level, text, "outbound", about)
    yield Finding(row, message.verdict, why, evidence, todo, message.owner)
