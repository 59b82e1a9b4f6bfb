"""The stand-in tester's SMTP conversation, with its patience for each reply (docs/facts/testers.md A.3)."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Optional

SENDER = "supertool@mxtoolboxsmtpdiag.com"
RECIPIENT = "test@mxtoolboxsmtpdiag.com"
STEPS = ("Connect", "Banner", "EHLO", "MAIL FROM", "RCPT TO")
"""What is completed, one after the other."""

_LAST_LINE = re.compile(rb"\d{3}(?: [^\n]*)?\r?\n\Z")


@dataclass(frozen=True)
class Reply:
    """One complete reply; `seconds` is how long it took from the command (the greeting: from the connect)."""

    lines: tuple[str, ...]
    seconds: float

    @property
    def code(self) -> int:
        return int(self.lines[-1][:3])

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    @property
    def text(self) -> str:
        return " ".join(self.lines)


@dataclass
class Conversation:
    """What was said. `replies` are those to the greeting wait, EHLO, MAIL FROM, RCPT TO, as far as it got.

    `failure`: None, or one of "no connection", "timeout", "closed"; `seconds`: from the connect to the last
    reply or the failure.
    """

    connected: bool = False
    commands: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    failure: Optional[str] = None
    seconds: float = 0.0

    @property
    def completed(self) -> str:
        """The last step that was completed."""
        return STEPS[len(self.replies)]

    def reply(self, step: str) -> Optional[Reply]:
        """The reply that completed a step, if it came."""
        number = STEPS.index(step) - 1
        return self.replies[number] if number < len(self.replies) else None


def converse(server: str, source: str, port: int, ehlo: str, patience: float) -> Conversation:
    """Hold the conversation. It goes on to the next command only after a 2xx reply, else to QUIT."""
    conversation = Conversation()
    start = time.monotonic()
    try:
        with socket.create_connection(
            (server, port), timeout=patience, source_address=(source, 0)
        ) as channel:
            conversation.connected = True
            _talk(channel, conversation, start, ehlo, patience)
            conversation.seconds = time.monotonic() - start
            with contextlib.suppress(OSError):
                _ask(channel, "QUIT", patience)
            return conversation
    except socket.timeout:
        conversation.failure = "timeout" if conversation.connected else "no connection"
    except OSError:
        conversation.failure = "closed" if conversation.connected else "no connection"
    conversation.seconds = time.monotonic() - start
    return conversation


def _talk(
    channel: socket.socket, conversation: Conversation, start: float, ehlo: str, patience: float
) -> None:
    conversation.replies.append(_read_reply(channel, start, patience))
    for command in (f"EHLO {ehlo}", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>"):
        if not conversation.replies[-1].accepted:
            break
        conversation.commands.append(command)
        conversation.replies.append(_ask(channel, command, patience))


def _ask(channel: socket.socket, command: str, patience: float) -> Reply:
    start = time.monotonic()
    channel.sendall(f"{command}\r\n".encode())
    return _read_reply(channel, start, patience)


def _read_reply(channel: socket.socket, start: float, patience: float) -> Reply:
    """Wait for one complete reply. Raises socket.timeout after `patience` seconds, ConnectionError."""
    deadline = time.monotonic() + patience
    received = b""
    while not _LAST_LINE.search(received.splitlines(keepends=True)[-1] if received else b""):
        left = deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout
        channel.settimeout(left)
        chunk = channel.recv(65536)
        if not chunk:
            raise ConnectionError("closed by the server")
        received += chunk
    lines = received.decode(errors="replace").splitlines()
    return Reply(tuple(lines), time.monotonic() - start)
