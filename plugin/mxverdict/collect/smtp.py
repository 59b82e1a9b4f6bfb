"""The patient probe: a real SMTP conversation with one of the server's own addresses.

It greets, asks for the capabilities and does a real STARTTLS handshake (RFC 5321, RFC 3207); it never sends
MAIL.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Optional

from mxverdict.evidence import Probe, ProbeStage, Reply, Tls

CONNECT_TIMEOUT = 10.0
REPLY_TIMEOUT = 45.0
"""cPanel asks monitoring to allow 45 seconds on port 25 (Exim Configuration Manager, Basic Editor)."""
REPLY_LIMIT = 64 * 1024
"""Bytes of one reply; RFC 5321 section 4.5.3.1.5 allows 512 a line."""

_LINE = re.compile(rb"^(\d{3})([ -]?)(.*)$")
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME and
_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN of OpenSSL, X509_VERIFY_PARAM_set_flags(3)


class _ProbeFailed(Exception):
    pass


def probe_all(
    addresses: Sequence[str], hostname: str, *, reply_timeout: float = REPLY_TIMEOUT
) -> tuple[Probe, ...]:
    """Probe port 25 of each address at the same time; `hostname` is the name the certificate should carry."""
    if not addresses:
        return ()
    with ThreadPoolExecutor(min(32, len(addresses))) as pool:
        return tuple(
            pool.map(lambda address: probe(address, hostname, reply_timeout=reply_timeout), addresses)
        )


def probe(address: str, hostname: str, *, port: int = 25, reply_timeout: float = REPLY_TIMEOUT) -> Probe:
    """Hold one conversation. What goes wrong is told in `Probe.failure`; nothing is raised.

    `reply_timeout` is the patience for each reply, in seconds.
    """
    conversation = _Conversation(address, port, hostname, reply_timeout)
    failure = ""
    tls: Optional[Tls] = None
    try:
        conversation.greet()
        reply = conversation.stages[-1].reply
        if reply is not None and reply.offers("STARTTLS"):
            tls = conversation.handshake()
    except _ProbeFailed as error:
        failure = str(error)
    finally:
        conversation.close()
    return Probe(address, tuple(conversation.stages), tls, failure)


class _Conversation:
    def __init__(self, address: str, port: int, hostname: str, reply_timeout: float) -> None:
        self.address = address
        self.port = port
        self.hostname = hostname
        self.reply_timeout = reply_timeout
        self.stages: list[ProbeStage] = []
        self.connection: Optional[socket.socket] = None
        self.buffer = b""

    def greet(self) -> None:
        started = time.monotonic()
        self.connect()
        greeting = self.finish("connect", "", started)
        if greeting.code != 220:
            raise _ProbeFailed(f"the server greeted with {greeting.code} instead of 220")
        answer = self.command("ehlo", f"EHLO {self.hostname}")
        if not answer.positive:
            raise _ProbeFailed(f"the server answered EHLO with {answer.code}")

    def connect(self) -> None:
        self.buffer = b""
        try:
            self.connection = socket.create_connection((self.address, self.port), timeout=CONNECT_TIMEOUT)
        except socket.timeout:
            raise _ProbeFailed(f"no connection to port {self.port} within {CONNECT_TIMEOUT:g} s") from None
        except OSError as error:
            raise _ProbeFailed(f"no connection to port {self.port}: {error.strerror or error}") from None

    def command(self, name: str, command: str) -> Reply:
        started = time.monotonic()
        self.send(command)
        return self.finish(name, command, started)

    def finish(self, name: str, command: str, started: float) -> Reply:
        try:
            reply = self.reply()
        except _ProbeFailed:
            self.stages.append(ProbeStage(name, command, None, time.monotonic() - started))
            raise
        self.stages.append(ProbeStage(name, command, reply, time.monotonic() - started))
        return reply

    def send(self, command: str) -> None:
        assert self.connection is not None
        try:
            self.connection.sendall(command.encode() + b"\r\n")
        except OSError as error:
            raise _ProbeFailed(f"the server hung up: {error.strerror or error}") from None

    def reply(self) -> Reply:
        deadline = time.monotonic() + self.reply_timeout
        lines: list[str] = []
        size = 0
        while True:
            line = self.line(deadline)
            size += len(line)
            match = _LINE.match(line)
            if match is None:
                raise _ProbeFailed("the server sent something that is no SMTP reply")
            if size > REPLY_LIMIT:
                raise _ProbeFailed(f"the server sent a reply of more than {REPLY_LIMIT // 1024} KiB")
            lines.append(match[3].decode(errors="replace").rstrip())
            if match[2] != b"-":
                return Reply(int(match[1]), tuple(lines))

    def line(self, deadline: float) -> bytes:
        assert self.connection is not None
        while b"\n" not in self.buffer:
            if len(self.buffer) > REPLY_LIMIT:
                raise _ProbeFailed(f"the server sent a reply of more than {REPLY_LIMIT // 1024} KiB")
            try:
                self.connection.settimeout(max(0.001, deadline - time.monotonic()))
                data = self.connection.recv(16384)
            except socket.timeout:
                raise _ProbeFailed(f"no reply within {self.reply_timeout:g} s") from None
            except OSError as error:
                raise _ProbeFailed(f"the server hung up: {error}") from None
            if not data:
                raise _ProbeFailed("the server hung up without a reply")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def handshake(self) -> Tls:
        """STARTTLS on this connection; when the certificate is not trusted, look at it on fresh ones."""
        try:
            with self.secured(ssl.create_default_context()) as connection:
                return _described(connection, trusted=True, name_matches=True)
        except ssl.SSLCertVerificationError as error:
            problem = error.verify_message or str(error)
        except (ssl.SSLError, OSError, _ProbeFailed) as error:
            return Tls(handshake=False, problem=_plain(error))
        return self.untrusted(problem)

    def untrusted(self, problem: str) -> Tls:
        """Handshakes that pin the very certificate the server sends, to read its names and its end."""
        open_context = ssl.create_default_context()
        open_context.check_hostname = False
        open_context.verify_mode = ssl.CERT_NONE
        try:
            self.reconnect()
            with self.secured(open_context) as connection:
                certificate = connection.getpeercert(binary_form=True)
                version = connection.version() or ""
            assert certificate is not None
            pinned = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            pinned.check_hostname = False
            pinned.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME | _PARTIAL_CHAIN)
            pinned.load_verify_locations(cadata=certificate)
            self.reconnect()
            with self.secured(pinned) as connection:
                seen = _described(connection, trusted=False, name_matches=None, problem=problem)
        except ssl.SSLCertVerificationError:
            return Tls(handshake=True, version=version, trusted=False, problem=problem)
        except (ssl.SSLError, OSError, _ProbeFailed) as error:
            return Tls(handshake=False, problem=_plain(error))
        matches = any(_covers(name, self.hostname) for name in seen.names)
        expired = seen.not_after is not None and seen.not_after < time.time()
        return Tls(
            handshake=True,
            version=seen.version,
            trusted="ostname mismatch" in problem and not matches,
            name_matches=matches,
            names=seen.names,
            not_after=seen.not_after,
            problem="certificate has expired" if expired else problem,
        )

    def reconnect(self) -> None:
        self.close()
        self.connect()
        self.reply()
        self.send(f"EHLO {self.hostname}")
        self.reply()

    def secured(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        assert self.connection is not None
        started = time.monotonic()
        self.send("STARTTLS")
        reply = self.reply()
        first = all(stage.name != "starttls" for stage in self.stages)
        if reply.code != 220:
            if first:
                self.stages.append(ProbeStage("starttls", "STARTTLS", reply, time.monotonic() - started))
            raise _ProbeFailed(f"STARTTLS was answered with {reply.code}")
        self.connection.settimeout(self.reply_timeout)
        try:
            return context.wrap_socket(self.connection, server_hostname=self.hostname)
        finally:
            if first:
                self.stages.append(ProbeStage("starttls", "STARTTLS", reply, time.monotonic() - started))

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def _plain(error: Exception) -> str:
    if isinstance(error, socket.timeout):
        return "the handshake did not finish in time"
    reason = getattr(error, "reason", "") or str(error) or type(error).__name__
    return str(reason).replace("_", " ").lower()


def _described(
    connection: ssl.SSLSocket, *, trusted: bool, name_matches: Optional[bool], problem: str = ""
) -> Tls:
    certificate: dict[str, Any] = connection.getpeercert() or {}
    names = tuple(value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS")
    if not names:
        names = tuple(
            value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"
        )
    not_after = certificate.get("notAfter")
    return Tls(
        handshake=True,
        version=connection.version() or "",
        trusted=trusted,
        name_matches=name_matches,
        names=names,
        not_after=int(ssl.cert_time_to_seconds(not_after)) if not_after else None,
        problem=problem,
    )


def _covers(pattern: str, name: str) -> bool:
    """Whether a certificate name covers a host name (RFC 6125 section 6.4.3: one leading wildcard label)."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return pattern == name
