"""The stand-in tester's report in MXToolbox's words. The rules stand in `tests/sandbox/visit.py`."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from tests.sandbox.tester_dialogue import Conversation
from tests.sandbox.tester_dns import ReverseDns

_LEVELS = ("error", "warning", "ok")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    name: str
    level: str
    text: str


@dataclass(frozen=True)
class Report:
    """`connection_time` and `transaction_time` in seconds; `transcript` with line feeds."""

    headline: str
    rows: tuple[Row, ...]
    transcript: str
    connection_time: float
    transaction_time: float

    def row(self, name: str) -> Row:
        """The row of that name. KeyError when the report has none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        return cls(**{**data, "rows": tuple(Row(**row) for row in data["rows"])})

    def to_text(self) -> str:
        rows = (f"{row.level:8}{row.name:30}{row.text}" for row in self.rows)
        return "\n".join([self.headline, "", *rows, "", "Session Transcript:", self.transcript])


@dataclass(frozen=True)
class Limits:
    """How long the tester waits for each reply, and from when it calls a time a warning or bad; seconds."""

    patience: float
    warn: float
    bad: float

    def report(self, server: str, conversation: Conversation, dns: ReverseDns, total: float) -> Report:
        """`total`: seconds of the whole look-up, DNS included, for the transcript's last line."""
        greeting = conversation.reply("Banner")
        connection_time = greeting.seconds if greeting else 0.0
        rows = [
            *self._connect_rows(conversation),
            *_name_rows(server, conversation, dns),
            _tls_row(conversation),
            self._time_row("SMTP Connection Time", "Connection time", connection_time),
            _relay_row(conversation),
            self._time_row("SMTP Transaction Time", "Transaction Time", conversation.seconds),
        ]
        rows.sort(key=lambda row: _LEVELS.index(row.level))
        return Report(
            headline=self._headline(conversation),
            rows=tuple(rows),
            transcript=self._transcript(server, conversation, total),
            connection_time=connection_time,
            transaction_time=conversation.seconds,
        )

    def _headline(self, conversation: Conversation) -> str:
        greeting = conversation.reply("Banner")
        if conversation.failure == "timeout":
            return f"{self._time_out} : Completed {conversation.completed}"
        if greeting is None or not greeting.accepted:
            return "Failed To Connect"
        if conversation.failure == "closed":
            return f"Server Disconnected : Completed {conversation.completed}"
        return greeting.text

    @property
    def _time_out(self) -> str:
        return f"Timeout waiting for response after {self.patience:g} seconds."

    def _connect_rows(self, conversation: Conversation) -> list[Row]:
        headline = self._headline(conversation)
        if headline == "Failed To Connect":
            return [Row("SMTP Connect", "error", headline)]
        if conversation.failure == "closed":
            return [Row("SMTP Server Disconnected", "error", "Server Disconnected")]
        return []

    def _time_row(self, name: str, label: str, seconds: float) -> Row:
        level, verdict = ("ok", "Good")
        if seconds >= self.bad:
            level, verdict = ("error", "Not good!")
        elif seconds >= self.warn:
            level, verdict = ("warning", "Warning")
        number = f"{seconds:.3f}" if seconds else "0"
        return Row(name, level, f"{number} seconds - {verdict} on {label}")

    def _transcript(self, server: str, conversation: Conversation, total: float) -> str:
        lines = [f"Connecting to {server}", ""]
        for number, reply in enumerate(conversation.replies):
            lines += conversation.commands[number - 1 : number] if number else []
            lines += reply.lines
            lines[-1] += f" [{reply.seconds * 1000:.0f} ms]"
        lines += conversation.commands[max(len(conversation.replies) - 1, 0) :]
        if conversation.failure == "timeout":
            lines.append(f"SendSMTPCommand: {self._time_out}")
        elif conversation.failure == "closed":
            lines.append("SendSMTPCommand: Connection closed by the server.")
        elif conversation.failure == "no connection":
            lines.append("Failed To Connect")
        return "\n".join([*lines, "", f"LookupServer {total * 1000:.0f}ms"])


def _name_rows(server: str, conversation: Conversation, dns: ReverseDns) -> list[Row]:
    name = dns.name
    if name is None:
        text = "Reverse DNS Resolution - No PTR Record found"
        return [Row("SMTP Reverse DNS Resolution", "error", text)]
    greeting = conversation.reply("Banner")
    in_banner = greeting is not None and name.lower() in greeting.text.lower()
    return [
        Row("SMTP Reverse DNS Mismatch", "ok", f"OK - {server} resolves to {name}")
        if dns.confirmed
        else Row("SMTP Reverse DNS Mismatch", "warning", f"Warning - {name} does not resolve to {server}"),
        Row("SMTP Valid Hostname", "ok", "OK - Reverse DNS is a valid Hostname")
        if _is_host_name(name)
        else Row("SMTP Valid Hostname", "warning", "Reverse DNS is not a valid Hostname"),
        Row("SMTP Banner Check", "ok", "OK - Reverse DNS matches SMTP Banner")
        if in_banner
        else Row("SMTP Banner Check", "warning", "Reverse DNS does not match SMTP Banner"),
    ]


def _is_host_name(name: str) -> bool:
    labels = name.split(".")
    return len(labels) > 1 and not labels[-1].isdigit() and all(_LABEL.fullmatch(label) for label in labels)


def _tls_row(conversation: Conversation) -> Row:
    ehlo = conversation.reply("EHLO")
    words = [line[4:].strip().upper() for line in ehlo.lines] if ehlo and ehlo.accepted else []
    if "STARTTLS" in words:
        return Row("SMTP TLS", "ok", "OK - Supports TLS.")
    return Row("SMTP TLS", "warning", "Warning - Does not support TLS.")


def _relay_row(conversation: Conversation) -> Row:
    rcpt = conversation.reply("RCPT TO")
    if rcpt and rcpt.accepted:
        return Row("SMTP Open Relay", "error", "May be an open relay.")
    return Row("SMTP Open Relay", "ok", "OK - Not an open relay.")
