"""The outbound test: every address of every mail host of a domain, from every address that mail leaves
from."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Optional

from mxverdict import __version__
from mxverdict.collect import delivery_message
from mxverdict.collect.mail_route import find_routes
from mxverdict.collect.progress import Progress
from mxverdict.collect.smtp_attempt import Envelope, Limits, attempt
from mxverdict.evidence.mail_route import MailRoute
from mxverdict.evidence.outbound import OutboundEvidence, Receiver, SmtpAttempt, Source
from mxverdict.i18n.message import Message
from mxverdict.net.special_ranges import special_purpose_kind
from mxverdict.testers import receivers

PATIENCE = 30.0
"""Seconds for each reply: more than the delay of a cPanel server for hosts it does not know (20)."""
ATTEMPTS_LIMIT = 64
_AT_A_TIME = 32
_RECEIVER_PATIENCE = 15.0


@dataclass(frozen=True)
class OutboundRequest:
    """What is asked. `purpose` is `mail`, `callback` (the sender is empty) or, without a domain, `reach`.

    `recipient_chosen` is False when nobody named the recipient. `send` delivers a test message to the first
    mail host that accepts the recipient.
    """

    domain: str
    purpose: str
    sender: str = ""
    recipient: str = ""
    recipient_chosen: bool = False
    send: bool = False


@dataclass
class _Notes:
    skipped: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_outbound(
    request: OutboundRequest,
    sources: Sequence[Source],
    hostname: str,
    limits: Limits,
    progress: Optional[Progress] = None,
) -> OutboundEvidence:
    """Try all addresses at the same time; with `request.send` the message follows on its own connection.

    The well-known receivers (`testers/receivers.json`) are greeted when no domain is named, or when some
    source got no connection at all: that distinguishes a blocked port 25 from one bad host. Nothing is
    raised.
    """
    notes = _Notes()
    progress = progress or Progress()
    route: Optional[MailRoute] = None
    climbs: tuple[SmtpAttempt, ...] = ()
    asked = request.domain
    if asked:
        progress.step(f"looking up the mail hosts of {asked}")
        route = find_routes([asked], limits.deadline)[0]
        envelope = Envelope(request.sender, request.recipient)
        climbs = _attempt_route(route, sources, envelope, limits, notes, progress)
    cut_off = _cut_off(sources, climbs) if asked else tuple(sources)
    known: tuple[Receiver, ...] = ()
    if cut_off and (climbs or not asked):
        progress.step("greeting well-known receivers")
        known = _greet_receivers(cut_off, limits)
    delivery: Optional[SmtpAttempt] = None
    message_id = ""
    accepted = next((one for one in climbs if not one.cause), None)
    if request.send and accepted is not None:
        progress.step(f"sending a test message to {accepted.host}")
        message_id, message = delivery_message.build(request.sender, request.recipient, hostname)
        envelope = Envelope(request.sender, request.recipient, message)
        delivery = attempt(accepted.host, accepted.address, accepted.source, envelope, limits)
    return OutboundEvidence(
        version=__version__,
        taken_at=time.time(),
        hostname=hostname,
        domain=asked,
        purpose=request.purpose,
        sender=request.sender,
        recipient=request.recipient,
        recipient_chosen=request.recipient_chosen,
        send=request.send,
        sources=tuple(sources),
        patience=limits.patience,
        route=route,
        climbs=climbs,
        receivers=known,
        skipped=tuple(notes.skipped),
        remarks=tuple(notes.remarks),
        delivery=delivery,
        message_id=message_id,
    )


def _attempt_route(
    route: MailRoute,
    sources: Sequence[Source],
    envelope: Envelope,
    limits: Limits,
    notes: _Notes,
    progress: Progress,
) -> tuple[SmtpAttempt, ...]:
    jobs: list[tuple[str, str, Source]] = []
    for host in route.hosts:
        notes.remarks += host.errors
        if host.left_out:
            notes.skipped.append(
                Message(
                    "{count} more addresses of {name}: that many are not tried",
                    count=host.left_out,
                    name=host.name,
                )
            )
        for address in host.addresses:
            kind = special_purpose_kind(address)
            if kind == "private" and address not in limits.own and not limits.public_only:
                notes.remarks.append(
                    Message(
                        "{name} leads to {address}, a {kind} address",
                        name=host.name,
                        address=address,
                        kind=kind,
                    )
                )
            fitting = [source for source in sources if _fits(source, address)]
            if not fitting:
                notes.skipped.append(
                    Message(
                        "{address} of {name}: no outgoing address of its kind (IPv4 or IPv6)",
                        address=address,
                        name=host.name,
                    )
                )
            jobs += [(host.name, address, source) for source in fitting]
    if len(jobs) > ATTEMPTS_LIMIT:
        notes.skipped.append(
            Message(
                "{left_out} of {total} connections: that many are not tried",
                left_out=len(jobs) - ATTEMPTS_LIMIT,
                total=len(jobs),
            )
        )
    progress.step(f"talking to {len({job[1] for job in jobs})} addresses of {len(route.hosts)} mail hosts")
    return _attempt_all(jobs[:ATTEMPTS_LIMIT], envelope, limits)


def _attempt_all(
    jobs: Sequence[tuple[str, str, Source]], envelope: Optional[Envelope], limits: Limits
) -> tuple[SmtpAttempt, ...]:
    if not jobs:
        return ()
    with ThreadPoolExecutor(min(_AT_A_TIME, len(jobs))) as pool:
        return tuple(pool.map(lambda job: attempt(job[0], job[1], job[2], envelope, limits), jobs))


def _fits(source: Source, address: str) -> bool:
    return not source.address or (":" in source.address) == (":" in address)


def _cut_off(sources: Iterable[Source], climbs: Sequence[SmtpAttempt]) -> tuple[Source, ...]:
    """The sources from which no connection came about, though some were tried."""
    tried = [one for one in climbs if one.cause != "not_public"]
    return tuple(
        source
        for source in sources
        if any(one.source == source for one in tried)
        and not any(one.connected for one in tried if one.source == source)
    )


def _greet_receivers(sources: Sequence[Source], limits: Limits) -> tuple[Receiver, ...]:
    """One IPv4 and one IPv6 address of each receiver's first mail host, from each source."""
    domains = [receiver.domain for receiver in receivers.load()]
    shorter = Limits(limits.deadline, min(limits.patience, _RECEIVER_PATIENCE), limits.own)
    routes = find_routes(domains, limits.deadline)
    chosen = {route.domain: _examples(route) for route in routes}
    jobs = {
        (name, address, source): None
        for found in chosen.values()
        for name, address in found
        for source in sources
        if _fits(source, address)
    }
    climbs = _attempt_all(list(jobs), None, shorter)
    return tuple(
        Receiver(
            route.domain,
            tuple(one for one in climbs if (one.host, one.address) in chosen[route.domain]),
            route.error
            or ("" if chosen[route.domain] else Message("no mail host with an address was found")),
        )
        for route in routes
    )


def _examples(route: MailRoute) -> list[tuple[str, str]]:
    for host in route.hosts:
        if host.addresses:
            four = [address for address in host.addresses if ":" not in address][:1]
            six = [address for address in host.addresses if ":" in address][:1]
            return [(host.name, address) for address in four + six]
    return []
