"""One SMTP session from the client's side: connect, commands one at a time, replies, STARTTLS.

Plain RFC 5321, PIPELINING only in `pipeline`. Whatever the server sends, every step ends at its deadline, and
a reply of more than REPLY_LIMIT bytes ends the session. What is kept of one: see `reply_lines`.
"""

from __future__ import annotations

import errno
import math
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Optional

from mxverdict.collect.reply_lines import TEXT_LIMIT, ReplyLines
from mxverdict.evidence import ProbeStage, Reply
from mxverdict.i18n.message import Message

CONNECT_TIMEOUT = 10.0
REPLY_LIMIT = 64 * 1024
"""Bytes of one reply; RFC 5321 section 4.5.3.1.5 allows 512 a line."""

_KEPT_LIMIT = 16 * 1024
_MIN_KEPT = 160
"""Characters of all replies of one session that are kept, and of each one whatever was before it."""

_LINE = re.compile(rb"^(\d{3})([ -]?)(.*)$")
_CAUSES = {
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "timeout",
    errno.ENETUNREACH: "no_route",
    errno.EHOSTUNREACH: "no_route",
    errno.EACCES: "blocked_here",
    errno.EPERM: "blocked_here",
    errno.EINVAL: "blocked_here",
    errno.EADDRNOTAVAIL: "no_source",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
}


class SmtpError(Exception):
    """The session cannot go on. `str(error)` is one line, `cause` one of `evidence.outbound.CAUSES`."""

    def __init__(self, cause: str, text: str) -> None:
        self.cause = cause
        super().__init__(text)


class SmtpReplyError(SmtpError):
    """A reply says no at `stage`; the cause is `reply`."""

    def __init__(self, stage: str, reply: Reply, text: str) -> None:
        self.stage = stage
        self.reply = reply
        super().__init__("reply", text)


