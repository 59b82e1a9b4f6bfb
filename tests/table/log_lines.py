"""Lines of Exim's main log, and what each says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from mxverdict.collect.mainlog import lines
from mxverdict.collect.mainlog.lines import Line, Peer
from mxverdict.collect.mainlog.texts import REFUSED, meaning
from mxverdict.collect.mainlog.verify_failures import cause_of
from tests.table.case import Case, one
from tests.table.tsv import Malformed, Row, read

FIELDS = ("kind", "how", "name", "helo", "address", "port", "seconds", "stage", "sender", "recipient", "text")
IN_WORDS = "what it is"
_STAMP = "2026-11-23 22:00:01 "
"""What begins a line that has no time of its own."""
_STAMPED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def cases(path: Path) -> Sequence[Case]:
    """One case a row; raise Malformed."""
    rows = read(path, ("line",), ("title", IN_WORDS, *FIELDS))
    if not {IN_WORDS, *FIELDS} & rows[0].cells.keys():
        raise Malformed(f"{path}: no column says what is expected of a line")
    return [_case(row) for row in rows]


def raw(row: Row) -> bytes:
    """The line as it stands in a log."""
    text = row.cells["line"]
    return (text if _STAMPED.match(text) else _STAMP + text).encode()


def rows(path: Path) -> list[Row]:
    """Every row of a table, for tests that only want its lines."""
    return read(path, ("line",), ("title", IN_WORDS, *FIELDS))


def _case(row: Row) -> Case:
    expected = {name: value for name, value in row.cells.items() if name not in ("title", "line")}
    return one(row.place, row.get("title") or row.cells["line"], expected, lambda: _read(raw(row)))


def _read(data: bytes) -> dict[str, str]:
    line = lines.parse(data + b"\n")
    if line is None:
        return {"kind": "no line", IN_WORDS: "no line"}
    peer = line.peer or Peer("", "", "", 0)
    return {
        "kind": line.kind,
        "how": line.how,
        "name": peer.name,
        "helo": peer.helo,
        "address": peer.address,
        "port": str(peer.port) if line.peer else "",
        "seconds": "" if line.seconds is None else f"{line.seconds:g}",
        "stage": line.stage,
        "sender": line.sender,
        "recipient": line.recipient,
        "text": line.text,
        IN_WORDS: in_words(line),
    }


def in_words(line: Line) -> str:
    """What a line says, for tables of few columns."""
    if line.kind == lines.END:
        return _end(line) + _after(line.seconds)
    if line.kind == lines.REJECTED:
        return _refusal(line)
    if line.kind == lines.VERIFY:
        cannot = cause_of(line.how, line.text) == "domain"
        return "sender's domain cannot receive mail" if cannot else f"sender not verified: {line.how}"
    return {
        lines.CONNECT: "connected",
        lines.ARRIVAL: "message taken",
        lines.TLS: "TLS failed",
    }.get(line.kind, "nothing certain")


def _end(line: Line) -> str:
    if line.how == "quit":
        return "normal end"
    if line.how in ("lost", "disconnected"):
        if line.how == "lost" and not line.stage and not (line.peer and line.peer.helo):
            return "left in the delay"
        return f"left {_where(line)}"
    return {
        "drop": "dropped by an ACL",
        "dropped": "dropped for errors",
        "timeout": "timed out",
        "refused": "too many connections",
        "early": "talked too early",
        "unsynchronized": "talked too early",
    }.get(line.how, "ended otherwise")


def _where(line: Line) -> str:
    if line.stage:
        return f"in {line.stage}"
    return "after MAIL" if line.how == "disconnected" else "before MAIL"


def _refusal(line: Line) -> str:
    means = meaning(REFUSED, line.text)
    if means == "recipient":
        return "recipient unknown"
    if means in ("relay", "greylisting"):
        return {"relay": "relay refused", "greylisting": "greylisted"}[means]
    return f"{'deferred' if line.how == 'temporary' else 'refused'} at {line.stage}"


def _after(seconds: Optional[float]) -> str:
    return "" if seconds is None else f" after {seconds:g} s"
