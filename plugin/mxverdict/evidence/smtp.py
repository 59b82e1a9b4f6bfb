"""SMTP sessions: simulated with exim -bh (preview) and real (probe)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Optional

from mxverdict.evidence.audience import root_alone
from mxverdict.i18n.message import Message

RATE_LIMITED = "ratelimited"
"""Part of Exim's log line of a session that an ACL refused for its rate."""
_HIDDEN = Message("only the owner of this server can see why")
_RATE = re.compile(r"ratelimit condition count=\S+ ([^/\s]+)/(\S+)")
_VERB = re.compile(r'processing (?:ACL \S+ |inline ACL )?"(\w+)"')
_COMPUTED = "ratelimit computed rate "
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_REFUSING = ("defer", "deny", "drop")


@dataclass(frozen=True)
class Reply:
    """One SMTP reply (RFC 5321 section 4.2): the code and the text of its lines without code and hyphen."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 400

    def offers(self, extension: str) -> bool:
        """Whether an EHLO reply announces the extension (RFC 5321 section 4.1.1.1)."""
        return self.code == 250 and any(line.upper().split()[:1] == [extension] for line in self.lines[1:])


def _rates(log: tuple[str, ...]) -> tuple[str, ...]:
    return (RATE_LIMITED,) if any(RATE_LIMITED in line for line in log) else ()


@dataclass(frozen=True)
class PreviewStage:
    """One exchange of a simulated session (exim -bh): `connect`, `ehlo`, `mail` or `rcpt`.

    `delay` is what Exim would make the client wait (seconds), `elapsed` what answering took now (seconds),
    `delayed_by` the statements that impose the delay and `exempted_by` the lists that exempt the address from
    one. `unexplained` are lines of Exim's trace that leave open which statement delays or which list exempts.
    `reply` is None where Exim would make the client wait, then give up.
    """

    name: str
    command: str
    reply: Optional[Reply]
    delay: int
    elapsed: float
    delayed_by: tuple[str, ...] = ()
    exempted_by: tuple[str, ...] = field(default=(), metadata=root_alone())
    log: tuple[str, ...] = field(default=(), metadata=root_alone(_rates))
    unexplained: tuple[str, ...] = field(default=(), metadata=root_alone())

    @property
    def rate_limited(self) -> bool:
        """Whether Exim refused the client for its rate."""
        return any(RATE_LIMITED in line for line in self.log)


@dataclass(frozen=True)
class ConnectionLimit:
    """A rate from which Exim refuses a host at the connection: `limit` connections in a `period` as Exim
    writes it (`1h`). `counted` says whether each connection counts, as opposed to what became of them."""

    limit: float
    period: str
    counted: bool

    def refused_from(self) -> Optional[int]:
        """Return which of the connections of a host that follow one another is the first to be refused, from
        1; None when connections alone are never too many. A rate decays from one to the next, so that it is
        below the limit when as many have come (measured with Exim 4.96). What the host's rate is now does
        not count: simulated sessions raise it."""
        return math.floor(self.limit) + 1 if self.counted else None


@dataclass(frozen=True)
class Preview:
    """What the server's own Exim would do to `address` on port 25 of `local_address`.

    `failure` is "" or says why the session gave no full answer: `timeout` or `not_understood` (nothing is
    known), `broken` (Exim itself gave up, as it does in real sessions), `crashed` (killed by a signal);
    `detail` says more.
    """

    address: str
    local_address: str
    commands: tuple[str, ...]
    """What the tester would send, in order; `stages` holds how far it came."""
    stages: tuple[PreviewStage, ...]
    failure: str = ""
    detail: str = field(default="", metadata=root_alone(lambda detail: detail and _HIDDEN))
    raw: str = field(default="", metadata=root_alone())

    def stage(self, name: str) -> Optional[PreviewStage]:
        return next((stage for stage in self.stages if stage.name == name), None)

    def delay(self, name: str) -> Optional[int]:
        """Return the seconds of delay at a stage; None when the preview did not get that far."""
        stage = self.stage(name)
        return None if stage is None else stage.delay

    @property
    def understood(self) -> bool:
        return self.failure not in ("timeout", "not_understood")

    @property
    def connection_limits(self) -> tuple[ConnectionLimit, ...]:
        """Return the limits on connections that this session's trace shows (Exim specification, "ratelimit"
        with per_conn, in a statement that refuses)."""
        found: list[ConnectionLimit] = []
        verb = ""
        asked: Optional[tuple[str, str]] = None
        counted = False
        for line in self.raw.splitlines():
            if match := _VERB.search(line):
                verb, asked = match[1], None
            elif match := _RATE.search(line):
                of_connections = verb in _REFUSING and "/per_conn/" in f"{match[2]}/"
                asked, counted = ((match[1], match[2]) if of_connections else None), False
            elif "ratelimit db updated" in line:
                counted = True
            elif asked and _COMPUTED in line and _NUMBER.fullmatch(asked[0]):
                period = asked[1].partition("/")[0]
                found.append(ConnectionLimit(float(asked[0]), period, counted))
                asked = None
        return tuple(found)

    @property
    def counted(self) -> tuple[str, ...]:
        """Return the rates (`1h/per_rcpt/KEY`) in Exim's ratelimit database that this session was counted in,
        by its trace: -bh writes there where an ACL says no `noupdate` (Exim 4.94 to 4.100, acl.c)."""
        keys: dict[str, None] = {}
        key = ""
        for line in self.raw.splitlines():
            if match := _RATE.search(line):
                key = match[2]
            elif "ratelimit db updated" in line and key:
                keys[key] = None
        return tuple(keys)


@dataclass(frozen=True)
class ProbeStage:
    """One exchange of a real conversation; `seconds` from sending (or connecting) to the end of the reply."""

    name: str
    command: str
    reply: Optional[Reply]
    seconds: float


@dataclass(frozen=True)
class Tls:
    """The handshake after STARTTLS. `trusted` and `name_matches` are None when that is not known."""

    handshake: bool
    version: str = ""
    trusted: Optional[bool] = None
    name_matches: Optional[bool] = None
    names: tuple[str, ...] = ()
    not_after: Optional[int] = None
    """Unix time at which the certificate ends."""
    problem: str = ""


@dataclass(frozen=True)
class Probe:
    """A patient conversation with one of the server's own addresses. `failure` is "" or one line."""

    address: str
    stages: tuple[ProbeStage, ...]
    tls: Optional[Tls] = None
    failure: str = ""

    def stage(self, name: str) -> Optional[ProbeStage]:
        return next((stage for stage in self.stages if stage.name == name), None)
