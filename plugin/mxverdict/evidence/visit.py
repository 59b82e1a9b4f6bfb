"""What Exim's log says of one tester's visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Visit:
    """One connection of a tester, put together from its lines in the log.

    `came_at` is Unix time, `zone` the log's offset from UTC in seconds then. `port` is 0 when Exim does not
    log it, `name` the name DNS has for the address, `helo` what it called itself ("" when it never did).
    `seconds` is how long it stayed: Exim's own figure, else the time between its lines.

    `ended`: `quit`, `left` (closed the connection without a word), `dropped` (by Exim), `timeout` (Exim's
    patience ran out), `rejected` (at connect), `unknown` (no line about it: it is still here, or the line is
    missing). `stage` is how far it came, at least: `connect`, `ehlo`, `mail`, `rcpt`, `data`.

    `refused` is what Exim last refused it: "", `relay`, `greylisting`, `rate_limit`, `sender`, `recipient`,
    `tls` or `other`; `refusal` Exim's words about it, from the log. `messages` were taken.
    """

    tester: str
    address: str
    port: int
    came_at: float
    zone: int
    name: str = ""
    helo: str = ""
    seconds: Optional[float] = None
    ended: str = "unknown"
    stage: str = "connect"
    refused: str = ""
    refusal: str = ""
    messages: int = 0


@dataclass(frozen=True)
class VisitLog:
    """The visits of testers since `since` (Unix time), the oldest first. `remarks` say what could not be
    read. `since` is None when there is no log."""

    since: Optional[float] = None
    visits: tuple[Visit, ...] = ()
    remarks: tuple[str, ...] = ()
