"""One climb of the telnet ladder: a conversation with one address of a mail host, as far as it lets us.

One command at a time, as a person with telnet would do it. Without a message it ends before DATA.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from dataclasses import dataclass
from typing import Optional

from mxverdict.collect.server import is_local
from mxverdict.collect.smtp_client import CONNECT_TIMEOUT, SmtpClient, SmtpError
from mxverdict.collect.smtp_probe import tls_error_text, tls_from_connection, unverified_context
from mxverdict.evidence import ProbeStage, Tls
from mxverdict.evidence.outbound import SmtpAttempt, Source
from mxverdict.i18n.message import Message
from mxverdict.net.special_ranges import special_purpose_kind

PORT = 25
_QUIT_PATIENCE = 3.0
_EHLO_UNKNOWN = (500, 502, 504)


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


def climb(
    host: str, address: str, source: Source, envelope: Optional[Envelope], limits: Limits
) -> SmtpAttempt:
    """Talk to port 25 of `address`, an address of `host`. Without `envelope`, greeting and EHLO alone.

    What goes wrong stands in the answer; nothing is raised.
    """
    own = address in limits.own or is_local(address)
    kind = special_purpose_kind(address)
    if kind and not own and (limits.public_only or kind != "private"):
        failure = Message("{address} is a {kind} address; it was left alone", address=address, kind=kind)
        return SmtpAttempt(host, address, source, (), "not_public", "connect", failure)
    return SmtpAttemptRunner(host, address, source, limits).climb(envelope, own)


class SmtpAttemptRunner:
    def __init__(self, host: str, address: str, source: Source, limits: Limits) -> None:
        self.host = host
        self.address = address
        self.source = source
        self.talk = SmtpClient(
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

    def climb(self, envelope: Optional[Envelope], own: bool) -> SmtpAttempt:
        cause = failure = ""
        started = time.monotonic()
        try:
            self.enter()
            if envelope is not None:
                self.secure()
                self.pass_on(envelope)
        except SmtpError as error:
            cause, failure = error.cause, str(error)
        if not self.talk.stages:
            self.talk.stages.append(ProbeStage("connect", "", None, time.monotonic() - started))
        self.leave(cause)
        return SmtpAttempt(
            self.host,
            self.address,
            self.source,
            tuple(self.talk.stages),
            cause,
            self.at if cause else "",
            failure,
            self.tls,
            own,
            self.local_address,
        )

    def enter(self) -> None:
        """Connect, banner and EHLO; HELO for a server that does not know EHLO (RFC 5321 section 4.1.1.1)."""
        self.at = "connect"
        try:
            banner = self.talk.banner()
        finally:
            self.local_address = self.talk.local_address or self.local_address
        if banner.code != 220:
            raise SmtpError("reply", Message("greeted with {code} instead of 220", code=banner.code))
        self.introduce()

    def introduce(self) -> None:
        self.at = "ehlo"
        reply = self.talk.command("ehlo", f"EHLO {self.source.helo}")
        if reply.code in _EHLO_UNKNOWN:
            self.say("helo", f"HELO {self.source.helo}")
        elif not reply.positive:
            raise SmtpError("reply", Message("EHLO was answered with {code}", code=reply.code))

    def say(self, stage: str, command: str, payload: bytes = b"") -> None:
        """One command that must be answered with 2xx or 3xx. Raises SmtpError."""
        self.at = stage
        reply = self.talk.command(stage, command, payload=payload)
        if not reply.positive:
            raise SmtpError(
                "reply",
                Message("{command} was answered with {code}", command=stage.upper(), code=reply.code),
            )

    def secure(self) -> None:
        """STARTTLS where it is offered. A certificate that cannot be trusted does not stop a mail server
        without a policy, and where TLS fails altogether Exim goes on without it; so do we."""
        reply = self.talk.stages[-1].reply
        if reply is None or not reply.offers("STARTTLS"):
            return
        self.at = "starttls"
        try:
            connection = self.talk.starttls(ssl.create_default_context(), self.host)
            self.tls = tls_from_connection(connection, trusted=True, name_matches=True)
        except ssl.SSLCertVerificationError as error:
            self.again_unverified(error.verify_message or str(error))
        except SmtpError as error:
            self.tls = Tls(handshake=False, problem=tls_error_text(error))
            if error.cause != "reply":
                self.enter()
            return
        except (ssl.SSLError, OSError, ValueError) as error:
            self.tls = Tls(handshake=False, problem=tls_error_text(error))
            self.enter()
            return
        self.introduce()

    def again_unverified(self, problem: str) -> None:
        self.enter()
        self.at = "starttls"
        try:
            connection = self.talk.starttls(unverified_context(), self.host)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise SmtpError("tls", tls_error_text(error)) from None
        wrong_name = "ostname mismatch" in problem
        self.tls = Tls(
            handshake=True,
            version=connection.version() or "",
            trusted=None if wrong_name else False,
            name_matches=False if wrong_name else None,
            problem=problem,
        )

    def pass_on(self, envelope: Envelope) -> None:
        self.say("mail", f"MAIL FROM:<{envelope.sender}>")
        self.say("rcpt", f"RCPT TO:<{envelope.recipient}>")
        if envelope.message:
            self.say("data", "DATA")
            self.say("message", f"(a test message of {len(envelope.message)} bytes)", envelope.message)

    def leave(self, cause: str) -> None:
        """Take back what was begun and say goodbye, while there is somebody to say it to."""
        last = self.talk.stages[-1]
        there = cause in ("", "reply") and last.reply is not None and last.reply.code != 421
        with contextlib.suppress(SmtpError):
            if there and last.name in ("mail", "rcpt"):
                self.talk.command("rset", "RSET", patience=_QUIT_PATIENCE)
            if there and not (self.at == "connect" and cause):
                self.talk.command("quit", "QUIT", patience=_QUIT_PATIENCE)
        self.talk.close()
