"""Ladders made by hand, for tests of their judgement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from mxverdict.evidence import ProbeStage, Reply
from mxverdict.evidence.mail_route import MailHost, MailRoute
from mxverdict.evidence.outbound import OutboundEvidence, Receiver, SmtpAttempt, Source

HOSTNAME = "cp1.example.net"
SOURCE = Source("203.0.113.10", HOSTNAME)
SOURCE6 = Source("2001:db8:10::10", HOSTNAME)
_STAGES = ("connect", "ehlo", "mail", "rcpt", "data", "message")


def climb(
    cause: str = "",
    failed_at: str = "",
    reply: Optional[Reply] = None,
    *,
    host: str = "mx1.remote.example",
    address: str = "198.51.100.20",
    source: Source = SOURCE,
    seconds: float = 0.1,
    sender: str = "postmaster@cp1.example.net",
    **changes: Any,
) -> SmtpAttempt:
    """A climb that ended at `failed_at` with `reply`, or reached RCPT."""
    last = _STAGES.index("ehlo" if failed_at in ("helo", "starttls") else failed_at or "rcpt")
    stages = []
    for name in _STAGES[: last + 1]:
        text = {"mail": f"MAIL FROM:<{sender}>"}.get(name, "" if name == "connect" else name.upper())
        good = Reply(220, (f"{host} ESMTP",)) if name == "connect" else Reply(250, ("OK",))
        stages.append(ProbeStage(name, text, good, seconds))
    if failed_at:
        name = failed_at
        stages[-1] = ProbeStage(name, stages[-1].command, reply, seconds)
    connected = not cause or failed_at != "connect" or reply is not None
    local = source.address if connected else ""
    made = SmtpAttempt(
        host, address, source, tuple(stages), cause, failed_at, f"it ended: {cause}", local_address=local
    )
    return replace(made, **changes)


def ladder(*climbs: SmtpAttempt, receivers: tuple[Receiver, ...] = (), **changes: Any) -> OutboundEvidence:
    """A ladder to info@remote.example, named by the user."""
    hosts = {one.host: one.address for one in climbs}
    route = MailRoute(
        "remote.example",
        "mx",
        "remote.example",
        hosts=tuple(MailHost(name, 10, name, False, True, (address,)) for name, address in hosts.items()),
    )
    made = OutboundEvidence(
        version="0",
        taken_at=0.0,
        hostname=HOSTNAME,
        domain="remote.example",
        purpose="mail",
        sender="postmaster@cp1.example.net",
        recipient="info@remote.example",
        recipient_chosen=True,
        send=False,
        sources=tuple(dict.fromkeys(one.source for one in climbs)) or (SOURCE,),
        patience=30.0,
        route=route,
        climbs=climbs,
        receivers=receivers,
    )
    return replace(made, **changes)


def receivers(*climbs: SmtpAttempt) -> tuple[Receiver, ...]:
    """One well-known receiver for each climb."""
    return tuple(
        Receiver(f"mail{number}.example", (replace(one, host=f"mx.mail{number}.example"),))
        for number, one in enumerate(climbs)
    )
