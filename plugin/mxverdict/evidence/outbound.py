"""The outbound test: how far a mail from this server gets at each mail host of a domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence import ProbeStage, Reply, Tls
from mxverdict.evidence.mail_route import MailRoute

CAUSES = {
    "refused": "the connection was refused",
    "timeout": "no connection within the time",
    "no_route": "the network said that there is no way there",
    "blocked_here": "this server itself does not let the connection out",
    "no_source": "the source address is not on this server",
    "reset": "the other side reset the connection",
    "closed": "the other side closed the connection",
    "silent": "connected, but no reply came in time",
    "not_smtp": "what came is no SMTP",
    "oversize": "the reply had no end",
    "tls": "the TLS handshake failed",
    "reply": "the server said no",
    "deadline": "the time for the whole check was up",
    "not_public": "the address is no public one, and was left alone",
    "error": "another error of the operating system",
}
"""Why an attempt ended, by `SmtpAttempt.cause`."""


@dataclass(frozen=True)
class Source:
    """An address of this server that mail leaves from ("": the system's choice), and the name it says in
    EHLO."""

    address: str
    helo: str


@dataclass(frozen=True)
class SmtpAttempt:
    """One conversation with `address`, an address of `host`, from `source`; `local_address` is the own
    address that the connection really had ("": there was none).

    `stages` are in the order they happened: `connect`, `ehlo` (or `helo`), `starttls`, `ehlo`, `mail`,
    `rcpt`, `data`, `message`, `rset`, `quit`. Where TLS fails, the attempt goes on without it on a new
    connection, as Exim does; that one begins with a second `connect`. `cause` is "" when every stage
    succeeded, or a key of CAUSES; `failure` says it in one line, `failed_at` names the stage. `own`: the
    address is one of this server's own.
    """

    host: str
    address: str
    source: Source
    stages: tuple[ProbeStage, ...]
    cause: str = ""
    failed_at: str = ""
    failure: str = ""
    tls: Optional[Tls] = None
    own: bool = False
    local_address: str = ""

    def reply(self, name: str) -> Optional[Reply]:
        """Return the last reply at a stage of that name."""
        return next((stage.reply for stage in reversed(self.stages) if stage.name == name), None)

    @property
    def waited(self) -> float:
        """Return the seconds of the last exchange before the goodbye."""
        stages = [stage for stage in self.stages if stage.name not in ("rset", "quit")]
        return stages[-1].seconds if stages else 0.0

    @property
    def connected(self) -> bool:
        """Whether a TCP connection came about."""
        return bool(self.local_address)


@dataclass(frozen=True)
class Receiver:
    """A well-known mail provider, with the attempts at its mail hosts as far as EHLO; `error` is "" or why
    its mail hosts could not be found."""

    domain: str
    climbs: tuple[SmtpAttempt, ...]
    error: str = ""


@dataclass(frozen=True)
class OutboundEvidence:
    """What `mxverdict outbound` collected.

    `route` leads to the mail hosts of the domain (None: only the well-known receivers were asked). `purpose`
    is `mail` (sender and recipient as in a mail), `callback` (empty sender: can this sender address be
    verified?) or `reach` (no domain). `recipient_chosen` is False when nobody named it, `send` says that a
    test message was to be delivered. `skipped` lines name the addresses that were left out, `delivery` is the
    conversation that carried the test message of `message_id`.
    """

    version: str
    taken_at: float
    hostname: str
    domain: str
    purpose: str
    sender: str
    recipient: str
    recipient_chosen: bool
    send: bool
    sources: tuple[Source, ...]
    patience: float
    route: Optional[MailRoute]
    climbs: tuple[SmtpAttempt, ...]
    receivers: tuple[Receiver, ...]
    skipped: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    delivery: Optional[SmtpAttempt] = None
    message_id: str = ""
