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
from mxverdict.judge.outbound.messages import LEVELS, OutcomeMessage
from mxverdict.judge.outbound.outcome import Outcome, is_redirected, outcome_of

NAME = N_("Outgoing port 25")
_OPEN = OutcomeMessage(Verdict.OK, "", N_("Connections to mail servers elsewhere come about."))
_UNTOLD = OutcomeMessage(
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
_REASONS = {
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
    """One source address and IP version (4 or 6). `open` is None when it could not be told."""

    source: Source
    version: int
    open: Optional[bool]
    climbs: tuple[SmtpAttempt, ...]


def ways(ladder: OutboundEvidence) -> tuple[SourceReachability, ...]:
    """The ways out that the well-known receivers were greeted by."""
    climbs = list(dict.fromkeys(climb for receiver in ladder.receivers for climb in receiver.climbs))
    keys = dict.fromkeys((climb.source, _version(climb)) for climb in climbs)
    return tuple(
        _way(source, version, [c for c in climbs if c.source == source and _version(c) == version], ladder)
        for source, version in keys
    )


def is_blocked(climb: SmtpAttempt, found: Sequence[SourceReachability]) -> bool:
    """Whether port 25 is closed on the way that `climb` took."""
    return any(
        way.open is False and way.source == climb.source and way.version == _version(climb) for way in found
    )


def judge_ways(ladder: OutboundEvidence) -> Iterator[Finding]:
    """One finding for each way out, one for each receiver that turns this server away."""
    found = ways(ladder)
    if ladder.receivers and not found:
        errors = tuple(f"{receiver.domain}: {translate(receiver.error)}" for receiver in ladder.receivers)
        yield Finding(
            Row("outbound.port25", NAME, "unknown", _("could not be tested"), "outbound", _("this server")),
            Verdict.UNKNOWN,
            _("No well-known receiver could be looked up."),
            errors,
            _("Check the resolver of this server (/etc/resolv.conf)."),
            Owner.SERVER,
        )
    over_four = any(way.open for way in found if way.version == 4)
    for way in found:
        yield _finding(way, over_four, ladder)
        yield from _turned_away(way)


def _way(
    source: Source, version: int, climbs: list[SmtpAttempt], ladder: OutboundEvidence
) -> SourceReachability:
    ended = [outcome_of(climb, ladder.hostname) for climb in climbs]
    if any(_greeted(climb, ladder) for climb in climbs):
        return SourceReachability(source, version, True, tuple(climbs))
    unknown = all(outcome is Outcome.OUT_OF_TIME for outcome in ended)
    return SourceReachability(source, version, None if unknown else False, tuple(climbs))


def _greeted(climb: SmtpAttempt, ladder: OutboundEvidence) -> bool:
    """Whether the receiver said anything, be it that it does not want us."""
    return climb.reply("connect") is not None and not is_redirected(climb, ladder.hostname)


def _finding(way: SourceReachability, over_four: bool, ladder: OutboundEvidence) -> Finding:
    about = way.source.address or f"IPv{way.version}"
    if way.open:
        named = [receiver for receiver in ladder.receivers if _climbs(receiver, way)]
        reached = [r for r in named if any(_greeted(climb, ladder) for climb in _climbs(r, way))]
        text = _("open: {reached} of {count} well-known receivers answer").format(
            reached=len(reached), count=len(named)
        )
        words = _OPEN
    else:
        words = _UNTOLD if way.open is None else _closed(way, over_four, ladder)
        text = _(words.text)
    evidence = tuple(f"{climb.host} [{climb.address}]: {_said(climb)}" for climb in way.climbs)
    row = Row("outbound.port25", NAME, LEVELS[words.verdict], text, "outbound", about)
    return Finding(row, words.verdict, _(words.why), evidence, _(words.todo), words.owner)


def _climbs(receiver: Receiver, way: SourceReachability) -> list[SmtpAttempt]:
    return [climb for climb in receiver.climbs if climb in way.climbs]


def _closed(way: SourceReachability, over_four: bool, ladder: OutboundEvidence) -> OutcomeMessage:
    ended = {outcome_of(climb, ladder.hostname) for climb in way.climbs}
    for outcome in (Outcome.REDIRECTED, Outcome.BLOCKED_HERE, Outcome.NO_SOURCE):
        if outcome in ended:
            return _HERE[outcome]
    if way.version == 6 and over_four:
        return _ONLY_FOUR
    if any(climb.connected for climb in way.climbs):
        return _SWALLOWED
    return replace(_BLOCKED, why=_REASONS.get(next(iter(ended)), _NOBODY) if len(ended) == 1 else _NOBODY)


def _turned_away(way: SourceReachability) -> Iterator[Finding]:
    for climb in way.climbs:
        reply = climb.reply(climb.failed_at) if climb.cause == "reply" else None
        if reply is None or reply.code < 500:
            continue
        source = climb.local_address
        text = _("turns {address} away: {reply}").format(
            address=source, reply=f"{reply.code} {' '.join(reply.lines)}"
        )
        yield Finding(
            Row(
                "outbound.receiver",
                N_("Well-known receiver"),
                "error",
                text,
                "outbound",
                f"{climb.host} [{climb.address}]",
            ),
            Verdict.PROBLEM,
            _("A large receiver refuses this address before it has seen any mail."),
            (_said(climb),),
            _("Look {address} up in the blocklists, check its PTR, and follow the reply's own words.").format(
                address=source
            ),
            Owner.SERVER,
        )


def _said(climb: SmtpAttempt) -> str:
    if climb.cause and climb.cause != "reply":
        return translate(climb.failure)
    reply = climb.reply(climb.failed_at or "connect")
    return _("no reply") if reply is None else f"{reply.code} {reply.lines[0]}"


def _version(climb: SmtpAttempt) -> int:
    return 6 if ":" in climb.address else 4