class SmtpClient:
    """With port `port` of `address`. `reply_timeout` is for each reply and `connect_timeout` for the
    connection (seconds), `deadline` (a `time.monotonic()` value) ends the whole; `source` is the own
    address to connect from ("": the system's choice). `stages` records what was said."""

    def __init__(
        self,
        address: str,
        port: int,
        reply_timeout: float,
        *,
        source: str = "",
        deadline: float = math.inf,
        connect_timeout: float = CONNECT_TIMEOUT,
    ) -> None:
        self.address = address
        self.port = port
        self.reply_timeout = reply_timeout
        self.connect_timeout = connect_timeout
        self.source = source
        self.deadline = deadline
        self.stages: list[ProbeStage] = []
        self._connection: Optional[socket.socket] = None
        self._buffer = bytearray()
        self._room = _KEPT_LIMIT

    def connect(self) -> Reply:
        """Connect and read the banner. Raises SmtpReplyError for another one than 220, SmtpError; without any
        `stages` stays empty."""
        started = time.monotonic()
        self._connect()
        banner = self._finish("connect", "", started)
        if banner.code != 220:
            text = Message("the server greeted with {code} instead of 220", code=banner.code)
            raise SmtpReplyError("connect", banner, text)
        return banner

    def hello(self, name: str) -> Reply:
        """Say EHLO `name`, and HELO where a 5xx refuses that, as Exim does when it delivers. Return the reply
        that accepts it. Raises SmtpReplyError for a refusal, SmtpError. The stages are `ehlo` and `helo`."""
        stage, reply = "ehlo", self.command("ehlo", f"EHLO {name}")
        if 500 <= reply.code < 600:
            with suppress(SmtpError):
                stage, reply = "helo", self.command("helo", f"HELO {name}")
        if not reply.positive:
            text = Message(
                "the server answered {command} with {code}", command=stage.upper(), code=reply.code
            )
            raise SmtpReplyError(stage, reply, text)
        return reply

    def command(self, stage: str, command: str, *, payload: bytes = b"", timeout: float = math.inf) -> Reply:
        """Send one command (or `payload`, bytes that end a line, shown as `command`) and read its reply, for
        `timeout` seconds at most. Raises SmtpError, ValueError for a command of several lines."""
        if "\r" in command or "\n" in command:
            raise ValueError("an SMTP command is one line")
        started = time.monotonic()
        try:
            self._send(payload or command.encode() + b"\r\n")
        except SmtpError:
            self.stages.append(ProbeStage(stage, command, None, time.monotonic() - started))
            raise
        return self._finish(stage, command, started, timeout)

    def pipeline(self, commands: Sequence[tuple[str, str]]) -> Iterator[Reply]:
        """Send several commands, each `(stage, command)`, at once to a server that offers PIPELINING
        (RFC 2920); their replies as they come, timed from the sending. Raises SmtpError, ValueError
        for a command of several lines."""
        if any("\r" in command or "\n" in command for _, command in commands):
            raise ValueError("an SMTP command is one line")
        started = time.monotonic()
        self._send(b"".join(command.encode() + b"\r\n" for _, command in commands))
        for stage, command in commands:
            yield self._finish(stage, command, started)

    def starttls(self, context: ssl.SSLContext, server_name: str) -> ssl.SSLSocket:
        """Ask for TLS and do the handshake; what follows goes through it. Raises SmtpReplyError (refused),
        SmtpError (the server spoke out of turn), ssl.SSLError, OSError."""
        reply = self.command("starttls", "STARTTLS")
        if reply.code != 220:
            text = Message("STARTTLS was answered with {code}", code=reply.code)
            raise SmtpReplyError("starttls", reply, text)
        if self._buffer:
            raise SmtpError("tls", Message("the server sent plain text where the handshake belongs"))
        assert self._connection is not None
        self._connection.settimeout(max(0.001, self._until(self.reply_timeout) - time.monotonic()))
        secured = context.wrap_socket(self._connection, server_hostname=server_name)
        self._connection = secured
        return secured

    @property
    def local_address(self) -> str:
        """The local address of the open connection, "" without one."""
        try:
            return "" if self._connection is None else str(self._connection.getsockname()[0])
        except OSError:
            return ""

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._buffer.clear()

    def _connect(self) -> None:
        self.close()
        timeout = min(self.connect_timeout, self.deadline - time.monotonic())
        if timeout <= 0:
            raise SmtpError("deadline", Message("no time was left to connect"))
        source = (self.source, 0) if self.source else None
        try:
            self._connection = socket.create_connection((self.address, self.port), timeout, source)
        except socket.timeout:
            cause = "timeout" if timeout == self.connect_timeout else "deadline"
            raise SmtpError(
                cause,
                Message(
                    "no connection to port {port} within {seconds} s",
                    port=self.port,
                    seconds=f"{timeout:.3g}",
                ),
            ) from None
        except OSError as error:
            cause = _CAUSES.get(error.errno or 0, "error")
            reason = error.strerror or error
            raise SmtpError(
                cause, Message("no connection to port {port}: {reason}", port=self.port, reason=reason)
            ) from None

    def _until(self, timeout: float) -> float:
        return min(time.monotonic() + min(timeout, self.reply_timeout), self.deadline)

    def _finish(self, stage: str, command: str, started: float, timeout: float = math.inf) -> Reply:
        reply = None
        try:
            reply = self._reply(self._until(timeout))
        finally:
            self.stages.append(ProbeStage(stage, command, reply, time.monotonic() - started))
        return reply

    def _send(self, data: bytes) -> None:
        assert self._connection is not None
        try:
            self._connection.settimeout(max(0.001, self._until(self.reply_timeout) - time.monotonic()))
            self._connection.sendall(data)
        except OSError as error:
            raise _hung_up(error, error.strerror or error) from None

    def _reply(self, until: float) -> Reply:
        lines = ReplyLines(max(_MIN_KEPT, min(TEXT_LIMIT, self._room)))
        size = 0
        while True:
            line = self._line(until)
            size += len(line)
            match = _LINE.match(line)
            if match is None:
                raise SmtpError("not_smtp", Message("the server sent something that is no SMTP reply"))
            if size > REPLY_LIMIT:
                raise _oversize()
            lines.add(match[3].decode(errors="replace").rstrip())
            if match[2] != b"-":
                reply = Reply(int(match[1]), lines.kept())
                self._room -= sum(map(len, reply.lines))
                return reply

    def _line(self, until: float) -> bytes:
        assert self._connection is not None
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if seen > REPLY_LIMIT:
                raise _oversize()
            left = until - time.monotonic()
            try:
                if left <= 0:
                    raise socket.timeout
                self._connection.settimeout(left)
                data = self._connection.recv(16384)
            except socket.timeout:
                raise self._silent() from None
            except OSError as error:
                raise _hung_up(error, error) from None
            if not data:
                raise SmtpError("closed", Message("the server hung up without a reply"))
            self._buffer += data
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line

    def _silent(self) -> SmtpError:
        if time.monotonic() >= self.deadline:
            return SmtpError("deadline", Message("no reply before the time was up"))
        return SmtpError(
            "silent",
            Message("no reply within {seconds} s", seconds=f"{self.reply_timeout:g}"),
        )


def _oversize() -> SmtpError:
    return SmtpError(
        "oversize",
        Message("the server sent a reply of more than {size} KiB", size=REPLY_LIMIT // 1024),
    )


def _hung_up(error: OSError, reason: object) -> SmtpError:
    if isinstance(error, socket.timeout):
        return SmtpError("silent", Message("the server takes nothing in"))
    cause = _CAUSES.get(error.errno or 0, "error")
    return SmtpError(
        "reset" if cause == "reset" else "closed",
        Message("the server hung up: {reason}", reason=reason),
    )
