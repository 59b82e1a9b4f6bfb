"""Does anything that this server sends to port 25 arrive? Judged from the greetings of well-known
receivers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from mxverdict.evidence.outbound import OutboundEvidence, Receiver, SmtpAttempt, Source
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.outbound.messages import OutcomeMessage
from mxverdict.judge.outbound.outcome import End, Outcome, is_redirected, outcome_of, verdict_of
from mxverdict.refusals import RefusalClass, facts

NAME = N_("Outgoing port 25")
_OPEN = OutcomeMessage(Verdict.OK, "", N_("Connections to mail servers elsewhere come about."))
_NOT_TESTED = OutcomeMessage(
    Verdict.UNKNOWN,
    N_("could not be tested"),
    N_("The time was up before a well-known receiver had answered."),
    N_("Run it again with a longer --timeout."),
)
_BLOCKED = OutcomeMessage(
    Verdict.PROBLEM,
    N_("blocked: no well-known receiver can be reached"),
    "",
    N_(
        "Ask the provider whether it blocks outgoing port 25 (many do, until asked), and look for rules on "
        "it in this server's firewall. Until it is open, send through a smarthost on port 587."
    ),
    Owner.ADDRESS,
)
_REASONS: dict[End, str] = {
    Outcome.TIMED_OUT: N_(
        "Whatever is sent to port 25 of anybody vanishes on the way, which is how providers block it."
    ),
    Outcome.NO_ROUTE: N_(
        "The network says that there is no way out to port 25: there is no route, or a router forbids it."
    ),
    Outcome.REFUSED: N_("Every connection to port 25 is refused, whoever it is for, which a firewall does."),
}
_NOBODY = N_("No connection to port 25 of anybody comes about.")
_ONLY_FOUR = OutcomeMessage(
    Verdict.ADVISORY,
    N_("closed over IPv6, open over IPv4"),
    N_("Exim goes on with IPv4 where a receiver has both, so mail may be late, but is not lost."),
    N_("Repair the IPv6 route, or ask the provider whether it blocks port 25 over IPv6."),
    Owner.ADDRESS,
)
_SWALLOWED = OutcomeMessage(
    Verdict.PROBLEM,
    N_("connections come about, but no well-known receiver greets"),
    N_(
        "Something between this server and the Internet takes the connections to port 25 and passes nothing "
        "on."
    ),
    N_("Ask the provider whether it filters outgoing port 25."),
    Owner.ADDRESS,
)
_HERE = {
    Outcome.REDIRECTED: OutcomeMessage(
        Verdict.PROBLEM,
        N_("connections are turned round to this server"),
        N_("This server itself answers in the place of the receivers."),
        N_("Look for SMTP_REDIRECT in CSF and SMTP Restrictions in WHM; neither should hit root or Exim."),
        Owner.SERVER,
    ),
    Outcome.BLOCKED_HERE: OutcomeMessage(
        Verdict.PROBLEM,
        N_("blocked on this server"),
        N_("A rule on this server itself forbids connections to port 25."),
        N_("Look at the firewall of this server (CSF, nftables, iptables) for rules on outgoing port 25."),
        Owner.SERVER,
    ),
    Outcome.NO_SOURCE: OutcomeMessage(
        Verdict.PROBLEM,
        N_("the address is not on this server"),
        N_("No network card of this server has this address, so no mail can leave from it."),
        N_("Correct the address in /etc/mailips, or put it back on the server."),
        Owner.SERVER,
    ),
}


@dataclass(frozen=True)
class SourceReachability:
    """One source address and IP version (4 or 6). `open` is None when that is not known."""

    source: Source
    version: int
    open: Optional[bool]
    climbs: tuple[SmtpAttempt, ...]


def paths(outbound: OutboundEvidence) -> tuple[SourceReachability, ...]:
    """Return the paths on which the well-known receivers were tried."""
    climbs = list(dict.fromkeys(attempt for receiver in outbound.receivers for attempt in receiver.climbs))
    keys = dict.fromkeys((attempt.source, _version(attempt)) for attempt in climbs)
    return tuple(
        _path(source, version, [c for c in climbs if c.source == source and _version(c) == version], outbound)
        for source, version in keys
    )


def is_blocked(attempt: SmtpAttempt, found: Sequence[SourceReachability]) -> bool:
    """Whether port 25 is closed on the path of `attempt`."""
    return any(
        path.open is False and path.source == attempt.source and path.version == _version(attempt)
        for path in found
    )


def judge_paths(outbound: OutboundEvidence) -> Iterator[Finding]:
    """Yield one finding for each path, and one for each receiver that refuses this server."""
    found = paths(outbound)
    if outbound.receivers and not found:
        errors = tuple(f"{receiver.domain}: {translate(receiver.error)}" for receiver in outbound.receivers)
        yield Finding(
            Row("outbound.port25", NAME, "unknown", _("could not be tested"), "outbound", _("this server")),
            Verdict.UNKNOWN,
            _("No well-known receiver could be looked up."),
            errors,
            _("Check the resolver of this server (/etc/resolv.conf)."),
            Owner.SERVER,
        )
    over_four = any(path.open for path in found if path.version == 4)
    for path in found:
        yield _finding(path, over_four, outbound)
        yield from _rejecting_receivers(path, outbound)


def _path(
    source: Source, version: int, climbs: list[SmtpAttempt], outbound: OutboundEvidence
) -> SourceReachability:
    ended = [outcome_of(attempt, outbound.hostname) for attempt in climbs]
    if any(_greeted(attempt, outbound) for attempt in climbs):
        return SourceReachability(source, version, True, tuple(climbs))
    unknown = all(outcome is Outcome.OUT_OF_TIME for outcome in ended)
    return SourceReachability(source, version, None if unknown else False, tuple(climbs))


def _greeted(attempt: SmtpAttempt, outbound: OutboundEvidence) -> bool:
    """Whether the receiver said anything, be it that it does not want us."""
    return attempt.reply("connect") is not None and not is_redirected(attempt, outbound.hostname)


def _finding(path: SourceReachability, over_four: bool, outbound: OutboundEvidence) -> Finding:
    about = path.source.address or f"IPv{path.version}"
    if path.open:
        named = [receiver for receiver in outbound.receivers if _attempts(receiver, path)]
        reached = [r for r in named if any(_greeted(attempt, outbound) for attempt in _attempts(r, path))]
        text = _("open: {reached} of {count} well-known receivers answer").format(
            reached=len(reached), count=len(named)
        )
        message = _OPEN
    else:
        message = _NOT_TESTED if path.open is None else _closed(path, over_four, outbound)
        text = _(message.text)
    evidence = tuple(f"{attempt.host} [{attempt.address}]: {_said(attempt)}" for attempt in path.climbs)
    row = Row("outbound.port25", NAME, message.verdict.level, text, "outbound", about)
    return Finding(row, message.verdict, _(message.why), evidence, _(message.todo), message.owner)


def _attempts(receiver: Receiver, path: SourceReachability) -> list[SmtpAttempt]:
    return [attempt for attempt in receiver.climbs if attempt in path.climbs]


def _closed(path: SourceReachability, over_four: bool, outbound: OutboundEvidence) -> OutcomeMessage:
    ended = {outcome_of(attempt, outbound.hostname) for attempt in path.climbs}
    for outcome in (Outcome.REDIRECTED, Outcome.BLOCKED_HERE, Outcome.NO_SOURCE):
        if outcome in ended:
            return _HERE[outcome]
    if path.version == 6 and over_four:
        return _ONLY_FOUR
    if any(attempt.connected for attempt in path.climbs):
        return _SWALLOWED
    return replace(_BLOCKED, why=_REASONS.get(next(iter(ended)), _NOBODY) if len(ended) == 1 else _NOBODY)


def _rejecting_receivers(path: SourceReachability, outbound: OutboundEvidence) -> Iterator[Finding]:
    for attempt in path.climbs:
        reply = attempt.reply(attempt.failed_at) if attempt.cause == "reply" else None
        end = outcome_of(attempt, outbound.hostname)
        verdict = verdict_of(end, attempt)
        if reply is None or verdict is None or (reply.code < 500 and verdict is not Verdict.PROBLEM):
            continue
        assert isinstance(end, RefusalClass)
        about = facts(end)
        source = attempt.local_address
        text = _("turns {address} away: {reply}").format(
            address=source, reply=f"{reply.code} {' '.join(reply.lines)}"
        )
        yield Finding(
            Row(
                "outbound.receiver",
                N_("Well-known receiver"),
                verdict.level,
                text,
                "outbound",
                f"{attempt.host} [{attempt.address}]",
            ),
            verdict,
            f"{_('A large receiver refuses this address before it has seen any mail.')} {_(about.meaning)}",
            (_said(attempt),),
            _(about.todo),
            about.owner,
        )


def _said(attempt: SmtpAttempt) -> str:
    if attempt.cause and attempt.cause != "reply":
        return translate(attempt.failure)
    reply = attempt.reply(attempt.failed_at or "connect")
    return _("no reply") if reply is None else f"{reply.code} {reply.lines[0]}"


def _version(attempt: SmtpAttempt) -> int:
    return 6 if ":" in attempt.address else 4
