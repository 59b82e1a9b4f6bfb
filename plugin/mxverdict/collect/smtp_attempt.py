"""One attempt of an outbound test: an SMTP session with one address of a mail host, as far as it lets us.

One command at a time, as a person with telnet would do it. Without a message it ends before DATA.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from dataclasses import dataclass
from typing import Optional

from mxverdict.collect.server import is_local
from mxverdict.collect.smtp_client import CONNECT_TIMEOUT, SmtpClient, SmtpError, SmtpReplyError
from mxverdict.collect.smtp_probe import (
    is_wrong_name,
    tls_error_text,
    tls_from_connection,
    unverified_context,
)
from mxverdict.evidence import ProbeStage, Tls
from mxverdict.evidence.outbound import SmtpAttempt, Source
from mxverdict.i18n.message import Message, message_of
from mxverdict.net.special_ranges import special_purpose_kind

PORT = 25
_QUIT_TIMEOUT = 3.0


@dataclass(frozen=True)
class Envelope:
    """Sender ("" for the empty one) and recipient; with `message` (as it goes through DATA) it is
    delivered."""

    sender: str
    recipient: str
    message: bytes = b""


@dataclass(frozen=True)
class Limits:
    """`deadline` is a value of `time.monotonic()`, `patience` seconds for each reply
    and, up to CONNECT_TIMEOUT, for the connection. `own` are this server's
    addresses, as far as they are known beforehand. Loopback, link-local, multicast and reserved addresses of
    others are never talked to; with `public_only` private ones are not either."""

    deadline: float
    patience: float
    own: frozenset[str] = frozenset()
    public_only: bool = False


def attempt(
    host: str, address: str, source: Source, envelope: Optional[Envelope], limits: Limits
) -> SmtpAttempt:
    """Talk to port 25 of `address`, an address of `host`. Without `envelope`, greeting and EHLO alone.

    What goes wrong is in the answer; nothing is raised.
    """
    own = address in limits.own or is_local(address)
    kind = special_purpose_kind(address)
    if kind and not own and (limits.public_only or kind != "private"):
        failure = Message("{address} is a {kind} address; it was left alone", address=address, kind=kind)
        return SmtpAttempt(host, address, source, (), "not_public", "connect", failure)
    return SmtpAttemptRunner(host, address, source, limits).run(envelope, own)


class SmtpAttemptRunner:
    def __init__(self, host: str, address: str, source: Source, limits: Limits) -> None:
        self.host = host
        self.address = address
        self.source = source
        self.client = SmtpClient(
            address,
            PORT,
            limits.patience,
            source=source.address,
            deadline=limits.deadline,
            connect_timeout=min(CONNECT_TIMEOUT, limits.patience),
        )
        self.at = "connect"
        self.local_address = ""
        self.tls: Optional[Tls] = None

    def run(self, envelope: Optional[Envelope], own: bool) -> SmtpAttempt:
        cause = failure = ""
        started = time.monotonic()
        try:
            self.connect()
            if envelope is not None:
                self.starttls()
                self.send_envelope(envelope)
        except SmtpReplyError as error:
            cause, failure, self.at = error.cause, _refusal(error), error.stage
        except SmtpError as error:
            cause, failure = error.cause, message_of(error)
        if not self.client.stages:
            self.client.stages.append(ProbeStage("connect", "", None, time.monotonic() - started))
        self.quit(cause)
        return SmtpAttempt(
            self.host,
            self.address,
            self.source,
            tuple(self.client.stages),
            cause,
            self.at if cause else "",
            failure,
            self.tls,
            own,
            self.local_address,
        )

    def connect(self) -> None:
        """Connect, read the banner and say hello. Raises SmtpError."""
        self.at = "connect"
        try:
            self.client.connect()
        finally:
            self.local_address = self.client.local_address or self.local_address
        self.hello()

    def hello(self) -> None:
        self.at = "ehlo"
        self.client.hello(self.source.helo)

    def send_command(self, stage: str, command: str, payload: bytes = b"") -> None:
        """Send one command that must be answered with 2xx or 3xx. Raises SmtpError."""
        self.at = stage
        reply = self.client.command(stage, command, payload=payload)
        if not reply.positive:
            raise SmtpReplyError(stage, reply, "")

    def starttls(self) -> None:
        """STARTTLS where it is offered. A certificate that cannot be trusted does not stop a mail server
        without a policy, and where TLS fails altogether Exim goes on without it; so do we."""
        reply = self.client.stages[-1].reply
        if reply is None or not reply.offers("STARTTLS"):
            return
        self.at = "starttls"
        try:
            connection = self.client.starttls(ssl.create_default_context(), self.host)
            self.tls = tls_from_connection(connection, trusted=True, name_matches=True)
        except ssl.SSLCertVerificationError as error:
            self.reconnect_unverified(error)
        except SmtpReplyError as error:
            self.tls = Tls(handshake=False, problem=tls_error_text(error))
            return
        except (SmtpError, ssl.SSLError, OSError, ValueError) as error:
            self.tls = Tls(handshake=False, problem=tls_error_text(error))
            self.connect()
            return
        self.hello()

    def reconnect_unverified(self, problem: ssl.SSLCertVerificationError) -> None:
        """Do the handshake on a new connection with whatever certificate there is. Raises SmtpError."""
        self.connect()
        self.at = "starttls"
        try:
            connection = self.client.starttls(unverified_context(), self.host)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise SmtpError("tls", tls_error_text(error)) from None
        wrong_name = is_wrong_name(problem)
        self.tls = Tls(
            handshake=True,
            version=connection.version() or "",
            trusted=None if wrong_name else False,
            name_matches=False if wrong_name else None,
            problem=problem.verify_message,
        )

    def send_envelope(self, envelope: Envelope) -> None:
        """Send MAIL, RCPT and, with a message, that. Raises SmtpError."""
        self.send_command("mail", f"MAIL FROM:<{envelope.sender}>")
        self.send_command("rcpt", f"RCPT TO:<{envelope.recipient}>")
        if envelope.message:
            self.send_command("data", "DATA")
            self.send_command(
                "message", f"(a test message of {len(envelope.message)} bytes)", envelope.message
            )

    def quit(self, cause: str) -> None:
        """Send RSET (if a transaction is open) and QUIT, unless the connection is gone."""
        last = self.client.stages[-1]
        there = cause in ("", "reply") and last.reply is not None and last.reply.code != 421
        with contextlib.suppress(SmtpError):
            if there and last.name in ("mail", "rcpt"):
                self.client.command("rset", "RSET", timeout=_QUIT_TIMEOUT)
            if there and not (self.at == "connect" and cause):
                self.client.command("quit", "QUIT", timeout=_QUIT_TIMEOUT)
        self.client.close()


def _refusal(error: SmtpReplyError) -> Message:
    if error.stage == "connect":
        return Message("greeted with {code} instead of 220", code=error.reply.code)
    return Message("{command} was answered with {code}", command=error.stage.upper(), code=error.reply.code)
